"""What an encoder is: raw data in, vectors out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quoth.types import Pixels, Vectors


class Encoder(Protocol):
    """Texts -> vectors. A text's vector depends on the text alone, never on its neighbours."""

    name: str
    version: str
    dimension: int

    @property
    def identity(self) -> str:
        """What a knowledge base remembers, and compares: vectors of another identity are not comparable."""
        return f"{self.name}/{self.version}"

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """(n,) texts -> (n, d) float32, unit rows. `progress` receives the number of texts done so far."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a picture encoder makes of n pictures.

    vectors: (n, d) float32, of any length.
    logits: (n, classes) float32, of an encoder that was trained to classify.
    spread: (n, classes) float32, the mean over a picture's places of the square root of each class's probability there.
    """

    vectors: NDArray[np.float32]
    logits: NDArray[np.float32] | None = None
    spread: NDArray[np.float32] | None = None


class PictureEncoder(Protocol):
    """Pictures -> vectors. A picture's vector depends on the picture alone, never on its neighbours.

    classes: the names of the classes of its logits, each with its synonyms (`tabby, tabby cat`); none without logits.
    words: the encoder of texts whose vectors lie among those of the pictures (CLIP's, for one), if it has one.
    """

    name: str
    version: str
    dimension: int
    classes: Sequence[str]
    words: Encoder | None

    @property
    def identity(self) -> str:
        """What a knowledge base remembers, and compares: vectors of another identity are not comparable."""
        return f"{self.name}/{self.version}"

    def encode(self, pictures: Sequence[Pixels], progress: Callable[[int], None] | None = None) -> Seen:
        """(n,) pictures of any sizes -> their vectors. `progress` receives the number of pictures done so far."""
        ...
