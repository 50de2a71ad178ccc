"""Draw: words -> the pictures that show them -> a new picture that says what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path, PurePath

from quoth.checkpoints import HUB
from quoth.drawing import STRENGTH, Drawing, ImageGenerator, Sketch, load_image_generator
from quoth.drawing.base import Progress, silent
from quoth.drawing.provenance import Provenance, Reference, encode_drawing, save_drawing
from quoth.errors import UsageError
from quoth.generators.remote_loading import PREFIX
from quoth.passages.pixels import decode_picture
from quoth.settings import Settings
from quoth.store import Previews
from quoth.types import Hit, Pixels

REFERENCES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A new picture with its provenance; `references` are the hits that it was made from."""

    pixels: Pixels
    provenance: Provenance
    references: tuple[Hit, ...]

    def save(self, path: str | PurePath) -> None:
        """Write it with its provenance, as .png, .jpg or .webp.

        Raises:
            UsageError: the name has another extension.
            StoreError: it cannot be written.
        """
        save_drawing(self.pixels, self.provenance, Path(path))

    def _repr_png_(self) -> bytes:
        return encode_drawing(self.pixels, self.provenance)


class Drawer:
    """Draws for one knowledge base; the model is loaded when it is first needed, and kept."""

    def __init__(self, settings: Settings, search: Callable[[str, int], list[Hit]], previews: Previews) -> None:
        """`search` finds the k pictures that show some words."""
        self._settings = settings
        self._search = search
        self._previews = previews

    @cached_property
    def generator(self) -> ImageGenerator:
        """The model that draws; loads it."""
        return load_image_generator(self._settings)

    def __call__(
        self,
        prompt: str,
        k: int = REFERENCES,
        *,
        references: Sequence[Hit] | None = None,
        seed: int = 0,
        count: int = 1,
        steps: int = 0,
        strength: float = STRENGTH,
        progress: Progress = silent,
    ) -> list[Drawn]:
        """New pictures of what the prompt says, after the k pictures here that show it best; see `Drawn.save`.

        Args:
            prompt: words.
            k: how many pictures to draw after; 0 draws by words alone.
            references: hits to draw after instead.
            seed: of the first picture; the next one has the next.
            count: how many pictures to draw.
            steps: of the denoising; 0 leaves them to the model.
            strength: how far from the references, see `quoth.drawing.Sketch`.
            progress: is told the steps done, and the steps in all.

        Raises:
            UsageError: the prompt is empty, no `image_model` is set, or it cannot draw so.
            NotFoundError: there is no knowledge base to look for pictures in.
            MissingExtraError: what it computes with is not installed.
            ModelError: it cannot be loaded, fails, or withholds what it drew.
        """
        if not prompt.strip():
            raise UsageError("the prompt is empty", "say in words what to draw")
        sketch = Sketch(seed, count, steps, strength)
        if references is None:
            references = self._search(prompt, k) if k else []
        shown = self._previews([hit.passage.id for hit in references]) if references else {}
        hits = [hit for hit in references if hit.passage.id in shown]
        pixels = [decode_picture(shown[hit.passage.id]).pixels for hit in hits]
        drawings = self.generator.generate(prompt, pixels, sketch, progress)
        return [_drawn(self.generator.name, prompt, hits, sketch, drawing) for drawing in drawings]


def _drawn(model: str, prompt: str, hits: Sequence[Hit], sketch: Sketch, drawing: Drawing) -> Drawn:
    used = tuple(hits[i] for i in drawing.references)
    references = tuple(Reference(PurePath(hit.passage.document).name, hit.passage.picture) for hit in used)
    dial = sketch.strength if drawing.way in ("image-to-image", "ip-adapter") else None
    # A model's folder is told by its name alone, as a document is: where they lie is nobody's business.
    name = model if model.startswith((HUB, PREFIX)) else PurePath(model).name
    provenance = Provenance(
        prompt, name, drawing.way, references, drawing.seed, drawing.steps, dial, version("quoth")
    )  # fmt: skip
    return Drawn(drawing.pixels, provenance, used)
