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
from quoth.embeddings.pairs import bridged, fit_bridge
from quoth.embeddings.pca import COMPONENTS, fit_pca
from quoth.embeddings.quality import found_again
from quoth.embeddings.siamese import fit_siamese
from quoth.errors import UsageError
from quoth.gallery import EMBEDDINGS, Gallery
from quoth.similarity import neighbours_kept
from quoth.store import Embedded, PictureStore
from quoth.types import Passage, Vectors

KINDS = ("pca", "autoencoder", "siamese", "bridge", "none")
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
    bridge: of the fitted bridge to words; its figures are of pairs that were held out. None where what ships is used.
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
    bridge: Record | None = None

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
        kind: one of `KINDS`; "bridge" leads to words and leaves the embeddings as they are, "none" goes back to the
            encoder's vectors and to the bridge that ships.
        plan: how.

    Raises:
        UsageError: there is no such kind, or too few pictures.
        MissingExtraError: what fits it is not installed.
        StoreError: nothing was changed.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no embedding {kind!r}", f"choose one of: {', '.join(KINDS)}")
    store = _held(gallery)
    if kind == "none":
        return _as_shipped(store, gallery.encoder.identity)
    ids, vectors = store.raw()
    start = time.perf_counter()
    embedding = _bridge(store, gallery) if kind == "bridge" else _fitted(kind, ids, vectors, gallery, plan)
    embedding = embedding.noted(seconds=time.perf_counter() - start)
    name = _saved(gallery.folder / EMBEDDINGS, embedding)
    if kind == "bridge":
        base = store.space.base if store.space.bridge else store.space.seen
        space = replace(store.space, seen=embedding.dimension, bridge=name, base=base)
        store.replace_all(space, _rebridged(store, embedding))
    else:
        space = replace(store.space, dimension=embedding.dimension, embedding=name)
        held = store.batches(_BATCH)
        store.replace_all(space, (replace(rows, vectors=embedding.transform(rows.raw)) for rows in held))
    return embedding.record


def report(gallery: Gallery) -> EmbeddingReport:
    """How the embeddings find, beside the vectors that they were made from.

    Raises:
        UsageError: there are no pictures.
    """
    store = _held(gallery)
    looking = gallery.looking()
    passages, after = gallery.held()
    before = unit(_ordered(passages[:_REPORTED], *store.raw()))
    compared = after[: len(before)]
    folders = _folders(passages[: len(before)])
    recall, average = found_again(compared, folders)
    recall_before, average_before = found_again(before, folders)
    return EmbeddingReport(
        record=looking.embedding.record if looking.embedding else None,
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
        bridge=looking.fitted.record if looking.fitted else None,
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


def _bridge(store: PictureStore, gallery: Gallery) -> Embedding:
    """Fitted on the pictures that something is said of."""
    if gallery.encoder.words is not None:
        raise UsageError(
            f"{gallery.encoder.name} has an encoder of words of its own", "words find its pictures without a bridge"
        )
    passages, targets = gallery.said()
    vectors = _ordered(passages, *store.raw())
    owners = [passage.document for passage in passages]
    return fit_bridge(vectors, _shipped(store, passages), targets, owners, gallery.encoder.identity)


def _shipped(store: PictureStore, passages: Sequence[Passage]) -> Vectors | None:
    """(n, e) float32, where the shipped bridge puts these pictures; None if none ships."""
    places = {}
    for rows in store.batches(_BATCH):
        base = _base(store, rows)
        if base is None:
            return None
        places.update({rows.ids[row]: base[row] for row in rows.wholes})
    return np.array([places[passage.id] for passage in passages], np.float32)


def _base(store: PictureStore, rows: Embedded) -> Vectors | None:
    return rows.base if store.space.bridge else rows.seen


def _rebridged(store: PictureStore, fitted: Embedding) -> Iterator[Embedded]:
    """All that is stored, regions too, at other places among words."""
    for rows in store.batches(_BATCH):
        base = _base(store, rows)
        yield replace(rows, seen=bridged(fitted, rows.raw, base), base=base)


def _as_shipped(store: PictureStore, encoder: str) -> Record:
    """Back to the encoder's vectors, and to the shipped bridge."""
    space, held = store.space, len(store.raw()[0])
    seen = space.base if space.bridge else space.seen
    back = replace(space, dimension=space.raw, embedding="", seen=seen, bridge="", base=0)
    rows = ((rows, _base(store, rows)) for rows in store.batches(_BATCH))
    store.replace_all(back, (replace(one, vectors=unit(one.raw), seen=base, base=None) for one, base in rows))
    return Record("none", encoder, held)
