"""Lines that were read from a picture -> text in the order in which people read: columns, then rows.

Lines that span most of the picture (titles, a single column) part what is above them from what is below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from quoth.passages.ocr import Line
from quoth.types import Box, LineBox

# As fractions of the picture's width.
_SPANNING = 0.55
_GUTTER = 0.01
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


def _rows_in_order(lines: Sequence[Line]) -> Iterator[list[Line]]:
    part: list[Line] = []
    for row in _rows(lines):
        if len(row) == 1 and row[0].right - row[0].left >= _SPANNING:
            yield from _columns(part)
            yield row
            part = []
        else:
            part += row
    yield from _columns(part)


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
    for place in _gutters(lines):
        left = [line for line in lines if line.right <= place]
        right = [line for line in lines if line.left >= place]
        if all(len(side) >= _FEWEST and _width(side) >= _COLUMN for side in (left, right)):
            return _columns(left) + _columns(right)
    return _rows(lines)


def _gutters(lines: Sequence[Line]) -> Iterator[float]:
    """The middles of the upright stripes that no line crosses, from left to right."""
    reached = 0.0
    for line in sorted(lines, key=lambda line: line.left):
        if reached and line.left - reached >= _GUTTER:
            yield (line.left + reached) / 2
        reached = max(reached, line.right)


def _width(lines: Sequence[Line]) -> float:
    return median(line.right - line.left for line in lines)
