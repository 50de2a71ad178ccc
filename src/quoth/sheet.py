"""Contact sheets: the query and what was found for it, or groups of what is alike, as one picture."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from quoth.errors import StoreError, UsageError
from quoth.rendering import shown_sources
from quoth.types import Box, Hit, Passage, Picture, Pixels

if TYPE_CHECKING:
    from quoth.answer import Answer

CELL, GAP, COLUMNS = 220, 14, 5
# Pages shall be readable.
SOURCE_CELL, SOURCES_COLUMNS = 520, 3
_CAPTION = 54
_INK, _FAINT, _PAPER, _FRAME, _MARK = "#1d232a", "#6b7480", "#ffffff", "#d6dbe0", "#e2571e"
_LINE_CHARACTERS, _TEXT_LINES = 30, 12

Previews = Mapping[str, bytes]
"""Passage id -> JPEG file, of the passages that are pictures."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in one place: a picture or words, and two lines below it."""

    image: Image.Image | None
    words: str
    title: str
    note: str
    marked: bool = False
    region: Box | None = None


def draw_hits(query: str, picture: Picture | None, hits: Sequence[Hit], previews: Previews) -> Image.Image:
    """The query first (words, a picture, or both), then the hits in their order, with rank, title and score."""
    asked = _Cell(
        Image.fromarray(picture.pixels) if picture else None, query, "looked for", query if picture else "", marked=True
    )
    return _sheet(_rows([asked, *(_found(hit, previews) for hit in hits)]))


def draw_groups(groups: Sequence[Sequence[tuple[Passage, float]]], previews: Previews) -> Image.Image:
    """A row, or several, for each group of pictures with their cosines; the first of each is marked."""
    rows = []
    for group in groups:
        cells = [_cell(p, "", f"cosine {cosine:.3f}", previews, i == 0) for i, (p, cosine) in enumerate(group)]
        rows += _rows(cells)
    return _sheet(rows)


def draw_sources(answer: Answer, shown: Mapping[int, bytes]) -> Image.Image:
    """The question and the answer first, then the sources that have weight, as pages and pictures where there are.

    Args:
        answer: whose sources are meant.
        shown: index of a source -> what it stands on, as a JPEG file.
    """
    cells = [_Cell(None, f"{answer.question}\n\n{answer.text}", "asked", "", marked=True)]
    for i, source in shown_sources(answer):
        image = Image.open(io.BytesIO(shown[i])) if i in shown else None
        words = "" if image else " ".join(source.quote.split())
        title = f"{i + 1}  {source.passage.title}, {source.passage.place}"
        cells.append(_Cell(image, words, title, f"weight {source.weight:.0%}"))
    return _sheet(_rows(cells, SOURCES_COLUMNS), SOURCE_CELL)


def draw_made(prompt: str, made: Sequence[tuple[Pixels, str, Sequence[Hit]]], previews: Previews) -> Image.Image:
    """A row for each new picture, with a note on it: the prompt, the references, then the picture, marked."""
    rows = []
    for pixels, note, references in made:
        found = [_found(hit, previews) for hit in references]
        result = _Cell(Image.fromarray(pixels), "", "made by a machine", note, marked=True)
        rows += _rows([_Cell(None, prompt, "drawn for", ""), *found, result])
    return _sheet(rows)


def save_sheet(sheet: Image.Image, path: Path) -> None:
    """Write it; the extension tells the format.

    Raises:
        UsageError: the extension is of no picture.
        StoreError: it cannot be written.
    """
    try:
        sheet.save(path)
    except ValueError as error:
        raise UsageError(f"{path} has no extension of a picture", "name it .png or .jpg") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error})", "check the folder's rights and room") from error


def _nearness(hit: Hit) -> str:
    """What tells most: the cosine where there is one, else the score."""
    return f"score {hit.score:.3f}" if hit.similarity is None else f"nearness {hit.similarity:.2f}"


def _found(hit: Hit, previews: Previews) -> _Cell:
    return replace(_cell(hit.passage, f"{hit.rank}  ", _nearness(hit), previews), region=hit.region)


def _cell(passage: Passage, before: str, note: str, previews: Previews, marked: bool = False) -> _Cell:
    preview = previews.get(passage.id)
    image = Image.open(io.BytesIO(preview)) if preview else None
    words = "" if image else " ".join(passage.text.split())
    return _Cell(image, words, f"{before}{passage.title}", note, marked)


def _rows(cells: Sequence[_Cell], columns: int = COLUMNS) -> list[Sequence[_Cell]]:
    return [cells[start : start + columns] for start in range(0, len(cells), columns)]


def _sheet(rows: Sequence[Sequence[_Cell]], side: int = CELL) -> Image.Image:
    columns = max((len(row) for row in rows), default=1)
    size = (columns * (side + GAP) + GAP, max(1, len(rows)) * (side + _CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, _PAPER)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            _draw(sheet, cell, (GAP + x * (side + GAP), GAP + y * (side + _CAPTION + GAP)), side)
    return sheet


def _draw(sheet: Image.Image, cell: _Cell, place: tuple[int, int], side: int) -> None:
    draw, (x, y) = ImageDraw.Draw(sheet), place
    frame = (x - 1, y - 1, x + side, y + side)
    characters = side * _LINE_CHARACTERS // CELL
    draw.rectangle(frame, outline=_INK if cell.marked else _FRAME, width=3 if cell.marked else 1)
    if cell.image is not None:
        inside = ImageOps.contain(cell.image.convert("RGB"), (side - 6, side - 6))
        left, top = x + (side - inside.width) // 2, y + (side - inside.height) // 2
        sheet.paste(inside, (left, top))
        if cell.region:
            edges = np.array([cell.region.left, cell.region.top, cell.region.right, cell.region.bottom])
            corners = np.tile(np.subtract(inside.size, 1), 2) * edges + (left, top, left, top)
            draw.rectangle(tuple(corners.tolist()), outline=_MARK, width=3)
    else:
        lines = textwrap.wrap(cell.words, characters, max_lines=side * _TEXT_LINES // CELL, placeholder=" …")
        draw.multiline_text((x + 8, y + 8), "\n".join(lines), _INK, ImageFont.load_default(14), spacing=3)
    for line, (text, ink) in enumerate(((cell.title, _INK), (cell.note, _FAINT))):
        draw.text((x, y + side + 6 + 20 * line), _shortened(text, characters), ink, ImageFont.load_default(14))


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 2]} …"
