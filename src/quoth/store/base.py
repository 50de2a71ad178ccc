"""The contract of a store: passages and their embeddings at rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from quoth.origin import Origin
from quoth.types import Box, Document, Kind, Passage, Vectors

Previews = Callable[[Sequence[str]], Mapping[str, bytes]]
"""JPEG files of those of these passages (by id) that are pictures, with no side of more than 512 pixels."""


def no_previews(_ids: Sequence[str]) -> Mapping[str, bytes]:
    """Of no pictures: their words alone are read."""
    return {}


@dataclass(frozen=True, slots=True)
class PictureSpace:
    """What all embeddings of pictures in a store have in common.

    encoder: the identity of what computed the vectors; embedding: the name of what made them embeddings, "" for none.
    raw: the numbers of a vector; dimension: of an embedding; seen: of one among words, 0 for none.
    crops: whether pictures have rows for their regions too.
    bridge: the name of the fitted bridge to words, "" where what ships is used.
    base: the numbers of `Embedded.base`, 0 for none.
    """

    encoder: str
    raw: int
    dimension: int
    seen: int = 0
    embedding: str = ""
    crops: bool = False
    bridge: str = ""
    base: int = 0


class Near(NamedTuple):
    """A picture that a search found: the passage that it is, its cosine, and the region that is nearest, if one is."""

    id: str
    score: float
    box: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """n pictures, or regions of pictures, with their embeddings, row for row.

    ids: the passages that they are; documents: whose they are; previews: JPEG files, of a region none (b"").
    raw: (n, c) the encoder's vectors, unit rows; at rest in float16, for they are needed only to fit other embeddings.
    vectors: (n, d) float32, unit rows: the embeddings, which are searched.
    seen: (n, e) float32, unit rows: the same pictures among words.
    groups: who may see each, see `Document.groups`; none at all: everybody may see all.
    boxes: where each region is in its picture, None of a whole picture; empty where all are whole.
    base: (n, e) float32, unit rows: where the shipped bridge puts what a fitted one puts elsewhere (`seen`).
    """

    ids: Sequence[str]
    documents: Sequence[str]
    previews: Sequence[bytes]
    raw: Vectors
    vectors: Vectors
    seen: Vectors | None = None
    boxes: Sequence[Box | None] = ()
    base: Vectors | None = None
    groups: Sequence[Sequence[str]] = ()

    @property
    def wholes(self) -> list[int]:
        """The rows of whole pictures."""
        return [row for row in range(len(self.ids)) if not self.boxes or self.boxes[row] is None]


def joined(one: Embedded, other: Embedded) -> Embedded:
    """The rows of both."""
    boxes = [box for part in (one, other) for box in part.boxes or [None] * len(part.ids)]
    seen, base = _both(one.seen, other.seen), _both(one.base, other.base)
    raw, vectors = np.concatenate([one.raw, other.raw]), np.concatenate([one.vectors, other.vectors])
    ids, documents, groups = [*one.ids, *other.ids], [*one.documents, *other.documents], [*one.groups, *other.groups]
    return Embedded(ids, documents, [*one.previews, *other.previews], raw, vectors, seen, boxes, base, groups)


def _both(one: Vectors | None, other: Vectors | None) -> Vectors | None:
    return None if one is None or other is None else np.concatenate([one, other])


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that a search found; `score` is higher for what is nearer."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What the store knows of a document.

    name: see `Document.id`; digest: the SHA-256 of its bytes when it went in; passages: how many it has.
    groups, trust, origin: see `Document`.
    """

    name: str
    title: str
    digest: str
    passages: int
    groups: tuple[str, ...] = ()
    trust: float = 1.0
    origin: Origin = Origin()  # noqa: RUF009 - it is frozen


