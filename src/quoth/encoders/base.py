"""What an encoder is: raw data in, vectors out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from quoth.types import Vectors


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
