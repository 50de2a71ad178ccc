"""What a Siamese head may begin with: one affine layer each, in closed form.

raw: the vectors as they are; in fewer numbers, their principal components.
whitened: the principal components, each divided by its deviation (Jegou and Chum 2012).
within: the same for what differs among pictures of one label, then the principal components of what that gives
(the learned whitening of Mikolajczyk and Matas 2007).

Variances are shrunk towards their mean, for directions that were hardly seen are not to be blown up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quoth.embeddings.base import Layer, Rows

SHRINK = {"whitened": 1.0, "within": 0.1}
"""So many times the mean variance is added to each."""

# Where all pictures are the same, nothing is divided by zero.
_TINY = 1e-12

Matrix = NDArray[np.float64]


def starts(rows: Rows, labels: NDArray[np.int64], dimension: int) -> dict[str, Layer]:
    """By name, the plainest first; their outputs are about as long as 1.

    Args:
        rows: (n, d) float32, unit rows.
        labels: (n,) integers.
        dimension: of what comes out, at most d.
    """
    mean = rows.mean(axis=0, dtype=np.float64)
    apart = rows - mean
    spread, within = apart.T @ apart / len(rows), _within(rows, labels)
    plain = np.eye(len(mean)) if dimension == len(mean) else _axes(spread, dimension)
    whitened = _axes(spread, dimension, SHRINK["whitened"])
    inner = _axes(within, len(mean), SHRINK["within"])
    learned = _axes(inner @ spread @ inner.T, dimension) @ inner
    centre = np.zeros_like(mean) if dimension == len(mean) else mean
    return {
        "raw": _layer(plain, centre, rows),
        "whitened": _layer(whitened, mean, rows),
        "within": _layer(learned, mean, rows),
    }


def _within(rows: Rows, labels: NDArray[np.int64]) -> Matrix:
    """(d, d): the covariance of what differs among rows of one label."""
    _, owners, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), rows.shape[1]))
    np.add.at(sums, owners, rows)
    apart = rows - (sums / counts[:, None])[owners]
    return np.asarray(apart.T @ apart / max(1, len(rows) - len(counts)))


def _axes(covariance: Matrix, count: int, shrink: float | None = None) -> Matrix:
    """(count, d): the directions of most variance, each divided by its deviation where they are to be whitened."""
    variances, directions = np.linalg.eigh(covariance)
    axes = np.asarray(directions.T[::-1][:count])
    if shrink is None:
        return axes
    shrunk = np.maximum(variances[::-1][:count], 0) + shrink * variances.mean() + _TINY
    return np.asarray(axes / np.sqrt(shrunk)[:, None])


def _layer(weights: Matrix, centre: Matrix, rows: Rows) -> Layer:
    biases = -weights @ centre
    length = float(np.linalg.norm(rows @ weights.T + biases, axis=1).mean()) or 1.0
    return np.asarray(weights / length, np.float32), np.asarray(biases / length, np.float32)
