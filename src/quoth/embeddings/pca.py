"""Principal component analysis, by scikit-learn (extra `embeddings`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quoth.embeddings.base import Embedding, Record, Rows, checked, unit
from quoth.errors import MissingExtraError

if TYPE_CHECKING:
    from sklearn.decomposition import PCA, IncrementalPCA

COMPONENTS = 100
"""The familiar default; never more than the pictures or the vectors allow."""

# Above this many pictures, they are looked at a part at a time.
_AT_ONCE = 20_000
_SEED = 0


def fit_pca(vectors: Rows, encoder: str, components: int = COMPONENTS, whiten: bool = False) -> Embedding:
    """The directions in which unit vectors differ most.

    With n pictures there are at most n - 1 such directions, and as many as the vectors have numbers: `components`
    is reduced to that, and the record says so.

    Args:
        vectors: (n, d) float32, of any length.
        encoder: the identity of what computed them.
        components: the dimension of the embeddings.
        whiten: give all directions the same variance.

    Raises:
        UsageError: fewer than two pictures.
        MissingExtraError: scikit-learn is missing.
    """
    rows = unit(checked(vectors, 2, "a PCA"))
    kept = max(1, min(components, len(rows) - 1, rows.shape[1]))
    pca = _fitted(rows, kept, whiten)
    weights = pca.components_ / (np.sqrt(pca.explained_variance_)[:, None] if whiten else 1.0)
    layer = (np.asarray(weights, np.float32), np.asarray(-weights @ pca.mean_, np.float32))
    options = {"wanted": components, "components": kept, "whiten": float(whiten)}
    # Of pictures that are all the same there is no variance to explain.
    figures = {"explained_variance": float(np.nan_to_num(pca.explained_variance_ratio_.sum(), nan=1.0))}
    return Embedding(Record("pca", encoder, len(rows), options, figures), (layer,))


def _fitted(rows: Rows, components: int, whiten: bool) -> PCA | IncrementalPCA:
    try:
        from sklearn.decomposition import PCA, IncrementalPCA
    except ImportError as error:
        raise MissingExtraError("a PCA is fitted by scikit-learn", 'pip install "quoth[embeddings]"') from error
    if len(rows) > _AT_ONCE:
        return IncrementalPCA(components, whiten=whiten, batch_size=_AT_ONCE // 4).fit(rows)
    return PCA(components, whiten=whiten, random_state=_SEED).fit(rows)
