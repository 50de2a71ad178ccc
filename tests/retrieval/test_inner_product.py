"""Exact search by inner product, and the prior of the RAG paper."""

import numpy as np
import pytest

from quoth.retrieval.inner_product import InnerProductRetriever
from quoth.types import Passage


def passages(n):
    return [Passage(f"d{i}", "", f"text {i}", 0, 6) for i in range(n)]


def test_three_passages_by_hand():
    # Inner products with (1, 2): 4, 5, 5. Vectors have no unit length: the longest need not be the nearest.
    vectors = np.array([[4, 0], [1, 2], [5, 0]], np.float32)
    retriever = InnerProductRetriever(lambda _question: np.array([1, 2], np.float32), passages(3), vectors)
    hits = retriever.retrieve("x", 2)
    assert [(hit.passage.document, hit.rank, hit.score) for hit in hits] == [("d1", 1, 5.0), ("d2", 2, 5.0)]
    assert [hit.prior for hit in hits] == pytest.approx([0.5, 0.5])
    hits = retriever.retrieve("x", 9)
    total = np.exp(4) + 2 * np.exp(5)
    assert [hit.prior for hit in hits] == pytest.approx(np.exp([5, 5, 4]) / total)


@pytest.mark.parametrize("seed", range(5))
def test_the_first_k_are_the_first_of_k_plus_one(seed):
    rng = np.random.default_rng(seed)
    question, vectors = rng.normal(size=8).astype(np.float32), rng.normal(size=(20, 8)).astype(np.float32)
    retriever = InnerProductRetriever(lambda _question: question, passages(20), vectors)
    for k in range(1, 20):
        longer = [hit.passage for hit in retriever.retrieve("x", k + 1)]
        assert [hit.passage for hit in retriever.retrieve("x", k)] == longer[:k]
    assert [hit.score for hit in retriever.retrieve("x", 20)] == sorted(vectors @ question, reverse=True)
