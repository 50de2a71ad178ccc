"""The regions in which a picture that holds several things is looked at again: overlapping crops."""

from __future__ import annotations

from quoth.types import Box, Pixels

SHARE = 0.6
"""Of each side, so that neighbours share a third of themselves and what lies on a border is whole in one of them."""

SMALLEST = 96
"""Of a picture with a side of fewer pixels the parts show nothing more."""

HANDICAP = 0.05
"""How much nearer to words than the whole a region must be: the best of five is so by chance (docs/experiments.md)."""

_REST = 1 - SHARE
_CORNERS = ((0.0, 0.0), (_REST, 0.0), (0.0, _REST), (_REST, _REST), (_REST / 2, _REST / 2))
REGIONS = tuple(Box(None, left, top, left + SHARE, top + SHARE) for left, top in _CORNERS)
"""The four quarters and the centre."""


def regions_of(pixels: Pixels) -> tuple[Box, ...]:
    """Where to look again in a picture; nowhere in a tiny one."""
    return REGIONS if min(pixels.shape[:2]) >= SMALLEST else ()


def cut(pixels: Pixels, box: Box) -> Pixels:
    """(height, width, 3) -> the part of it in the box, not copied."""
    height, width = pixels.shape[:2]
    rows = slice(round(box.top * height), round(box.bottom * height))
    return pixels[rows, round(box.left * width) : round(box.right * width)]
