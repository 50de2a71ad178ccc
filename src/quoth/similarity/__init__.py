"""What pictures have to do with each other: neighbours, near-duplicates, clusters, outliers, a map."""

from quoth.similarity.clusters import Cluster, find_clusters
from quoth.similarity.duplicates import Duplicates, find_duplicates
from quoth.similarity.layout import flatten
from quoth.similarity.neighbours import find_neighbours, find_outliers, neighbours_kept

__all__ = [
    "Cluster", "Duplicates", "find_clusters", "find_duplicates", "find_neighbours", "find_outliers", "flatten",
    "neighbours_kept",
]  # fmt: skip
