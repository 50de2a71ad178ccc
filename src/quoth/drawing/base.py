"""What draws: words and reference pictures in, new pictures out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from quoth.errors import UsageError
from quoth.types import Pixels

Way = Literal["text-to-image", "image-to-image", "ip-adapter", "image-edit"]
"""How a picture came to be: from words alone, from a reference that was drawn over, from words with the references as
an IP-Adapter's prompt (Ye et al. 2023, arXiv 2308.06721), or as an edit of the references."""

STRENGTH = 0.6
"""How far from the references by default."""

Progress = Callable[[int, int], None]
"""Told while it draws: steps done, steps in all."""


def silent(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """How to draw.

    seed: of the first picture; the next one has the next.
    count: how many pictures.
    steps: of the denoising; 0 leaves them to the model.
    strength: how far from the references, in (0, 1]: near 0 they are what is drawn, at 1 the words alone count. Only
        where the model has such a dial.
    """

    seed: int = 0
    count: int = 1
    steps: int = 0
    strength: float = STRENGTH

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if min(self.seed, self.steps) < 0 or self.count < 1:
            raise UsageError(
                f"seed {self.seed}, {self.steps} steps, {self.count} pictures",
                "the seed and the steps must be at least 0, the pictures at least 1",
            )
        if not 0 < self.strength <= 1:
            raise UsageError(f"a strength of {self.strength}", "it must be above 0 and at most 1")


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A new picture, and what it was made from.

    references: of those that were given, the ones that it was made from, counted from 0.
    seed, steps: None where the model does not take them or does not tell.
    """

    pixels: Pixels
    way: Way
    references: tuple[int, ...] = ()
    seed: int | None = None
    steps: int | None = None


class ImageGenerator(Protocol):
    """A model that draws. The same prompt, references and seed give the same pictures, where it takes a seed."""

    name: str

    def generate(
        self,
        prompt: str,
        references: Sequence[Pixels] = (),
        sketch: Sketch = Sketch(),
        progress: Progress = silent,
    ) -> list[Drawing]:
        """`sketch.count` pictures of what the prompt says, after the references if there are any, best first.

        Raises:
            UsageError: the model cannot draw so (references where it takes none, too few steps).
            ModelError: it fails, or withholds what it drew.
        """
        ...
