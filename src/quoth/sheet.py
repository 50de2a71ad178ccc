"""A contact sheet: the query and what was found for it, as one picture."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from quoth.errors import StoreError, UsageError
from quoth.types import Hit, Picture

CELL, GAP, COLUMNS = 220, 14, 5
_CAPTION = 54
_INK, _FAINT, _PAPER, _FRAME = "#1d232a", "#6b7480", "#ffffff", "#d6dbe0"
_LINE_CHARACTERS, _TEXT_LINES = 30, 12


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in one place: a picture or words, and two lines below it."""

    image: Image.Image | None
    words: str
    title: str
    note: str


def draw_sheet(query: str, picture: Picture | None, hits: Sequence[Hit], previews: Mapping[str, bytes]) -> Image.Image:
    """The query first, then the hits in their order, each with its rank, score and name.

    Args:
        query: the words; may be empty beside a picture.
        picture: the picture that was looked for, if one was.
        hits: passages, pictures or text.
        previews: passage id -> JPEG file, of the hits that are pictures.
    """
    asked = _Cell(Image.fromarray(picture.pixels) if picture else None, query, "looked for", query if picture else "")
    cells = [asked, *(_cell(hit, previews.get(hit.passage.id)) for hit in hits)]
    columns = min(COLUMNS, len(cells))
    rows = -(-len(cells) // columns)
    size = (columns * (CELL + GAP) + GAP, rows * (CELL + _CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, _PAPER)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        place = (GAP + column * (CELL + GAP), GAP + row * (CELL + _CAPTION + GAP))
        _draw(sheet, cell, place, marked=index == 0)
    return sheet


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


def _cell(hit: Hit, preview: bytes | None) -> _Cell:
    image = Image.open(io.BytesIO(preview)) if preview else None
    words = "" if image else " ".join(hit.passage.text.split())
    return _Cell(image, words, f"{hit.rank}  {hit.passage.title}", f"score {hit.score:.3f}")


def _draw(sheet: Image.Image, cell: _Cell, place: tuple[int, int], *, marked: bool) -> None:
    draw, (x, y) = ImageDraw.Draw(sheet), place
    frame = (x - 1, y - 1, x + CELL, y + CELL)
    draw.rectangle(frame, outline=_INK if marked else _FRAME, width=3 if marked else 1)
    if cell.image is not None:
        inside = ImageOps.contain(cell.image.convert("RGB"), (CELL - 6, CELL - 6))
        sheet.paste(inside, (x + (CELL - inside.width) // 2, y + (CELL - inside.height) // 2))
    else:
        lines = textwrap.wrap(cell.words, _LINE_CHARACTERS, max_lines=_TEXT_LINES, placeholder=" …")
        draw.multiline_text((x + 8, y + 8), "\n".join(lines), _INK, ImageFont.load_default(14), spacing=3)
    for line, (text, ink) in enumerate(((cell.title, _INK), (cell.note, _FAINT))):
        shown = text if len(text) <= _LINE_CHARACTERS else f"{text[: _LINE_CHARACTERS - 2]} …"
        draw.text((x, y + CELL + 6 + 20 * line), shown, ink, ImageFont.load_default(14))
