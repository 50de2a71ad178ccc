"""How fast the store finds the nearest of many passages, beside plain numpy and FAISS on the same vectors.

    python benchmarks/search.py --rows 100000

Synthetic: cluster centres of unequal size and noise around them, 384 numbers, unit length; the questions are
noisy copies of rows. The peers are exact and give row numbers; the store gives whole passages. Every question
goes to all of them in turn. Targets at 100,000 rows: p50 <= 1.5 times the faster peer's, recall@10 >= .95. At
10,000 the store scans all rows. FAISS is measured where it is installed (pip install faiss-cpu).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from common import Table, tell
from quoth.store.lance import LanceStore
from quoth.types import Document, Passage, Vectors

DIMENSION, K, WORDS = 384, 10, 120
NOISE, QUESTION_NOISE = 1.0, 0.6
ROWS_A_COMMIT = 10_000
RATIO_AT_MOST, RECALL_FROM, TARGET_ROWS = 1.5, 0.95, 100_000
OURS = "quoth"
Search = Callable[[Vectors], list[int]]


def unit(rows: np.ndarray) -> Vectors:
    """(n, d) float32, unit rows."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def noisy(rows: Vectors, noise: float, random: np.random.Generator) -> Vectors:
    """Rows with noise of this length added: with 1.0, the cosine of two copies of a row is some .5."""
    return unit(rows + noise / np.sqrt(DIMENSION) * random.standard_normal(rows.shape, np.float32))


def make_vectors(rows: int, questions: int, random: np.random.Generator) -> tuple[Vectors, Vectors]:
    """(rows, d) and (questions, d): one cluster for each 100 rows, the largest ten times the smallest."""
    centres = unit(random.standard_normal((max(1, rows // 100), DIMENSION)))
    shares = random.uniform(0.1, 1.0, len(centres))
    base = noisy(centres[random.choice(len(centres), rows, p=shares / shares.sum())], NOISE, random)
    return base, noisy(base[random.choice(rows, questions)], QUESTION_NOISE, random)


def fill(store: LanceStore, base: Vectors, random: np.random.Generator) -> None:
    """Put the vectors in, each with a passage of random words; `Passage.start` is the row."""
    vocabulary = np.array([f"word{i}" for i in range(5000)])
    for first in range(0, len(base), ROWS_A_COMMIT):
        name, vectors = f"document-{first}", base[first : first + ROWS_A_COMMIT]
        texts = map(" ".join, vocabulary[random.integers(0, 5000, (len(vectors), WORDS))])
        passages = [Passage(name, "synthetic", text, first + i, first + i + 1) for i, text in enumerate(texts)]
        store.replace([Document(name, "", "", "text/plain", name)], passages, vectors)
    store.optimize()


def peers(base: Vectors, store: LanceStore) -> dict[str, Search]:
    """Who answers: name -> search for the K nearest rows, best first."""

    def with_numpy(question: Vectors) -> list[int]:
        scores = base @ question
        best = np.argpartition(scores, -K)[-K:]
        return [int(row) for row in best[np.argsort(-scores[best])]]

    def with_store(question: Vectors) -> list[int]:
        return [found.passage.start for found in store.nearest(question, K)]

    found: dict[str, Search] = {"numpy, exact": with_numpy, OURS: with_store}
    if find_spec("faiss"):
        flat = import_module("faiss").IndexFlatIP(DIMENSION)
        flat.add(base)
        found["FAISS IndexFlatIP"] = lambda question: [int(row) for row in flat.search(question[None], K)[1][0]]
    return found


def time_all(searches: dict[str, Search], questions: Vectors) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Milliseconds of each search, and recall@10 against the first; a few questions before warm up."""
    spent: dict[str, list[float]] = {name: [] for name in searches}
    common = dict.fromkeys(searches, 0)
    for search in searches.values():
        for question in questions[:5]:
            search(question)
    for question in questions:
        exact: set[int] = set()
        for name, search in searches.items():
            start = time.perf_counter()
            rows = search(question)
            spent[name].append(1000 * (time.perf_counter() - start))
            exact = exact or set(rows)
            common[name] += len(exact.intersection(rows))
    return spent, {name: count / (K * len(questions)) for name, count in common.items()}


def measure(table: Table, rows: int, count: int) -> None:
    """Print the rows for one size."""
    random = np.random.default_rng(0)
    base, questions = make_vectors(rows, count, random)
    with tempfile.TemporaryDirectory() as folder:
        tell(f"filling the store with {rows} rows")
        store = LanceStore(Path(folder), DIMENSION)
        fill(store, base, random)
        spent, recall = time_all(peers(base, store), questions)
    bound = min(float(np.median(times)) for name, times in spent.items() if name != OURS)
    for name, times in spent.items():
        p50, p95 = np.percentile(times, [50, 95])
        aim = None
        if name == OURS and rows >= TARGET_ROWS:
            reached = p50 / bound <= RATIO_AT_MOST and recall[name] >= RECALL_FROM
            aim = (f"ratio <= {RATIO_AT_MOST}, recall >= {RECALL_FROM}", bool(reached))
        table.row(
            f"{rows:,}",
            name,
            f"{p50:.2f}",
            f"{p95:.2f}",
            f"{p50 / bound:.2f}",
            f"{recall[name]:.3f}",
            aim=aim,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=TARGET_ROWS)
    parser.add_argument("--questions", type=int, default=300)
    arguments = parser.parse_args()
    table = Table("rows", "search", "p50 ms", "p95 ms", "p50 over the faster peer", "recall@10")
    for rows in sorted({min(10_000, arguments.rows), arguments.rows}):
        measure(table, rows, arguments.questions)


if __name__ == "__main__":
    main()
