"""Fit the calibration that ships (`SHIPPED` in quoth/rag/calibration.py), and show what a bar withholds.

    python tools/fit_confidence.py tools/dev --each 150

A folder in BEIR layout with questions that have an answer and questions that have none; so many of each are asked of
their corpus with the default settings. A question with an answer is also asked with its gold passages hidden: the
commonest reason for which documents do not say something is that the right one is not there.
"""

from __future__ import annotations

import argparse
import pprint
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import quoth
from quoth.assistants.ask import Asker
from quoth.evaluation import Query, f1, fill, read_beir
from quoth.evaluation.calibrate import RIGHT_FROM, report, unseen
from quoth.generators import load_generator
from quoth.rag.calibration import fit, probabilities
from quoth.rag.confidence import row
from quoth.settings import Settings
from quoth.types import Hit

BARS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


class Hiding:
    """A retriever that leaves some documents out."""

    def __init__(self, knowledge: quoth.KnowledgeBase) -> None:
        self._knowledge = knowledge
        self.hidden: Sequence[str] = ()

    def retrieve(self, question: str, k: int) -> list[Hit]:
        """The k best passages that are not hidden, with the prior they have among themselves."""
        hits = [
            hit
            for hit in self._knowledge.search(question, k + len(self.hidden))
            if hit.passage.document not in self.hidden
        ]
        total = np.logaddexp.reduce([hit.log_prior for hit in hits[:k]])
        return [Hit(h.passage, i, h.score, h.log_prior - float(total), h.similarity) for i, h in enumerate(hits[:k], 1)]


def main() -> None:
    """Ask, fit, show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path)
    parser.add_argument("--each", type=int, default=150)
    arguments = parser.parse_args()
    data, rng = read_beir(arguments.beir), random.Random(0)
    answerable = [query for query in data.queries if query.answers]
    impossible = [query for query in data.queries if query.is_impossible]
    asked = [rng.sample(kind, min(arguments.each, len(kind))) for kind in (answerable, impossible)]
    with tempfile.TemporaryDirectory() as folder:
        knowledge = quoth.open(folder)
        fill(knowledge, data)
        settings, retriever = Settings(min_confidence=0.0), Hiding(knowledge)
        model = load_generator(settings)
        asker = Asker(retriever, model, settings)
        rows, right, answered = [], [], []

        def ask(query: Query, hidden: Sequence[str], has_answer: bool) -> None:
            retriever.hidden = hidden
            answer = asker.stream(query.text).answer
            if answer.signals is not None:
                rows.append(row(answer.signals))
                answered.append(has_answer)
                right.append(has_answer and not answer.abstained and f1(answer.text, query.answers) >= RIGHT_FROM)
                print(f"{len(rows)}: {right[-1]!s:5} {query.text} -> {answer.text}", flush=True)

        for query, without in zip(*asked, strict=True):
            ask(query, (), has_answer=True)
            ask(without, (), has_answer=False)
            ask(query, tuple(data.qrels.get(query.id, {})), has_answer=False)
    show(model.name, np.array(rows), np.array(right), np.array(answered))


def show(name: str, signals: np.ndarray, right: np.ndarray, answered: np.ndarray) -> None:
    """Print the numbers, how well they do on unseen questions, and what each bar does."""
    fitted = fit(name, signals, right)
    pprint.pprint(fitted, width=100)
    print(report(unseen(signals, right), right))
    confidence = probabilities(fitted, signals)
    for bar in BARS:
        kept, withheld = (confidence[answered] >= bar).mean(), (confidence[~answered] < bar).mean()
        print(f"bar {bar:.2f}: {kept:.0%} of the answerable answered, {withheld:.0%} of the others refused,", end=" ")
        print(f"{right[confidence >= bar].mean():.0%} of what is said is right")


if __name__ == "__main__":
    main()
