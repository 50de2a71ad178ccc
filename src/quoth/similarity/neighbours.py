"""The nearest of each, exactly, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from quoth.types import Vectors

_ROWS = 1024
# An outlier is judged by so many of its neighbours: one alone may be its duplicate.
_JUDGES = 5


def find_neighbours(vectors: Vectors, k: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The k nearest others of each of n unit rows, nearest first.

    Returns:
        (n, k) indices and (n, k) float32 cosines; k is at most n - 1.
    """
    k = max(0, min(k, len(vectors) - 1))
    found = np.empty((len(vectors), k), np.intp)
    cosines = np.empty((len(vectors), k), np.float32)
    for start, block in blocks(vectors):
        rows = np.arange(len(block))
        block[rows, start + rows] = -np.inf
        order = np.argsort(-block, axis=1, kind="stable")[:, :k]
        found[start : start + len(block)] = order
        cosines[start : start + len(block)] = np.take_along_axis(block, order, axis=1)
    return found, cosines


def neighbours_kept(before: Vectors, after: Vectors, k: int = 10) -> float:
    """The part of each row's k nearest others that stay among its k nearest, in [0, 1]."""
    pairs = zip(find_neighbours(before, k)[0], find_neighbours(after, k)[0], strict=True)
    kept = [len(np.intersect1d(a, b)) / len(a) for a, b in pairs if len(a)]
    return float(np.mean(kept)) if kept else 1.0


def find_outliers(vectors: Vectors, count: int) -> list[tuple[int, float]]:
    """The rows that are least like any others, least first, with the mean cosine of each to its nearest five."""
    _, cosines = find_neighbours(vectors, _JUDGES)
    if not cosines.size:
        return []
    likeness = cosines.mean(axis=1)
    order = np.argsort(likeness, kind="stable")[:count]
    return [(int(i), float(likeness[i])) for i in order]


def blocks(vectors: Vectors) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The matrix of cosines, some rows at a time: the first row's index and (r, n) float32."""
    for start in range(0, len(vectors), _ROWS):
        yield start, vectors[start : start + _ROWS] @ vectors.T
