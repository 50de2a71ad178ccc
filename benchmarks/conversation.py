"""Whether the page that answers a follow-up is found, in conversations about the Python documentation.

    python benchmarks/conversation.py ../shared/data/python-docs --kb /tmp/python-docs.kb

Each of the pairs in `follow_ups.jsonl` is one or two questions, a message that goes on from them (or changes the
topic), the same message as it stands alone, written by hand, and the pages that answer it. Counted is a gold page among
the first 5 distinct pages of a search for 50 passages with what the message became. The method was chosen on
`follow_ups_dev.jsonl`, about other documents: --dev searches for those in examples/documents.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import quoth
from common import Table, folder_for, tell
from python_docs import PAGES, PASSAGES, fill, is_page
from quoth.assistants.follow_up import follow_up
from quoth.manifest import is_knowledge_base
from rewriters import Rewrite, as_it_is, by_few_shots, everything

HERE = Path(__file__).parent
FOLLOW_UP, CHANGE = "follow-up", "topic change"


@dataclass(frozen=True, slots=True)
class Pair:
    """kind: FOLLOW_UP or CHANGE; gold: pages, or for development the words of a passage, that answer `alone`."""

    kind: str
    earlier: tuple[str, ...]
    message: str
    alone: str
    gold: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a message became, whether that finds the gold, and the seconds that it took to become that."""

    pair: Pair
    question: str
    found: bool
    seconds: float


def read_pairs(file: Path) -> list[Pair]:
    return [_pair(json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def _pair(row: dict[str, Any]) -> Pair:
    gold = row.get("pages") or [row["contains"]]
    return Pair(row["kind"], tuple(row["earlier"]), row["message"], row["alone"], tuple(gold))


def finder(knowledge: quoth.KnowledgeBase, is_dev: bool) -> Callable[[str, Sequence[str]], bool]:
    """Whether a search finds a gold page among the first pages, or for development the passage among the first five."""

    @cache
    def search(question: str) -> list[quoth.Hit]:
        return knowledge.search(question, PASSAGES)

    def finds(question: str, gold: Sequence[str]) -> bool:
        if is_dev:
            texts = [" ".join(hit.passage.text.split()).casefold() for hit in search(question)[:PAGES]]
            return any(" ".join(words.split()).casefold() in text for words in gold for text in texts)
        pages = list(dict.fromkeys(hit.passage.document for hit in search(question)))[:PAGES]
        return any(is_page(page, gold) for page in pages)

    return finds


def told(knowledge: quoth.KnowledgeBase, wants_answers: bool) -> Callable[[Pair], list[quoth.Turn]]:
    """What was said before a message; the answers are the knowledge base's own, where the method reads them."""
    answered = cache(lambda question: knowledge.ask(question).text)

    def turns(pair: Pair) -> list[quoth.Turn]:
        return [quoth.Turn(one, one, answered(one) if wants_answers else "") for one in pair.earlier]

    return turns


def measure(
    pairs: Sequence[Pair],
    rewrite: Rewrite,
    turns: Callable[[Pair], list[quoth.Turn]],
    finds: Callable[[str, Sequence[str]], bool],
) -> list[Outcome]:
    outcomes = []
    for pair in pairs:
        said = turns(pair)
        start = time.perf_counter()
        question = rewrite(said, pair.message)
        seconds = time.perf_counter() - start
        outcomes.append(Outcome(pair, question, finds(question, pair.gold), seconds))
    return outcomes


def row(table: Table, name: str, outcomes: Sequence[Outcome]) -> None:
    counts = []
    for kind in (FOLLOW_UP, CHANGE):
        found = [one.found for one in outcomes if one.pair.kind == kind]
        counts.append(f"{sum(found)} of {len(found)}")
    table.row(name, *counts, f"{sum(one.seconds for one in outcomes) / len(outcomes):.3f}")


def report(knowledge: quoth.KnowledgeBase, pairs: Sequence[Pair], is_dev: bool, shows: bool) -> None:
    finds, plain = finder(knowledge, is_dev), told(knowledge, wants_answers=False)
    table = Table("what is searched for", "follow-ups found", "topic changes found", "s a message")
    row(table, "the message as it is", measure(pairs, as_it_is, plain, finds))
    row(table, "everything that was asked", measure(pairs, everything, plain, finds))
    ruled = measure(pairs, follow_up, plain, finds)
    row(table, "**the rule's question (what Quoth does)**", ruled)
    tell("asking the earlier questions")
    shots = by_few_shots(knowledge._model)
    row(table, "few-shot rewriting by the default model", measure(pairs, shots, told(knowledge, True), finds))
    alone = [Outcome(pair, pair.alone, finds(pair.alone, pair.gold), 0.0) for pair in pairs]
    row(table, "the stand-alone question, by hand", alone)
    for one in ruled if shows else ():
        tell(f"{'found' if one.found else 'not found'}: {one.question}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder python-docs of the data")
    parser.add_argument("--kb", type=Path, help="keep the knowledge base here, or take it from here")
    parser.add_argument("--dev", action="store_true", help="the development pairs, about examples/documents")
    parser.add_argument("--show", action="store_true", help="tell what the rule's questions are")
    arguments = parser.parse_args()
    pairs = read_pairs(HERE / ("follow_ups_dev.jsonl" if arguments.dev else "follow_ups.jsonl"))
    with folder_for(arguments.kb) as folder:
        knowledge = quoth.open(folder)
        if not is_knowledge_base(folder) and arguments.dev:
            knowledge.add(HERE.parent / "examples" / "documents")
        elif not is_knowledge_base(folder):
            print(fill(knowledge, arguments.data))
        report(knowledge, pairs, arguments.dev, arguments.show)


if __name__ == "__main__":
    main()
