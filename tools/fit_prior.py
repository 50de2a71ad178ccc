"""Fit the temperature of the retriever prior on a data set's train split, and print the figures.

    python tools/fit_prior.py ../shared/data/scifact

For each query whose gold document is among the first five passages, the prior should give it probability:
the temperature with the least mean -log p(gold) wins. Fitted on SciFact's train split (DESIGN forbids the
test data); the result stands in `quoth/retrieval/hybrid.py`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

import quoth
from quoth.evaluation import BeirSet, fill, read_beir
from quoth.retrieval import log_prior

TEMPERATURES = (0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.01, 0.02, 0.05)


def gold_first(knowledge: quoth.KnowledgeBase, data: BeirSet, k: int) -> list[tuple[list[float], list[bool]]]:
    """For each query with a gold document among its k hits: the scores, and which hits are gold."""
    found = []
    for query in data.queries:
        if query.id not in data.qrels:
            continue
        hits = knowledge.search(query.text, k)
        gold = [data.qrels[query.id].get(hit.passage.document, 0) > 0 for hit in hits]
        if any(gold):
            found.append(([hit.score for hit in hits], gold))
    return found


def loss(found: list[tuple[list[float], list[bool]]], temperature: float) -> float:
    """Mean -log of the prior's mass on gold passages, in nats."""
    masses = [np.exp(log_prior(scores, temperature))[np.array(gold)].sum() for scores, gold in found]
    return float(-np.log(masses).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path)
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--kb", type=Path, help="a knowledge base that holds the corpus already")
    args = parser.parse_args()
    data = read_beir(args.beir, "train")
    with tempfile.TemporaryDirectory() as folder:
        knowledge = quoth.open(args.kb or folder)
        if not args.kb:
            fill(knowledge, data)
        found = gold_first(knowledge, data, args.k)
    print(f"{len(found)} queries with a gold passage among the first {args.k}\n")
    print("| temperature | -log p(gold) |\n| --- | --- |")
    for temperature in TEMPERATURES:
        print(f"| {temperature} | {loss(found, temperature):.4f} |")


if __name__ == "__main__":
    main()
