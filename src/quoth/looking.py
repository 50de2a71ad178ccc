"""Pictures that go in: their vectors, what they show in words, their embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from quoth.embeddings import Embedding, unit
from quoth.embeddings.bridge import Bridge
from quoth.embeddings.pairs import bridged
from quoth.encoders import PictureEncoder, Seen
from quoth.passages import Parsed
from quoth.regions import cut, regions_of
from quoth.store import Embedded, PictureSpace, joined
from quoth.types import SHOWS, Passage, Picture, Pixels, Vectors

# A class that is less likely than this is not told of: the encoder sees a thing in everything.
TOLD_FROM = 0.1
_TOLD = 3


class Looking:
    """What a knowledge base sees in pictures: an encoder, an embedding if one was fitted, a bridge to words."""

    def __init__(
        self,
        encoder: PictureEncoder,
        embedding: Embedding | None = None,
        name: str = "",
        bridge: Bridge | None = None,
        *,
        crops: bool = False,
        fitted: tuple[str, Embedding] | None = None,
    ) -> None:
        """Put them together.

        Args:
            encoder: what looks.
            embedding: what was fitted on its vectors.
            name: of that in the knowledge base.
            bridge: the shipped one from this encoder to words.
            crops: look at regions of pictures too.
            fitted: the bridge that was fitted on the knowledge base's own pairs, behind its name there.
        """
        self.encoder = encoder
        self.embedding = embedding
        self.bridge = bridge
        fitted_name = fitted[0] if fitted else ""
        self.fitted = fitted[1] if fitted else None
        dimension = embedding.dimension if embedding else encoder.dimension
        shipped = bridge.dimension if bridge else 0
        seen, base = (self.fitted.dimension, shipped) if self.fitted else (shipped, 0)
        self.space = PictureSpace(
            encoder.identity, encoder.dimension, dimension, seen, name, crops, fitted_name, base
        )  # fmt: skip

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

    def with_regions(self, wholes: Embedded, pictures: Sequence[Pixels]) -> Embedded:
        """The rows of whole pictures, then those of their regions."""
        views = [(row, box) for row, pixels in enumerate(pictures) for box in regions_of(pixels)]
        if not views:
            return wholes
        seen = self.encoder.encode([cut(pictures[row], box) for row, box in views])
        ids, documents = ([names[row] for row, _ in views] for names in (wholes.ids, wholes.documents))
        words, base = self._among_words(seen)
        raw, vectors, boxes = unit(seen.vectors), self.embed(seen.vectors), [box for _, box in views]
        groups = [wholes.groups[row] for row, _ in views] if wholes.groups else ()
        return joined(wholes, Embedded(ids, documents, [b""] * len(ids), raw, vectors, words, boxes, base, groups))

    def _among_words(self, seen: Seen) -> tuple[Vectors | None, Vectors | None]:
        """Where pictures lie among words; and where the shipped bridge puts them, where another takes its place."""
        shipped = self.bridge.words(seen) if self.bridge else None
        return (bridged(self.fitted, seen.vectors, shipped), shipped) if self.fitted else (shipped, None)

    def _embedded(self, passages: Sequence[Passage], shown: Mapping[str, Picture], seen: Seen) -> Embedded:
        """The pictures' rows; a picture that stands in several places has one in each."""
        rows = {digest: row for row, digest in enumerate(shown)}
        found = list({passage.id: passage for passage in passages if passage.picture}.values())
        index = [rows[passage.picture] for passage in found]
        words, base = (None if among is None else among[index] for among in self._among_words(seen))
        previews = [shown[passage.picture].preview for passage in found]
        raw, vectors = unit(seen.vectors)[index], self.embed(seen.vectors)[index]
        wholes = Embedded([p.id for p in found], [p.document for p in found], previews, raw, vectors, words, base=base)
        if not self.space.crops:
            return wholes
        return self.with_regions(wholes, [shown[passage.picture].pixels for passage in found])

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
