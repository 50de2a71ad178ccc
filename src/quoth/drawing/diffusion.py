"""Drawing by a pipeline of diffusers, on this machine."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from diffusers import AutoPipelineForImage2Image, AutoPipelineForText2Image
from PIL import Image

from quoth.drawing.base import Drawing, ImageGenerator, Progress, Sketch, Way, silent
from quoth.errors import ModelError, UsageError
from quoth.types import Pixels

# Sides are multiples of so many of the model's own numbers: Flux and its like take two by two of them.
_PACKED = 2


class DiffusionGenerator(ImageGenerator):
    """A pipeline that draws, one picture after the other, each with a seed of its own.

    With an IP-Adapter all references are its prompt. Without one picture i is drawn over reference i (and over the
    first again after the last), by image-to-image (SDEdit, Meng et al. 2021, arXiv 2108.01073), or is an edit of it.
    """

    def __init__(self, name: str, pipe: Any, *, adapts: bool = False) -> None:  # noqa: ANN401, diffusers has no types
        """`adapts` says that the pipeline has an IP-Adapter.

        Raises:
            ModelError: it does not draw.
        """
        self.name = name
        self._pipe = pipe
        self._adapts = adapts
        self._from_words = _turned(AutoPipelineForText2Image, pipe)
        self._from_pictures = _turned(AutoPipelineForImage2Image, pipe)
        if self._from_words is None and self._from_pictures is None:
            raise ModelError(f"{name} is a {type(pipe).__name__}, which draws no pictures", "give one that does")

    def generate(
        self,
        prompt: str,
        references: Sequence[Pixels] = (),
        sketch: Sketch = Sketch(),  # noqa: B008, it is frozen
        progress: Progress = silent,
    ) -> list[Drawing]:
        """See `ImageGenerator.generate`."""
        drawings = []
        for i in range(sketch.count):
            used, given = self._given(references, i, sketch)
            pipe, way = self._pipe_for(used)
            options = {"prompt": prompt, **given, **_dials(pipe, sketch, way)}
            counted = _counting(pipe, lambda done, total, i=i: progress(i * total + done, sketch.count * total))  # type: ignore[misc]
            generator = torch.Generator("cpu").manual_seed(sketch.seed + i)
            pixels = self._drawn(pipe, {**options, **counted, "generator": generator})
            drawings.append(Drawing(pixels, way, used, sketch.seed + i, options.get("num_inference_steps")))
        return drawings

    def _pipe_for(self, used: Sequence[int]) -> tuple[Any, Way]:
        if used and not self._adapts:
            if self._from_pictures is None:
                raise UsageError(f"{self.name} draws from words alone", "ask for no references: -k 0")
            return self._from_pictures, "image-to-image" if _takes(self._from_pictures, "strength") else "image-edit"
        if self._from_words is None:
            raise UsageError(f"{self.name} draws only after pictures", "ask for references: -k 1")
        return self._from_words, "ip-adapter" if used else "text-to-image"

    def _given(self, references: Sequence[Pixels], i: int, sketch: Sketch) -> tuple[tuple[int, ...], dict[str, Any]]:
        """Which references picture i is made from, and how the pipeline is told."""
        if self._adapts:
            # It wants pictures also where there are none: then they count nothing.
            self._from_words.set_ip_adapter_scale(1 - sketch.strength if references else 0.0)
            shown = [Image.fromarray(one) for one in references] or [Image.new("RGB", (64, 64))]
            return tuple(range(len(references))), {"ip_adapter_image": [shown]}
        if not references:
            return (), {}
        chosen = i % len(references)
        return (chosen,), {"image": self._fitted(Image.fromarray(references[chosen]))}

    def _fitted(self, image: Image.Image) -> Image.Image:
        """A reference in as many pixels as the model was made for, its sides in proportion."""
        unit = self._pipe.vae_scale_factor * _PACKED
        scale = math.sqrt(self._side**2 / (image.width * image.height))
        width, height = (max(unit, round(side * scale / unit) * unit) for side in image.size)
        return image.resize((width, height), Image.Resampling.LANCZOS)

    @property
    def _side(self) -> int:
        """Of the square that the model draws by itself, in pixels."""
        parts = (getattr(self._pipe, name, None) for name in ("unet", "transformer"))
        size = (
            getattr(self._pipe, "default_sample_size", None) or next(part for part in parts if part).config.sample_size
        )
        return int(size) * int(self._pipe.vae_scale_factor)

    def _drawn(self, pipe: Any, options: Mapping[str, Any]) -> Pixels:  # noqa: ANN401
        try:
            made = pipe(**options)
        except (ValueError, TypeError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            cure = "draw with fewer references, or with a smaller model"
            raise ModelError(f"{self.name} could not draw ({reason})", cure) from error
        if any(getattr(made, "nsfw_content_detected", None) or ()):
            raise ModelError(f"{self.name} withholds what it drew", "use other words, or another seed")
        return np.asarray(made.images[0].convert("RGB"), np.uint8)


def _turned(kind: type[Any], pipe: Any) -> Any:  # noqa: ANN401
    """The pipeline for this task, with the same weights; None if it has none."""
    try:
        turned = kind.from_pipe(pipe)
    except ValueError:
        return None
    turned.set_progress_bar_config(disable=True)
    return turned


def _dials(pipe: Any, sketch: Sketch, way: Way) -> dict[str, Any]:  # noqa: ANN401
    """Steps and strength, as far as the pipeline takes them. Raises UsageError if nothing would be drawn."""
    parameters = inspect.signature(pipe.__call__).parameters
    steps = parameters.get("num_inference_steps")
    dials = {} if steps is None else {"num_inference_steps": sketch.steps or steps.default}
    if way != "image-to-image":
        return dials
    taken = dials.get("num_inference_steps")
    if taken is not None and int(taken * sketch.strength) < 1:
        least = math.ceil(1 / sketch.strength)
        raise UsageError(f"{taken} steps of strength {sketch.strength:g} draw nothing", f"take at least {least} steps")
    return {**dials, "strength": sketch.strength}


def _counting(pipe: Any, progress: Progress) -> dict[str, Any]:  # noqa: ANN401
    """The pipeline's own way to tell how far it is, if it has one."""
    if not _takes(pipe, "callback_on_step_end"):
        return {}

    def tell(at: Any, step: int, _time: object, kept: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
        progress(step + 1, at.num_timesteps)
        return kept

    return {"callback_on_step_end": tell}


def _takes(pipe: Any, name: str) -> bool:  # noqa: ANN401
    return name in inspect.signature(pipe.__call__).parameters