class Store(Protocol):
    """Passages and embeddings, and who may see them. Every write of documents of the same groups is one commit.

    What is told and found is that of the documents that the viewer may see, and nothing else has any influence on it.
    """

    def seen_by(self, groups: Collection[str]) -> Store:
        """The same as who is in these groups sees it; of a view, as who sees that too."""

    @property
    def viewer(self) -> frozenset[str] | None:
        """The groups that it is seen by; None: it is seen whole."""

    def hidden(self, names: Collection[str]) -> set[str]:
        """Those of these names that documents have which the viewer may not see."""

    def replace(self, documents: Sequence[Document], passages: Sequence[Passage], vectors: Vectors) -> None:
        """From now on these documents have exactly these passages, and are seen by their groups.

        Args:
            documents: each once, with groups as `as_groups` gives them; their texts are not looked at.
            passages: of those documents and no others.
            vectors: (len(passages), d) float32, unit rows.

        Raises:
            UsageError: the viewer may not see what it would write, or what has the name.
            StoreError: the cause says why (a full disk, for one); what was not written is as it was.
        """

    def revise(self, documents: Sequence[StoredDocument]) -> None:
        """From now on these have the groups, trust and origin that are told here; their passages stay.

        Raises:
            UsageError, StoreError: see `replace`.
        """

    def remove(self, documents: Sequence[str]) -> None:
        """Take these documents out.

        Raises:
            StoreError: nothing was removed, or not all.
        """

    def documents(self) -> dict[str, StoredDocument]:
        """All documents by name."""

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of these passages that there are, by id."""

    def passages_of(self, document: str) -> list[Passage]:
        """All passages of a document, in the order in which they stand there."""

    def embedded(self, limit: int, kind: Kind | None = None) -> tuple[list[Passage], Vectors]:
        """At most `limit` passages (of one kind, or of all) spread over all there are, and their (n, d) embeddings."""

    def texts(self, kind: Kind | None = None) -> Iterator[str]:
        """The text of every passage (of one kind, or of all)."""

    def pictures(self) -> Iterator[Passage]:
        """The passages that are pictures."""

    def nearest(self, vector: Vectors, k: int, kind: Kind | None = None) -> list[Found]:
        """The k passages (of one kind, or of all) nearest to `vector`, (d,) float32 of unit length, by their cosine."""

    def matching(self, words: str, k: int, kind: Kind | None = None) -> list[Found]:
        """The k passages (of one kind, or of all) that match `words` best; the score is BM25's."""

    def count(self, kind: Kind | None = None) -> int:
        """How many passages (of one kind, or of all) there are."""

    def optimize(self) -> None:
        """Bring the indexes up to date and give back the room of old versions. Loses nothing if it dies."""


class PictureStore(Protocol):
    """Embeddings and previews of pictures and of their regions. They count only if a `Store` has their passage.

    So a document's pictures are put before its passages and removed after them: that it is there, or is not, is
    one commit.
    """

    @property
    def space(self) -> PictureSpace:
        """What the last commit says of its embeddings."""

    def put(self, pictures: Embedded) -> None:
        """Add these, in one commit; one that is there is replaced. Regions go in only where `space.crops` is set.

        Raises:
            StoreError: nothing was written.
        """

    def seen_by(self, groups: Collection[str]) -> PictureStore:
        """The same as who is in these groups sees it, for reading: what others see has no influence."""

    def settle(self, groups: Mapping[str, Sequence[str]]) -> None:
        """Let the pictures be seen by the groups of their documents, and give back the room of old versions.

        Args:
            groups: those of all documents that the viewer sees; pictures of others go, if the viewer sees all.
        """

    def replace_all(self, space: PictureSpace, batches: Iterator[Embedded]) -> None:
        """From one commit on these are all, with other embeddings.

        Raises:
            UsageError: the viewer does not see all that there are.
            StoreError: nothing was written.
        """

    def keep(self, documents: Sequence[str], ids: Sequence[str]) -> None:
        """Take out all pictures of these documents but those of these passages."""

    def nearest(self, vector: Vectors, k: int) -> list[Near]:
        """The k pictures nearest to `vector`, (d,) float32 of unit length: whole or by their nearest region."""

    def nearest_to_words(self, vector: Vectors, k: int) -> list[Near]:
        """The same among words, less a little for a region; none if the pictures are not embedded there."""

    def previews(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The previews of those of these that there are."""

    def vectors(self) -> tuple[list[str], Vectors]:
        """The ids of all whole pictures, sorted, and (n, d) float32, their embeddings."""

    def raw(self) -> tuple[list[str], Vectors]:
        """The same ids, and (n, c) float32, the encoder's vectors, of unit length to three digits."""

    def batches(self, size: int) -> Iterator[Embedded]:
        """All rows, so many at a time."""
