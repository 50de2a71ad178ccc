"""Two dimensions for a map: by UMAP where it is installed (extra `map`), else the first two principal components."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from quoth.types import Vectors

Points = NDArray[np.float64]
"""(n, 2) float64 in [0, 1]."""

_SEED = 0
# UMAP needs some neighbours to speak of; below that the principal components say all there is.
_FEWEST = 12


def flatten(vectors: Vectors) -> tuple[Points, str]:
    """(n, d) unit rows -> (n, 2) places in [0, 1], near each other for what is alike; and the method's name.

    The same rows give the same places.
    """
    if len(vectors) >= _FEWEST:
        try:
            import umap
        except ImportError:
            pass
        else:
            return _scaled(_umap(umap.UMAP, vectors)), "UMAP"
    return _scaled(_components(vectors)), "PCA"


def _umap(method: type, vectors: Vectors) -> Points:
    neighbours = min(15, len(vectors) - 1)
    with warnings.catch_warnings(action="ignore"):
        made = method(n_neighbors=neighbours, min_dist=0.3, metric="cosine", random_state=_SEED, n_jobs=1)
        return np.asarray(made.fit_transform(vectors), np.float64)


def _components(vectors: Vectors) -> Points:
    centred = vectors.astype(np.float64) - (vectors.mean(axis=0) if len(vectors) else 0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:2]
    # The sign of a component is arbitrary: the largest entry shall be positive.
    signs = np.sign([row[np.abs(row).argmax()] for row in directions])
    places = np.zeros((len(vectors), 2))
    places[:, : len(directions)] = centred @ (directions * signs[:, None]).T
    return places


def _scaled(places: Points) -> Points:
    low, high = places.min(axis=0, initial=np.inf), places.max(axis=0, initial=-np.inf)
    span = np.where(high > low, high - low, 1.0)
    return np.where(high > low, (places - low) / span, 0.5)
