"""What a picture model looks at: a square of fixed size, cut out and normalised as the model was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from quoth.types import Pixels

Channels = Literal["rgb", "bgr"]
_RESAMPLING = {name.lower(): value for name, value in Image.Resampling.__members__.items()}


@dataclass(frozen=True, slots=True)
class View:
    """How a model wants its pictures.

    size: of the square, in pixels.
    crop: the part of the shorter side that the central square has; 0 takes the whole picture, pressed into a square.
    resample: Pillow's name of the interpolation; shrink: of that for pictures that become smaller, "" for the same.
    mean, std: (x - mean) / std for each of red, green and blue, of pixel values from 0 to 255.
    channels: the order that the model wants.
    """

    size: int
    crop: float = 0.875
    resample: str = "bicubic"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    channels: Channels = "rgb"
    shrink: str = ""

    def square(self, pixels: Pixels) -> Pixels:
        """(height, width, 3) uint8 of any size -> (size, size, 3) uint8, red first."""
        height, width = pixels.shape[:2]
        side = self.crop * min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side) if self.crop else (0, 0, width, height)
        # How much smaller it becomes: what was trained without antialiasing wants the filter that has least of it.
        name = self.shrink if self.shrink and min(height, width) * (self.crop or 1) > self.size else self.resample
        image = Image.fromarray(pixels)
        return np.asarray(image.resize((self.size, self.size), _RESAMPLING[name], box))

    def normalise(self, square: Pixels) -> NDArray[np.float32]:
        """(size, size, 3) uint8, red first -> float32, centred and scaled, in the model's order."""
        mean, std = np.array([self.mean, self.std], np.float32)
        values = np.asarray((square - mean) / std, np.float32)
        return values[..., ::-1] if self.channels == "bgr" else values


def make_view(values: Mapping[str, Any]) -> View:
    """A view from what a model's card says. Raises ValueError or TypeError for what makes no sense."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    view = View(**given)
    if {view.resample, view.shrink or view.resample} - set(_RESAMPLING) or view.channels not in get_args(Channels):
        raise ValueError(f"resample is {view.resample!r} and channels {view.channels!r}")
    return view


CAFFE = View(224, 0, "nearest", mean=(123.68, 116.779, 103.939), channels="bgr")
"""What Keras's ResNet50 was trained with: `keras.applications.resnet50.preprocess_input` after its `load_img`."""
