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
# Of what is longer for its width only the square is computed: resized whole it could fill the memory. That is not done
# for all, since Pillow's roundings differ by a few of 255.
_RIBBON = 32
_RESAMPLING = {name.lower(): value for name, value in Image.Resampling.__members__.items()}


@dataclass(frozen=True, slots=True)
class View:
    """How a model wants its pictures.

    size: of the square, in pixels.
    crop: the part of the shorter side that the central square has; 0 takes the whole picture, pressed into a square.
    resample: Pillow's name of the interpolation; shrink: of that for pictures that become smaller, "" for the same.
    mean, std: (x - mean) / std for each of red, green and blue, of pixel values from 0 to 255.
    channels: the order that the model wants.
    shorter: the shorter side, in pixels, of the whole picture before its central square of `size` is cut out, as CLIP's
        processors do it; 0 leaves the square to `crop`.
    """

    size: int
    crop: float = 0.875
    resample: str = "bicubic"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    channels: Channels = "rgb"
    shrink: str = ""
    shorter: int = 0

    def square(self, pixels: Pixels) -> Pixels:
        """(height, width, 3) uint8 of any size -> (size, size, 3) uint8, red first."""
        image = Image.fromarray(pixels)
        if self.shorter:
            return np.asarray(self._cut(image))
        box = self._box(*image.size)
        # How much smaller it becomes: what was trained without antialiasing wants the filter that has least of it.
        shrinks = min(box[2] - box[0], box[3] - box[1]) > self.size
        return np.asarray(image.resize((self.size, self.size), self._filter(shrinks=shrinks), box))

    def _filter(self, *, shrinks: bool) -> Image.Resampling:
        return _RESAMPLING[self.shrink if self.shrink and shrinks else self.resample]

    def _box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """What the square shows: left, top, right and bottom in the picture's pixels."""
        if not self.crop:
            return 0, 0, width, height
        side = self.crop * min(height, width)
        left, top = (width - side) / 2, (height - side) / 2
        return left, top, left + side, top + side

    def _cut(self, image: Image.Image) -> Image.Image:
        """The central square of the picture whose shorter side has become `shorter`."""
        short, long = sorted(image.size)
        chosen = self._filter(shrinks=short > self.shorter)
        # In whole pixels, rounded as the processors of transformers round.
        wide, high = (int(self.shorter * side / short) for side in image.size)
        left, top = (wide - self.size) // 2, (high - self.size) // 2
        right, bottom = left + self.size, top + self.size
        if long <= _RIBBON * short:
            return image.resize((wide, high), chosen).crop((left, top, right, bottom))
        across, down = image.width / wide, image.height / high
        box = (left * across, top * down, min(right * across, image.width), min(bottom * down, image.height))
        return image.resize((self.size, self.size), chosen, box)

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
    if view.shorter and view.shorter < view.size:
        raise ValueError(f"a square of {view.size} cannot be cut out of a picture whose shorter side is {view.shorter}")
    return view


def processor_view(config: Mapping[str, Any]) -> View:
    """What a `preprocessor_config.json` of transformers describes.

    Raises KeyError, ValueError or TypeError for what gives no square.
    """
    if not config.get("do_resize", True):
        raise ValueError("do_resize is false")
    size, shorter = _sizes(config)
    # Pixel values are multiplied by this first; `View` has it in mean and standard deviation.
    factor = config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0
    normal = config.get("do_normalize", True)
    mean, std = (config["image_mean"], config["image_std"]) if normal else ([0.0] * 3, [1.0] * 3)
    scaled = {"mean": [x / factor for x in mean], "std": [x / factor for x in std]}
    resample = Image.Resampling(config["resample"]).name.lower()
    return make_view({"size": size, "crop": 0.0, "resample": resample, "shorter": shorter, **scaled})


def _sizes(config: Mapping[str, Any]) -> tuple[int, int]:
    """The square's size, and the shorter side of the picture that it is cut out of (0: it is the whole picture)."""
    size, cut = config["size"], config.get("do_center_crop", bool(config.get("crop_size")))
    # A bare number is the shorter side where a square is cut out (as CLIP's checkpoints of 2021 have it), else both.
    shorter = size if cut and isinstance(size, int) else size.get("shortest_edge") if isinstance(size, dict) else 0
    if not shorter:
        if cut and _side(config["crop_size"]) != _side(size):
            raise ValueError(f"a square of {config['crop_size']} is cut out of {size}")
        return _side(size), 0
    if not cut:
        raise ValueError(f"size is {size} and nothing is cut out: that is no square")
    return _side(config["crop_size"]), int(shorter)


def _side(size: Any) -> int:  # noqa: ANN401, what the file says
    """224 of 224 or of {"height": 224, "width": 224}."""
    if isinstance(size, int):
        return size
    if size["height"] != size["width"]:
        raise ValueError(f"{size} is no square")
    return int(size["height"])


CAFFE = View(224, 0, "nearest", mean=(123.68, 116.779, 103.939), channels="bgr")
"""What Keras's ResNet50 was trained with: `keras.applications.resnet50.preprocess_input` after its `load_img`."""
