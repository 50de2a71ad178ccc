"""Clusters by scikit-learn (extra `embeddings`): HDBSCAN, which finds out how many there are, or k-means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.errors import MissingExtraError, UsageError
from quoth.types import Vectors

# The fewest members of a cluster that HDBSCAN takes for one.
_FEWEST = 3
_SEED = 0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Indices of what belongs together, the most typical first; `likeness` is their mean cosine with the centre."""

    members: tuple[int, ...]
    likeness: float


def find_clusters(vectors: Vectors, count: int = 0) -> tuple[list[Cluster], list[int]]:
    """Group what is alike.

    Args:
        vectors: (n, d) float32, unit rows.
        count: so many clusters, by k-means; 0 lets HDBSCAN find out.

    Returns:
        the clusters, largest first, and what belongs to none.

    Raises:
        UsageError: more clusters than rows.
        MissingExtraError: scikit-learn is missing.
    """
    if count > len(vectors):
        raise UsageError(f"{count} clusters of {len(vectors)} pictures", "ask for fewer")
    labels = _labels(vectors, count) if len(vectors) >= _FEWEST else np.full(len(vectors), -1)
    clusters = [_cluster(vectors, np.flatnonzero(labels == label)) for label in np.unique(labels[labels >= 0])]
    return sorted(clusters, key=lambda c: -len(c.members)), [int(i) for i in np.flatnonzero(labels < 0)]


def _labels(vectors: Vectors, count: int) -> NDArray[np.intp]:
    try:
        from sklearn.cluster import HDBSCAN, KMeans
    except ImportError as error:
        raise MissingExtraError("clusters are found by scikit-learn", 'pip install "quoth[embeddings]"') from error
    if count:
        return np.asarray(KMeans(count, n_init=4, random_state=_SEED).fit_predict(vectors))
    return np.asarray(HDBSCAN(min_cluster_size=_FEWEST, copy=True).fit_predict(vectors))


def _cluster(vectors: Vectors, members: NDArray[np.intp]) -> Cluster:
    centre = vectors[members].mean(axis=0)
    cosines = vectors[members] @ (centre / max(float(np.linalg.norm(centre)), 1e-12))
    order = members[np.argsort(-cosines, kind="stable")]
    return Cluster(tuple(int(i) for i in order), float(cosines.mean()))
