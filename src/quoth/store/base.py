"""The contract of a store: passages and their embeddings at rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from quoth.types import Passage, Vectors


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that a search found; `score` is higher for what is nearer."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What the store knows of a document: `digest` is the SHA-256 of its bytes when it went in."""

    digest: str
    title: str
    passages: int


class Store(Protocol):
    """Passages and embeddings. Every write is one commit: it happens whole or not at all."""

    def replace(self, digests: Mapping[str, str], passages: Sequence[Passage], vectors: Vectors) -> None:
        """From this commit on, the documents that `digests` names have exactly these passages.

        Args:
            digests: document name -> SHA-256 of its bytes.
            passages: of those documents and no others.
            vectors: (len(passages), d) float32, unit rows.

        Raises:
            StoreError: nothing was written; the cause says why (a full disk, for one).
        """

    def remove(self, documents: Sequence[str]) -> None:
        """Take these documents out, in one commit.

        Raises:
            StoreError: nothing was removed.
        """

    def documents(self) -> dict[str, StoredDocument]:
        """All documents by name."""

    def texts(self) -> Iterator[str]:
        """The text of every passage."""

    def nearest(self, vector: Vectors, k: int) -> list[Found]:
        """The k passages nearest to `vector`, (d,) float32 of unit length; the score is the cosine."""

    def matching(self, words: str, k: int) -> list[Found]:
        """The k passages that match `words` best; the score is BM25's."""

    def count(self) -> int:
        """How many passages there are."""

    def optimize(self) -> None:
        """Bring the indexes up to date and give back the room of old versions. Loses nothing if it dies."""
