"""Other embeddings for the pictures of a knowledge base: fitted on them, put in place in one commit, reported on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quoth.embeddings import Embedding, Record, unit
from quoth.embeddings.pca import COMPONENTS, fit_pca
from quoth.embeddings.quality import found_again, neighbours_kept
from quoth.errors import UsageError
from quoth.gallery import EMBEDDINGS, Gallery
from quoth.store import Embedded, PictureStore
from quoth.types import Vectors

KINDS = ("pca", "autoencoder", "siamese", "none")
# So many pictures are asked for in the report: each pair of them is compared.
_REPORTED = 2_000
_BATCH = 64


@dataclass(frozen=True, slots=True)
class EmbeddingReport:
    """The embeddings of pictures beside the vectors that they were made from.

    record: what was fitted on what; None where vectors are stored as they are.
    pictures: in the knowledge base; compared: of them, in the figures below.
    dimension, bytes: of an embedding, and of a vector (`_before`).
    neighbours_kept: the part of the ten nearest of each picture that stay among them.
    folders: the folders with two pictures or more; recall_at_1, mean_average_precision: of finding a picture's folder
        again, 0 without such folders.
    """

    record: Record | None
    pictures: int
    compared: int
    dimension: int
    dimension_before: int
    neighbours_kept: float
    folders: int
    recall_at_1: float
    recall_at_1_before: float
    mean_average_precision: float
    mean_average_precision_before: float

    @property
    def bytes(self) -> int:
        """Of an embedding at rest, in float32."""
        return 4 * self.dimension

    @property
    def bytes_before(self) -> int:
        """Of a vector."""
        return 4 * self.dimension_before


def fit(gallery: Gallery, kind: str, dimension: int = COMPONENTS, whiten: bool = False) -> Record:
    """Fit an embedding on all pictures and put their embeddings in the place of what is stored, in one commit.

    Args:
        gallery: the pictures.
        kind: one of `KINDS`; "none" goes back to the encoder's vectors.
        dimension: of the embeddings; a PCA takes fewer if there are fewer pictures than that.
        whiten: give all directions of a PCA the same variance.

    Raises:
        UsageError: there is no such kind, or too few pictures.
        MissingExtraError: what fits it is not installed.
        StoreError: nothing was changed.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no embedding {kind!r}", f"choose one of: {', '.join(KINDS)}")
    store = _held(gallery)
    _, vectors = store.raw()
    if kind == "none":
        name, made, record = "", unit(vectors), Record("none", gallery.encoder.identity, len(vectors))
    else:
        start = time.perf_counter()
        embedding = _fitted(kind, vectors, gallery.encoder.identity, dimension, whiten)
        embedding = embedding.noted(seconds=time.perf_counter() - start)
        name = _saved(gallery.folder / EMBEDDINGS, embedding)
        made, record = embedding.transform(vectors), embedding.record
    space = replace(store.space, dimension=made.shape[1], embedding=name)
    store.replace_all(space, _renewed(store, made))
    return record


def report(gallery: Gallery) -> EmbeddingReport:
    """How the embeddings find, beside the vectors that they were made from.

    Raises:
        UsageError: there are no pictures.
    """
    store = _held(gallery)
    passages, after = gallery.held()
    raw = dict(zip(*store.raw(), strict=True))
    before = unit(np.array([raw[passage.id] for passage in passages[:_REPORTED]]))
    compared = after[: len(before)]
    folders = [Path(passage.document).parent.as_posix() for passage in passages[: len(before)]]
    recall, average = found_again(compared, folders)
    recall_before, average_before = found_again(before, folders)
    return EmbeddingReport(
        record=_record(gallery),
        pictures=len(passages),
        compared=len(before),
        dimension=after.shape[1],
        dimension_before=gallery.encoder.dimension,
        neighbours_kept=neighbours_kept(before, compared),
        folders=sum(folders.count(folder) > 1 for folder in set(folders)),
        recall_at_1=recall,
        recall_at_1_before=recall_before,
        mean_average_precision=average,
        mean_average_precision_before=average_before,
    )


def _fitted(kind: str, vectors: NDArray[np.float32], encoder: str, dimension: int, whiten: bool) -> Embedding:
    fits: dict[str, Callable[[], Embedding]] = {
        "pca": lambda: fit_pca(vectors, encoder, dimension, whiten),
    }
    return fits[kind]()


def _record(gallery: Gallery) -> Record | None:
    embedding = gallery.looking().embedding
    return embedding.record if embedding else None


def _held(gallery: Gallery) -> PictureStore:
    store = gallery.store()
    if store is None:
        raise UsageError("there are no pictures in this knowledge base", "add some: quoth add FOLDER")
    return store


def _saved(folder: Path, embedding: Embedding) -> str:
    """Write an embedding under a name of its own, before anything relies on it."""
    content = b"".join(part.tobytes() for layer in embedding.layers for part in layer)
    name = f"{embedding.record.kind}-{embedding.dimension}-{hashlib.sha256(content).hexdigest()[:8]}.npz"
    embedding.save(folder / name)
    return name


def _renewed(store: PictureStore, vectors: Vectors) -> Iterator[Embedded]:
    """All that is stored with these vectors, which are in the order of `store.vectors()`."""
    rows = {name: row for row, name in enumerate(store.vectors()[0])}
    for batch in store.batches(_BATCH):
        yield replace(batch, vectors=vectors[[rows[name] for name in batch.ids]])
