"""The pictures of a knowledge base compared with each other: what `quoth similar` tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.errors import UsageError
from quoth.gallery import Gallery
from quoth.similarity import find_clusters, find_duplicates, find_neighbours, find_outliers
from quoth.types import Passage, Vectors

# The matrix of more pictures than this has no reader.
LARGEST_MATRIX = 5_000


@dataclass(frozen=True, slots=True)
class Alike:
    """A picture, and how near it is to what it is compared with: a cosine, higher is nearer."""

    passage: Passage
    cosine: float


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that belong together, the centre or the most typical first."""

    members: tuple[Alike, ...]


@dataclass(frozen=True, slots=True)
class DuplicateReport:
    """Groups of near-duplicates among so many pictures.

    threshold: the least cosine with the centre of a group; median, deviation: of the cosines of all pairs.
    """

    groups: tuple[Group, ...]
    pictures: int
    threshold: float
    median: float
    deviation: float


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """Clusters, largest first, and the pictures that belong to none."""

    clusters: tuple[Group, ...]
    alone: tuple[Passage, ...]


def duplicates(gallery: Gallery, threshold: float | None = None) -> DuplicateReport:
    """Near-duplicates: the same picture cropped, recompressed, mirrored, brightened, scaled.

    Raises:
        UsageError: the threshold is no cosine.
    """
    if threshold is not None and not -1 <= threshold <= 1:
        raise UsageError(f"the threshold is {threshold}", "it is a cosine: between -1 and 1")
    passages, vectors = gallery.held()
    found = find_duplicates(vectors, threshold)
    groups = tuple(_group(passages, vectors, group) for group in found.groups)
    return DuplicateReport(groups, len(passages), found.threshold, found.median, found.deviation)


def neighbours(gallery: Gallery, k: int) -> list[Group]:
    """Each picture (the first member) with its k nearest."""
    passages, vectors = gallery.held()
    near, cosines = find_neighbours(vectors, k)
    return [
        Group((Alike(passage, 1.0), *(Alike(passages[i], float(c)) for i, c in zip(row, said, strict=True))))
        for passage, row, said in zip(passages, near, cosines, strict=True)
    ]


def clusters(gallery: Gallery, count: int = 0) -> ClusterReport:
    """What is alike: `count` clusters by k-means, or as many as HDBSCAN finds.

    Raises:
        UsageError: more clusters than pictures.
        MissingExtraError: scikit-learn is missing.
    """
    passages, vectors = gallery.held()
    found, alone = find_clusters(vectors, count)
    groups = tuple(_group(passages, vectors, cluster.members) for cluster in found)
    return ClusterReport(groups, tuple(passages[i] for i in alone))


def outliers(gallery: Gallery, count: int) -> list[Alike]:
    """The pictures that are least like any others, with the mean cosine to their nearest five."""
    passages, vectors = gallery.held()
    return [Alike(passages[i], likeness) for i, likeness in find_outliers(vectors, count)]


def matrix(gallery: Gallery) -> tuple[list[Passage], NDArray[np.float32]]:
    """All pictures and (n, n) float32, their cosines.

    Raises:
        UsageError: there are too many.
    """
    passages, vectors = gallery.held()
    if len(passages) > LARGEST_MATRIX:
        raise UsageError(f"{len(passages)} pictures make a matrix of {len(passages) ** 2:,} numbers", "add fewer")
    return passages, vectors @ vectors.T


def _group(passages: list[Passage], vectors: Vectors, members: Iterable[int]) -> Group:
    centre, *others = members
    said = [Alike(passages[i], float(vectors[i] @ vectors[centre])) for i in others]
    return Group((Alike(passages[centre], 1.0), *said))
