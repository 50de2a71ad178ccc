"""How well embeddings find what belongs together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quoth.types import Vectors


def found_again(embeddings: Vectors, labels: NDArray[np.int64]) -> tuple[float, float]:
    """R@1 and mAP of each row as a query for the others of its label, itself left out.

    Rows without another of their label are no queries: they are among what is searched. Without a query both are 0.

    Args:
        embeddings: (n, d) float32, unit rows.
        labels: (n,) integers.
    """
    scores = embeddings @ embeddings.T
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :-1]
    right = labels[order] == labels[:, None]
    right = right[right.any(axis=1)]
    if not len(right):
        return 0.0, 0.0
    precision = np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1)
    average = (precision * right).sum(axis=1) / right.sum(axis=1)
    return float(right[:, 0].mean()), float(average.mean())
