"""Other views of the same pictures: what tells a Siamese head, without labels, which differences do not matter."""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from quoth.passages.pixels import encode_jpeg
from quoth.types import Pixels

AREA = (0.5, 1.0)
"""The part of a picture that a crop keeps."""

ASPECT = (0.75, 4 / 3)
"""Width over height of a crop, in units of the picture's own."""

LIGHT = (0.7, 1.3)
"""The factors of brightness, contrast and colour."""

DEGREES = (-10.0, 10.0)
"""How far a picture is turned."""

QUALITY = (40, 95)
"""Of the JPEG file that a view goes through."""

# A turned picture shows what lies beyond its edges, which is its mirror image: so much of each side.
_BEYOND = 0.2
# Below so many pixels a side nothing is cut off.
_LEAST = 16
_ENHANCERS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)


def augmented(pictures: Sequence[Pixels], copies: int, seed: int = 0) -> tuple[list[Pixels], NDArray[np.int64]]:
    """`copies` views of each picture: turned a little, cropped, mirrored, in other light, recompressed.

    A picture's views depend on the picture and the seed alone, never on its neighbours, so that many pictures can be
    taken a part at a time.

    Returns:
        The n * copies views, those of a picture together, and (n * copies,) int64: the index of each view's picture.
    """
    views = [_view(pixels, copy, seed) for pixels in pictures for copy in range(copies)]
    return views, np.repeat(np.arange(len(pictures)), copies)


def _view(pixels: Pixels, copy: int, seed: int) -> Pixels:
    draw = np.random.default_rng([seed, copy, zlib.crc32(pixels.tobytes())])
    image = _cropped(_turned(pixels, draw.uniform(*DEGREES)), draw)
    if draw.random() < 0.5:
        image = ImageOps.mirror(image)
    for enhancer in _ENHANCERS:
        image = enhancer(image).enhance(draw.uniform(*LIGHT))
    file = encode_jpeg(image, int(draw.integers(*QUALITY, endpoint=True)))
    return np.asarray(Image.open(io.BytesIO(file)))


def _turned(pixels: Pixels, degrees: float) -> Image.Image:
    """The picture, turned about its centre; its corners show its mirror image."""
    height, width = pixels.shape[:2]
    down, right = math.ceil(height * _BEYOND), math.ceil(width * _BEYOND)
    wide = Image.fromarray(np.pad(pixels, ((down, down), (right, right), (0, 0)), "symmetric"))
    return wide.rotate(degrees, Image.Resampling.BILINEAR).crop((right, down, right + width, down + height))


def _cropped(image: Image.Image, draw: np.random.Generator) -> Image.Image:
    """A rectangle somewhere in the picture, of a part of its area."""
    part, aspect = draw.uniform(*AREA), math.exp(draw.uniform(*np.log(ASPECT)))
    width, height = (
        min(side, max(_LEAST, round(side * math.sqrt(part * stretch))))
        for side, stretch in zip(image.size, (aspect, 1 / aspect), strict=True)
    )
    left, top = (int(draw.integers(0, room, endpoint=True)) for room in (image.width - width, image.height - height))
    return image.crop((left, top, left + width, top + height))
