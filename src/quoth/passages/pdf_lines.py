"""The lines of a PDF page, with the places and sizes of their letters."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from pypdfium2 import raw

from quoth.passages.content import squeeze

pdfium: Any = raw
"""PDFium's own functions, which have no types."""

TextPage: TypeAlias = Any  # pypdfium2.PdfTextPage
Box: TypeAlias = Any  # FS_RECTF: left, top, right, bottom in points

_HYPHEN = "\x02"
"""What PDFium gives for a hyphen that parts a word at the end of a line."""

PARTED = "\u2010\u2010"
"""The mark at the end of a `Line` whose last word goes on in the next line; never shown."""

_BULLETS = str.maketrans(dict.fromkeys("\uf0a7\uf0b7\uf0d8\uf0fc\uf076\uf06e\uf0e8", "•"))
"""Bullets of the fonts Symbol and Wingdings, which have no character of their own."""

_BOLD = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: its text and its place, in points from the page's lower left corner.

    `base` and `bottom` are the heights of its first and its last character: PDFium sometimes takes two lines
    of a paragraph for one.

    `size` is the height of its letters' cells, in points, rounded to a half; `bold` that they are all bold.
    """

    text: str
    left: float
    right: float
    base: float
    bottom: float
    size: float
    bold: bool = False


def page_lines(page: TextPage) -> list[Line]:
    """The lines of a page in the order of the page's own text, without empty ones."""
    found = (_line(page, text, start) for text, start in _pieces(_characters(page)))
    return [line for line in found if line is not None]


def _characters(page: TextPage) -> list[str]:
    """One string for every character index of PDFium, "" where it knows no character."""
    count = page.count_chars()
    text = page.get_text_range() if count else ""
    if len(text) == count:
        return list(text)
    codes = (pdfium.FPDFText_GetUnicode(page.raw, index) for index in range(count))
    return [chr(code) if 0 < code < 0x110000 else "" for code in codes]


def _pieces(characters: list[str]) -> Iterator[tuple[str, int]]:
    """The lines as text and the index of their first character; indices count list items."""
    start = 0
    for index, character in enumerate([*characters, "\n"]):
        if character in ("\r", "\n"):
            if index > start:
                yield "".join(c or "\0" for c in characters[start:index]), start
            start = index + 1


def _line(page: TextPage, raw: str, start: int) -> Line | None:
    text = squeeze(raw.translate(_BULLETS))
    if not text:
        return None
    inked = [i for i, c in enumerate(raw) if not c.isspace() and c not in "\0\ufffe"]
    if not inked:
        return None
    probes = [start + inked[i] for i in (0, len(inked) // 2, -1)]
    first, middle, last = (_box(page, index) for index in probes)
    # The median of three characters: superscripts and initials do not count.
    size = sorted(box.top - box.bottom for box in (first, middle, last))[1]
    if raw.rstrip().endswith((_HYPHEN, "\ufffe")):
        text += PARTED
    bold = all(_is_bold(page, index) for index in probes)
    return Line(text, first.left, last.right, first.bottom, last.bottom, round(size * 2) / 2, bold)


def _box(page: TextPage, index: int) -> Box:
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(page.raw, index, ctypes.byref(box))
    return box


def _is_bold(page: TextPage, index: int) -> bool:
    """By the font's name: its weight is a guess of PDFium's, and differs from file to file."""
    name = ctypes.create_string_buffer(100)
    pdfium.FPDFText_GetFontInfo(page.raw, index, name, len(name), None)
    return bool(_BOLD.search(name.value))
