"""How well an embedding finds again what it should."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from quoth.types import Vectors

Indices = NDArray[np.int64]


def numbered(labels: Iterable[Hashable]) -> Indices:
    """(n,) int64: labels as numbers, in the order in which they come."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)


def found_again(vectors: Vectors, labels: Sequence[Hashable] | Indices) -> tuple[float, float]:
    """R@1 and mAP of each row as a query for the others of its label, itself left out.

    Args:
        vectors: (n, d) float32, unit rows; nearness is the dot product.
        labels: (n,) what each row is of; a row that is alone with its label is no query.

    Returns:
        both in [0, 1]; higher is better. Zeros where no label has two rows.
    """
    owners = numbered(labels)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :-1]
    right = owners[order] == owners[:, None]
    asked = right.any(axis=1)
    if not asked.any():
        return 0.0, 0.0
    right = right[asked]
    precision = np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1)
    average = (precision * right).sum(axis=1) / right.sum(axis=1)
    return float(right[:, 0].mean()), float(average.mean())
