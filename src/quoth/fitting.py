"""Other embeddings for the pictures of a knowledge base: fitted on them, put in place in one commit, reported on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quoth.embeddings import Embedding, Record, unit
from quoth.embeddings.autoencoder import fit_autoencoder
from quoth.embeddings.pca import COMPONENTS, fit_pca
from quoth.embeddings.quality import found_again
from quoth.embeddings.siamese import fit_siamese
from quoth.errors import UsageError
from quoth.gallery import EMBEDDINGS, Gallery
from quoth.similarity import neighbours_kept
from quoth.store import Embedded, PictureStore
from quoth.types import Passage, Vectors

KINDS = ("pca", "autoencoder", "siamese", "none")
LABELS = ("views", "folders")
# So many pictures are asked for in the report: each pair of them is compared.
_REPORTED = 2_000
_BATCH = 64
_VIEWS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """How to fit.

    dimension: of the embeddings; fewer if there are fewer pictures than that.
    whiten: give all directions of a PCA the same variance.
    labels: what a Siamese network is to find together: "views" (cropped, mirrored, in other light) of the same
        picture, or the pictures of the same folder ("folders").
    """

    dimension: int = COMPONENTS
    whiten: bool = False
    labels: str = "views"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.labels not in LABELS:
            raise UsageError(f"there are no labels {self.labels!r}", f"choose one of: {', '.join(LABELS)}")
        if self.dimension < 1:
            raise UsageError(f"a dimension of {self.dimension}", "it must be at least 1")


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


def fit(gallery: Gallery, kind: str, plan: Plan) -> Record:
    """Fit an embedding on all pictures and put their embeddings in the place of what is stored, in one commit.

    Args:
        gallery: the pictures.
        kind: one of `KINDS`; "none" goes back to the encoder's vectors.
        plan: how.

    Raises:
        UsageError: there is no such kind, or too few pictures.
        MissingExtraError: what fits it is not installed.
        StoreError: nothing was changed.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no embedding {kind!r}", f"choose one of: {', '.join(KINDS)}")
    store = _held(gallery)
    ids, vectors = store.raw()
    if kind == "none":
        name, made, record = "", unit(vectors), Record("none", gallery.encoder.identity, len(vectors))
    else:
        start = time.perf_counter()
        embedding = _fitted(kind, ids, vectors, gallery, plan)
        embedding = embedding.noted(seconds=time.perf_counter() - start)
        name = _saved(gallery.folder / EMBEDDINGS, embedding)
        made, record = embedding.transform(vectors), embedding.record
    space = replace(store.space, dimension=made.shape[1], embedding=name)
    store.replace_all(space, _renewed(store, ids, made))
    return record


def report(gallery: Gallery) -> EmbeddingReport:
    """How the embeddings find, beside the vectors that they were made from.

    Raises:
        UsageError: there are no pictures.
    """
    store = _held(gallery)
    passages, after = gallery.held()
    before = unit(_ordered(passages[:_REPORTED], *store.raw()))
    compared = after[: len(before)]
    folders = _folders(passages[: len(before)])
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


def _fitted(kind: str, ids: Sequence[str], vectors: NDArray[np.float32], gallery: Gallery, plan: Plan) -> Embedding:
    encoder = gallery.encoder.identity
    if kind == "pca":
        return fit_pca(vectors, encoder, plan.dimension, plan.whiten)
    if kind == "autoencoder":
        return fit_autoencoder(vectors, encoder, plan.dimension)
    if plan.labels == "folders":
        passages, _ = gallery.held()
        return fit_siamese(_ordered(passages, ids, vectors), _folders(passages), encoder, plan.dimension)
    rows, owners = _views(gallery, ids, vectors)
    return fit_siamese(rows, owners.tolist(), encoder, plan.dimension, begin="whitened")


def _ordered(passages: Sequence[Passage], ids: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors in the order of these passages."""
    rows = {name: row for row, name in enumerate(ids)}
    return vectors[[rows[passage.id] for passage in passages]]


def _folders(passages: Sequence[Passage]) -> list[str]:
    return [Path(passage.document).parent.as_posix() for passage in passages]


def _views(
    gallery: Gallery, ids: Sequence[str], vectors: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The vectors of all pictures and of some views of each, and which picture each row is of."""
    # Pillow is for those who have pictures.
    from quoth.embeddings.augment import augmented
    from quoth.passages.pixels import decode_picture

    rows, owners = [vectors], [np.arange(len(vectors))]
    for start in range(0, len(ids), _BATCH):
        previews = gallery.previews(ids[start : start + _BATCH])
        shown = [decode_picture(previews[name]).pixels for name in ids[start : start + _BATCH]]
        views, own = augmented(shown, _VIEWS)
        rows.append(gallery.encoder.encode(views).vectors)
        owners.append(start + own)
    return np.concatenate(rows), np.concatenate(owners)


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


def _renewed(store: PictureStore, ids: Sequence[str], vectors: Vectors) -> Iterator[Embedded]:
    """All that is stored, with these vectors of these pictures."""
    rows = {name: row for row, name in enumerate(ids)}
    for batch in store.batches(_BATCH):
        yield replace(batch, vectors=vectors[[rows[name] for name in batch.ids]])
