"""Lines that were read from a picture -> text in the order in which people read: columns, then rows.

A line across the gutter between two columns (a title, a foot) parts what is above it from what is below. Lines that
stand on their side come last.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from quoth.passages.ocr import Line
from quoth.types import Box, LineBox

# As fractions of the picture's width.
_STEP = 0.0025
# So far a box may reach into a gutter: they are drawn somewhat larger than their letters.
_SLACK = 0.005
# No more of the lines may cross a gutter.
_CROSSING = 0.2
# Narrower lines are cells of a table, which is read by rows.
_COLUMN = 0.2
_FEWEST = 3
# As multiples of a line's height: what parts paragraphs, and what parts the cells of a row.
_PARAGRAPH, _CELL = 1.0, 1.5


def lay_out(lines: Sequence[Line], page: int | None = None) -> tuple[str, tuple[LineBox, ...]]:
    """The lines as text, one row a line, and where each stands in it and on the page."""
    text, boxes = "", []
    last: Line | None = None
    for row in _rows_in_order(lines):
        if last is not None:
            text += "\n\n" if not -last.height < row[0].top - last.bottom < _PARAGRAPH * last.height else "\n"
        for left, line in zip([None, *row], row, strict=False):
            text += "" if left is None else " " if line.left - left.right < _CELL * line.height else " | "
            box = Box(page, line.left, line.top, line.right, line.bottom)
            boxes.append(LineBox(len(text), len(text) + len(line.text), box))
            text += line.text
        last = row[0]
    return text, tuple(boxes)


def _rows_in_order(lines: Sequence[Line]) -> list[list[Line]]:
    upright = [line for line in lines if not _is_sideways(line)]
    return _columns(upright) + [[line] for line in lines if _is_sideways(line)]


def _is_sideways(line: Line) -> bool:
    return len(line.text) > _FEWEST and line.height > 2 * (line.right - line.left)


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines whose middles are at one height, from left to right; rows from the top."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        above = rows[-1][0] if rows else None
        if above and (line.top + line.bottom) / 2 < above.bottom - 0.3 * min(line.height, above.height):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _columns(lines: Sequence[Line]) -> list[list[Line]]:
    """The rows of each column, if there are columns of text; else the rows."""
    place = _gutter(lines)
    if place is None:
        return _rows(lines)
    rows: list[list[Line]] = []
    part: list[Line] = []
    for row in _rows(lines):
        if any(_crosses(line, place) for line in row):
            rows += [*_beside(part, place), row]
            part = []
        else:
            part += row
    return rows + _beside(part, place)


def _beside(lines: Sequence[Line], place: float) -> list[list[Line]]:
    """The rows on the left of a gutter, then those on its right."""
    left, right = _sides(lines, place)
    return _columns(left) + _columns(right)


def _gutter(lines: Sequence[Line]) -> float | None:
    """The middle of the upright stripe that the fewest lines cross, if it parts two columns of text."""
    places = [_STEP * step for step in range(int(_COLUMN / _STEP), int((1 - _COLUMN) / _STEP))]
    crossing = [sum(_crosses(line, place) for line in lines) for place in places]
    parting = [(n, place) for n, place in zip(crossing, places, strict=True) if _parts(lines, place, n)]
    return min(parting)[1] if parting else None


def _parts(lines: Sequence[Line], place: float, crossing: int) -> bool:
    sides = _sides(lines, place)
    is_clear = crossing <= _CROSSING * len(lines) and min(map(len, sides)) >= _FEWEST
    return is_clear and min(map(_width, sides)) >= _COLUMN


def _sides(lines: Sequence[Line], place: float) -> tuple[list[Line], list[Line]]:
    whole = [line for line in lines if not _crosses(line, place)]
    left = [line for line in whole if line.left + line.right < 2 * place]
    return left, [line for line in whole if line.left + line.right >= 2 * place]


def _crosses(line: Line, place: float) -> bool:
    return line.left < place - _SLACK and line.right > place + _SLACK


def _width(lines: Sequence[Line]) -> float:
    return median(line.right - line.left for line in lines)
