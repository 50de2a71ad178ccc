"""Words in pictures, read by rapidocr where it is installed (extra `quoth[ocr]`); without it there are none.

Its models lie in its package: it needs no network. To look for text in a photo of 512 pixels takes a third of a second,
so cheaper looks come first: runs of strong edges (5 ms), then the detector on a small copy (60 ms).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from quoth.passages.content import one_line
from quoth.passages.heartbeat import beat

Engine: TypeAlias = Any  # rapidocr.RapidOCR, which has no types that hold

LONGEST = 2_000
"""The longer side of what is read, in pixels: an A4 page at 170 dots an inch."""

_GATE = 512
# So many runs of edges are a text, fewer are asked of the detector.
_MANY_RUNS = 3
_GLANCE = 256
_DETECTED = 1_280
# A box that is no wider than high is a letter, if it is one.
_WORD = 1.8
# Below, a line is a guess; and guesses count only beside a word that is none.
_LIKELY, _SURE = 0.6, 0.8
_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a picture; its edges are fractions of the picture's width and height, from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Of the line, as a fraction of the picture's."""
        return self.bottom - self.top


@cache
def is_installed() -> bool:
    """Whether words in pictures can be read."""
    return find_spec("rapidocr") is not None


def read_lines(image: Image.Image) -> list[Line]:
    """The lines of text in an upright picture, in no order; none where nothing looks like text."""
    if not is_installed() or not _runs_of_edges(image):
        return []
    pixels = _pixels(image, LONGEST)
    found = _engine(_DETECTED)(pixels)
    beat()
    if found.txts is None or found.boxes is None:
        return []
    height, width = pixels.shape[:2]
    scale = np.array([width, height], np.float32)
    read = zip(found.boxes, found.txts, found.scores, strict=True)
    lines = [(_line(box / scale, text), score) for box, text, score in read if score >= _LIKELY and text.strip()]
    is_text = any(score >= _SURE and sum(map(str.isalnum, line.text)) >= _LETTERS for line, score in lines)
    return [line for line, _ in lines] if is_text else []


def _line(corners: NDArray[np.float32], text: str) -> Line:
    (left, top), (right, bottom) = corners.min(0).clip(0, 1).tolist(), corners.max(0).clip(0, 1).tolist()
    return Line(one_line(text), left, top, right, bottom)


def may_hold_text(image: Image.Image) -> bool:
    """Whether a picture looks as if it held text, at a small price; it misses some single short lines.

    Only where rapidocr is installed.
    """
    runs = _runs_of_edges(image)
    if not runs or runs >= _MANY_RUNS:
        return bool(runs)
    found = _engine(_GLANCE)(_pixels(image, _GLANCE), use_cls=False, use_rec=False)
    return found.boxes is not None and any(_is_wide(box) for box in found.boxes)


def _is_wide(corners: NDArray[np.float32]) -> bool:
    across, down = (float(np.linalg.norm(corners[i] - corners[0])) for i in (1, 3))
    return max(across, down) >= _WORD * max(min(across, down), 1.0)


def _runs_of_edges(image: Image.Image) -> int:
    """How many long, low, filled patches strong edges make when they are smeared sideways: lines of text do."""
    import cv2  # rapidocr brings it

    grey = _pixels(image, _GATE).max(axis=2)
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    strong = ((edges > limit).astype(np.uint8) for limit in (50, 100))
    smeared = (cv2.morphologyEx(one, cv2.MORPH_CLOSE, np.ones((1, n), np.uint8)) for one in strong for n in (7, 15))
    return max(_lines_among(cv2.connectedComponentsWithStats(one)[2][1:]) for one in smeared)


def _lines_among(patches: NDArray[np.int32]) -> int:
    """How many patches (rows of x, y, width, height, area) have the shape of a line of text."""
    width, height, area = patches[:, 2], patches[:, 3], patches[:, 4]
    low = (height >= 4) & (height <= 90) & (width >= 20) & (width >= 2.5 * height)
    return int((low & (area >= 0.6 * width * height)).sum())


def _pixels(image: Image.Image, longest: int) -> NDArray[np.uint8]:
    """(height, width, 3) uint8: blue, green, red, as rapidocr wants them."""
    small = image.convert("RGB")
    small.thumbnail((longest, longest), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.ascontiguousarray(np.asarray(small)[:, :, ::-1])


@cache
def _engine(longest: int) -> Engine:
    """What reads; its detector sees the picture with a longer side of so many pixels. One thread, as for encoders."""
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": LONGEST,
            "Det.limit_type": "max",
            "Det.limit_side_len": longest,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
