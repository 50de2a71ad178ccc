"""Pictures that go in: their vectors, what they show in words, their embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from quoth.embeddings import Embedding, unit
from quoth.embeddings.bridge import Bridge
from quoth.encoders import PictureEncoder, Seen
from quoth.passages import Parsed
from quoth.store import Embedded, PictureSpace
from quoth.types import SHOWS, Passage, Picture, Vectors

# A class that is less likely than this is not told of: the encoder sees a thing in everything.
TOLD_FROM = 0.1
_TOLD = 3


class Looking:
    """What a knowledge base sees in pictures: an encoder, an embedding if one was fitted, a bridge to words."""

    def __init__(
        self, encoder: PictureEncoder, embedding: Embedding | None = None, name: str = "", bridge: Bridge | None = None
    ) -> None:
        """`name` is that of the embedding in the knowledge base."""
        self.encoder = encoder
        self.embedding = embedding
        self.bridge = bridge
        dimension = embedding.dimension if embedding else encoder.dimension
        self.space = PictureSpace(
            encoder.identity, encoder.dimension, dimension, bridge.dimension if bridge else 0, name
        )

    def embed(self, vectors: NDArray[np.float32]) -> Vectors:
        """(n, d) vectors of the encoder -> (n, e) float32, unit rows: what is stored and compared."""
        return self.embedding.transform(vectors) if self.embedding else unit(vectors)

    def look(self, batch: Sequence[Parsed]) -> tuple[list[Passage], Embedded | None]:
        """All passages of a batch, those of pictures with what they show; and the pictures, if there are any."""
        shown = {figure.picture.digest: figure.picture for parsed in batch for figure in parsed.document.figures}
        passages = [passage for parsed in batch for passage in parsed.passages]
        if not shown:
            return passages, None
        seen = self.encoder.encode([picture.pixels for picture in shown.values()])
        says = dict(zip(shown, self._told(seen), strict=True))
        passages = [_saying(passage, says.get(passage.picture, "")) for passage in passages]
        return passages, self._embedded(passages, shown, seen)

    def _embedded(self, passages: Sequence[Passage], shown: Mapping[str, Picture], seen: Seen) -> Embedded:
        """The pictures' rows; a picture that stands in several places has one in each."""
        rows = {digest: row for row, digest in enumerate(shown)}
        found = list({passage.id: passage for passage in passages if passage.picture}.values())
        index = [rows[passage.picture] for passage in found]
        words = self.bridge.words(seen)[index] if self.bridge else None
        previews = [shown[passage.picture].preview for passage in found]
        raw, vectors = unit(seen.vectors)[index], self.embed(seen.vectors)[index]
        return Embedded([p.id for p in found], [p.document for p in found], previews, raw, vectors, words)

    def _told(self, seen: Seen) -> list[str]:
        """What each picture seems to show, for readers: the names of its likeliest classes."""
        if seen.logits is None:
            return [""] * len(seen.vectors)
        classes = self.encoder.classes
        return [", ".join(classes[i] for i in _likely(row)) for row in seen.logits]


def _likely(logits: NDArray[np.float32]) -> list[int]:
    """The few likeliest classes, likeliest first."""
    chances = np.exp(logits - np.logaddexp.reduce(logits))
    return [int(i) for i in np.argsort(-chances)[:_TOLD] if chances[i] >= TOLD_FROM]


def _saying(passage: Passage, shows: str) -> Passage:
    if not shows:
        return passage
    # An empty line parts them: a sentence that is quoted ends there.
    return replace(passage, text="\n\n".join(filter(None, (passage.text, f"{SHOWS}{shows}."))))
