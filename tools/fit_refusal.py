"""Show what tells questions with an answer from those without, for the thresholds in `quoth/rag/abstain.py`.

    python tools/fit_refusal.py tools/dev --each 40          a folder in BEIR layout with unanswerable queries
    python tools/fit_refusal.py examples                     examples/documents and examples/questions.jsonl

For each threshold: the share of answerable questions that would be asked, and of the others that would be refused, by
the best cosine, and by the gain in log p(x|z) over the null passage, in nats a token of the question.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

import quoth
from quoth.evaluation import Query, fill, read_beir
from quoth.generators import LanguageModel, load_generator
from quoth.rag import PromptMaker, prompt_maker, query_likelihood

COSINES = (0.25, 0.3, 0.33, 0.36, 0.4, 0.45, 0.5)
GAINS = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4)


def questions_of(folder: Path, knowledge: quoth.KnowledgeBase) -> list[Query]:
    """Put the documents in; the questions."""
    if (folder / "documents").is_dir():
        knowledge.add(folder / "documents")
        rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
        return [Query(row["question"], row["question"], is_impossible=row["unanswerable"]) for row in rows]
    data = read_beir(folder)
    fill(knowledge, data)
    return list(data.queries)


def measure(
    knowledge: quoth.KnowledgeBase, model: LanguageModel, prompts: PromptMaker, question: str
) -> tuple[float, float]:
    """The best cosine, and the gain a token."""
    hits = knowledge.search(question, knowledge.settings.passages)
    texts = [prompts.with_passages([hit.passage], question) for hit in hits]
    with model.read([*texts, prompts.without(question)]) as reading:
        likelihood = query_likelihood(reading.tails)
        gain = float(likelihood[:-1].max() - likelihood[-1])
    return max(hit.similarity or 0.0 for hit in hits), gain / prompts.question_tokens(question)


def table(name: str, thresholds: tuple[float, ...], answerable: list[float], others: list[float]) -> None:
    """Print the shares on the right side of each threshold."""
    print(f"\n| {name} from | answerable asked | others refused |\n| --- | --- | --- |")
    for threshold in thresholds:
        asked, refused = np.mean(np.array(answerable) >= threshold), np.mean(np.array(others) < threshold)
        print(f"| {threshold} | {asked:.0%} | {refused:.0%} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=1000, help="at most so many with, and so many without an answer")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as kb:
        knowledge = quoth.open(kb, state_megabytes=2000)
        questions = questions_of(args.folder, knowledge)
        model = load_generator(knowledge.settings)
        prompts = prompt_maker(model)
        found = {
            impossible: [
                measure(knowledge, model, prompts, query.text)
                for query in [q for q in questions if q.is_impossible == impossible][: args.each]
            ]
            for impossible in (False, True)
        }
    for i, (name, thresholds) in enumerate((("cosine", COSINES), ("gain", GAINS))):
        table(name, thresholds, [row[i] for row in found[False]], [row[i] for row in found[True]])


if __name__ == "__main__":
    main()
