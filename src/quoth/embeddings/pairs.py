"""A bridge from one's own pairs of pictures and words: ridge regression on what the shipped bridge leaves.

    v(x) = u( a v0(x) + A (x - m) ),  A = argmin sum_i |t_i - t - a v0(x_i) - A (x_i - m)|^2 + l |A|^2

x: a picture's vector, of unit length, m their mean; v0: where the shipped bridge puts it (0 where none ships); t_i: the
embedding of what is said of it, t their mean; a: the number that fits best without A. In closed form: with C the sum of
(x_i - m)(x_i - m)^T, A^T = (C + l)^-1 sum_i (x_i - m) r_i^T for the residuals r (Hoerl & Kennard 1970).

l is chosen on pairs that are held out, a fifth at a time: by the mean log-likelihood of each picture under its words,
softmax(cos / .05) over those that are held out with it. The largest l within two standard errors of the best one is
taken (as Breiman et al. 1984, with one). Infinity is among them, which is the shipped bridge: few pairs, or pairs that
teach nothing, leave it as it is. And a begins at what it mostly is, as if so many pairs had been seen.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.embeddings.base import Embedding, Record, Rows, checked, unit
from quoth.embeddings.quality import numbered
from quoth.errors import UsageError
from quoth.types import Vectors

LEAST = 30
"""With fewer pairs there is nothing to choose the ridge by."""

FOLDS = 5
# Times the mean eigenvalue of C. From the strongest to the weakest.
RIDGES = (float("inf"), 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
PRIOR = 0.3
_PRIOR_PAIRS = 100
_ERRORS = 2.0
_TEMPERATURE = 0.05
# So many pairs of a fold are asked for each other: the matrix of more fills the memory.
_COMPARED = 2_000
_SEED = 0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Eigen:
    """What is known of a set of pairs before the ridge is: C = axes values axes^T, its mean eigenvalue `scale`."""

    mean: Array
    scale: float
    values: Array
    axes: Array
    turned: Array
    weight: float

    def weights(self, ridge: float) -> Array:
        """(c, e): A^T."""
        if np.isinf(ridge):
            return np.zeros((len(self.axes), self.turned.shape[1]))
        shrunk = self.values + ridge * self.scale
        return np.asarray(self.axes @ (self.turned / shrunk[:, None]))


def fit_bridge(
    vectors: Rows, base: Vectors | None, targets: Vectors, owners: Sequence[Hashable], encoder: str
) -> Embedding:
    """The bridge that these pairs add to the shipped one; see `bridged` for its use.

    Args:
        vectors: (n, c) float32, of the pictures, of any length.
        base: (n, e) float32, unit rows: where the shipped bridge puts them; None if none ships.
        targets: (n, e) float32, unit rows: the embeddings of what is said of them.
        owners: (n,) what each pair belongs to, a document for one: pairs of one owner are held out together.
        encoder: the identity of what computed the vectors.

    Raises:
        UsageError: there are fewer than `LEAST` pairs, or they belong to fewer than `FOLDS` owners.
    """
    rows = unit(checked(vectors, LEAST, "a bridge")).astype(np.float64)
    folds = _folds(owners)
    known = np.zeros_like(targets, np.float64) if base is None else base.astype(np.float64)
    asked = [np.flatnonzero(folds == fold)[:_COMPARED] for fold in range(FOLDS)]
    placed = dict(zip(RIDGES, _held_out(rows, known, targets, folds), strict=True))
    if base is None:
        del placed[np.inf]
    ridge = _chosen({name: _log_likelihoods(targets, found, asked) for name, found in placed.items()})
    whole = _prepared(rows, known, targets.astype(np.float64))
    weights = whole.weights(ridge).T
    layer = (np.asarray(weights, np.float32), np.asarray(-weights @ whole.mean, np.float32))
    before, after = _ranks(targets, known, asked), _ranks(targets, placed[ridge], asked)
    figures = {
        "recall_at_5_before": _recall(before), "recall_at_5": _recall(after),
        "reciprocal_rank_before": float(np.mean(1 / before)), "reciprocal_rank": float(np.mean(1 / after)),
    }  # fmt: skip
    # JSON has no infinity: 0 is for the shipped bridge as it is.
    options = {"ridge": 0.0 if np.isinf(ridge) else ridge, "shipped": whole.weight}
    return Embedding(Record("bridge", encoder, len(rows), options, figures), (layer,))


def bridged(fitted: Embedding, vectors: Rows, base: Vectors | None) -> Vectors:
    """(n, c) vectors, and (n, e) where the shipped bridge puts them -> (n, e) float32, unit rows among words."""
    added = fitted.project(vectors)
    return unit(added if base is None else added + fitted.record.options["shipped"] * base)


def _prepared(rows: Array, known: Array, targets: Array) -> _Eigen:
    centred = targets - targets.mean(axis=0)
    size = float((known * known).sum())
    fit = max(0.0, float((centred * known).sum()) + PRIOR * _PRIOR_PAIRS) / (size + _PRIOR_PAIRS)
    weight = fit if size else 0.0
    residuals = centred - weight * known
    mean = rows.mean(axis=0)
    values, axes = _spectrum(rows - mean)
    turned = axes.T @ ((rows - mean).T @ residuals)
    return _Eigen(mean, float(values.sum()) / rows.shape[1], values, axes, turned, weight)


def _spectrum(centred: Array) -> tuple[Array, Array]:
    """The eigenvalues of C that are not 0, and (c, r) its axes."""
    if len(centred) < centred.shape[1]:
        _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
        return sizes**2, axes.T
    values, vectors = np.linalg.eigh(centred.T @ centred)
    return np.maximum(values, 0), vectors


def _held_out(rows: Array, known: Array, targets: Vectors, folds: NDArray[np.int64]) -> list[Vectors]:
    """For each ridge (n, e): every pair as those of the other folds would place it."""
    placed = [np.zeros(targets.shape, np.float64) for _ in RIDGES]
    for fold in range(FOLDS):
        out, kept = folds == fold, folds != fold
        eigen = _prepared(rows[kept], known[kept], targets[kept].astype(np.float64))
        for i, ridge in enumerate(RIDGES):
            placed[i][out] = eigen.weight * known[out] + (rows[out] - eigen.mean) @ eigen.weights(ridge)
    return [unit(one) for one in placed]


def _folds(owners: Sequence[Hashable]) -> NDArray[np.int64]:
    """(n,) which fold each pair is held out in."""
    labels = numbered(owners)
    count = int(labels.max()) + 1
    if count < FOLDS:
        raise UsageError(
            f"all pictures that something is said of come from {count} documents",
            f"add documents with pictures: what is learned is tried on the pictures of others, which needs {FOLDS}",
        )
    order = np.random.default_rng(_SEED).permutation(count)
    return np.asarray(order[labels] % FOLDS, np.int64)


def _scores(queries: Vectors, placed: Array | Vectors, asked: Sequence[NDArray[np.int64]]) -> list[Array]:
    """For each fold the cosines of its words with its pictures: those of others were placed by those that saw it."""
    return [queries[rows].astype(np.float64) @ placed[rows].astype(np.float64).T for rows in asked]


def _ranks(queries: Vectors, placed: Array | Vectors, asked: Sequence[NDArray[np.int64]]) -> Array:
    """At which place each picture's own words find it in its fold, from 1; ties share their mean place."""
    ranks = []
    for scores in _scores(queries, placed, asked):
        own = np.diagonal(scores)[:, None]
        nearer, same = (scores > own + 1e-9).sum(axis=1), (np.abs(scores - own) <= 1e-9).sum(axis=1)
        ranks.append(nearer + (same + 1) / 2)
    return np.concatenate(ranks)


def _log_likelihoods(queries: Vectors, placed: Vectors, asked: Sequence[NDArray[np.int64]]) -> Array:
    """Of each picture under its own words, among those of its fold."""
    warm = [scores / _TEMPERATURE for scores in _scores(queries, placed, asked)]
    return np.concatenate([np.diagonal(one) - np.logaddexp.reduce(one, axis=1) for one in warm])


def _chosen(found: Mapping[float, Array]) -> float:
    """The strongest ridge that is as good as the best, as far as these pairs can tell."""
    best = max(found.values(), key=lambda one: float(one.mean()))
    return next(ridge for ridge, one in found.items() if _is_noise(best - one))


def _is_noise(lost: Array) -> bool:
    """Whether the mean of these differences is within `_ERRORS` standard errors of nothing."""
    return bool(lost.mean() <= _ERRORS * lost.std() / np.sqrt(len(lost)))


def _recall(ranks: Array) -> float:
    return float(np.mean(ranks <= 5))
