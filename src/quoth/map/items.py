"""What lies on a map, and where: thumbnails are moved to the nearest free field, so that none hides another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

# Fields for each thumbnail: with fewer the map becomes a table, with more it becomes small.
_ROOM = 2.5


@dataclass(frozen=True, slots=True)
class Item:
    """A picture (its `preview` is a JPEG file) or a text, at (x, y) in [0, 1]."""

    x: float
    y: float
    title: str
    source: str
    words: str
    preview: bytes | None = None


def settle(items: Sequence[Item]) -> tuple[list[Item], int]:
    """The items with each thumbnail in a field of its own, as near as can be to its place; and the fields a side."""
    pictures = [i for i, item in enumerate(items) if item.preview is not None]
    side = max(4, int(np.ceil(np.sqrt(_ROOM * len(pictures)))))
    fields = _assign(np.array([[items[i].x, items[i].y] for i in pictures]).reshape(-1, 2), side)
    settled = list(items)
    for i, (column, row) in zip(pictures, fields.tolist(), strict=True):
        settled[i] = replace(items[i], x=(column + 0.5) / side, y=(row + 0.5) / side)
    return settled, side


def _assign(places: NDArray[np.float64], side: int) -> NDArray[np.intp]:
    """(n, 2) places -> (n, 2) fields, each once: who is nearest to the middle of the map chooses first."""
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    centres = (grid + 0.5) / side
    free = np.ones(len(grid), bool)
    found = np.zeros((len(places), 2), np.intp)
    for i in np.argsort(((places - 0.5) ** 2).sum(axis=1), kind="stable"):
        distances = np.where(free, ((centres - places[i]) ** 2).sum(axis=1), np.inf)
        best = int(distances.argmin())
        free[best] = False
        found[i] = grid[best]
    return found
