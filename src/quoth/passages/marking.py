"""A page or a picture as a picture for people, with the places of words marked on it."""

from __future__ import annotations

import ctypes
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pypdfium2
from PIL import Image, ImageDraw
from pypdfium2 import raw

from quoth.errors import DocumentError
from quoth.passages.look import Look
from quoth.passages.pixels import decode_upright, encode_jpeg
from quoth.types import Box

Page: TypeAlias = Any  # pypdfium2.PdfPage, which has no types
pdfium: Any = raw
_open: Any = pypdfium2.PdfDocument

LONGEST = 1_400
"""The longer side of what is drawn, in pixels: an A4 page at 120 dots an inch can be read."""

_EDGE, _TINT = (213, 94, 0), (230, 159, 0, 70)
_QUALITY = 88
# What is left out when a quote is looked for: white space, hyphens that part words, and what PDFium gives for them.
_NO_MATTER = str.maketrans("", "", "-\u00ad\u2010\u2011\u0002\ufffe")
_Place: TypeAlias = tuple[float, float, float, float]
# So many times its size a letter may be from the one before it: lines that fill their column have wide spaces.
_NEAR = 4
# A piece of a quote that is shorter stands anywhere.
_SHORTEST = 8


def draw(look: Look) -> bytes:
    """A JPEG file.

    Raises:
        DocumentError: the file is gone, has changed since, or cannot be drawn.
    """
    try:
        data = Path(look.path).read_bytes()
    except OSError as error:
        raise DocumentError(f"{look.path} cannot be read ({error.strerror})", "put it back, or remove it") from error
    if hashlib.sha256(data).hexdigest() != look.digest:
        raise DocumentError(f"{look.path} has changed since it was added", f"add it again: quoth add {look.path}")
    if look.page is None:
        return mark(decode_upright(data, LONGEST), look.boxes)
    return _draw_page(data, look)


def mark(image: Image.Image, boxes: Sequence[Box]) -> bytes:
    """A picture with these places marked, as a JPEG file."""
    marked = image.convert("RGB")
    pen = ImageDraw.Draw(marked, "RGBA")
    width = max(2, round(max(marked.size) / 300))
    for box in boxes:
        edges = [box.left * marked.width, box.top * marked.height, box.right * marked.width, box.bottom * marked.height]
        room = [edges[0] - width, edges[1] - width, edges[2] + width, edges[3] + width]
        pen.rectangle(room, fill=_TINT, outline=_EDGE, width=width)
    return encode_jpeg(marked, _QUALITY)


def _draw_page(data: bytes, look: Look) -> bytes:
    if b"%PDF-" not in data[:1024]:
        raise DocumentError(f"{look.path} is no PDF", "only pages of PDFs can be drawn")
    try:
        with _open(data) as document:
            first = min((look.page or 1) - 1, len(document) - 1)
            boxes = look.boxes
            for number in range(first, min(first + 2, len(document))) if not boxes and look.quote else ():
                if boxes := tuple(find_words(document[number], look.quote)):
                    first = number
                    break
            return mark(_render(document[first]), boxes)
    except (pypdfium2.PdfiumError, ValueError) as error:
        raise DocumentError(
            f"page {look.page} of {look.path} cannot be drawn ({error})", "open it in a viewer"
        ) from error


def _render(page: Page) -> Image.Image:
    scale = LONGEST / max(*page.get_size(), 1.0)
    return page.render(scale=scale).to_pil()  # type: ignore[no-any-return]


def find_words(page: Page, quote: str) -> list[Box]:
    """Where the words of a quote stand on a PDF's page, a box for each line; none if they are not there.

    White space and hyphens do not count. Of a quote in several paragraphs each is looked for by itself if the whole is
    not there: a picture may stand between them.
    """
    text = page.get_textpage()
    characters = [chr(pdfium.FPDFText_GetUnicode(text.raw, i)) for i in range(text.count_chars())]
    inked = [i for i, character in enumerate(characters) if _flat(character)]
    seen = "".join(_flat(characters[i]) for i in inked)
    lengths = [i for i in inked for _ in _flat(characters[i])]
    found = [box for piece in _pieces(quote, seen) for box in _lines(page, text, _indexes(piece, seen, lengths))]
    text.close()
    return found


def _pieces(quote: str, seen: str) -> list[str]:
    whole = _flat(quote)
    if whole and whole in seen:
        return [whole]
    parts = [_flat(line) for line in quote.splitlines()]
    return [part for part in parts if len(part) >= _SHORTEST and part in seen]


def _indexes(piece: str, seen: str, lengths: Sequence[int]) -> list[int]:
    start = seen.index(piece)
    return list(dict.fromkeys(lengths[start : start + len(piece)]))


def _lines(page: Page, text: Any, indexes: Sequence[int]) -> list[Box]:  # noqa: ANN401 - pypdfium2.PdfTextPage
    """The boxes around these characters, one for each line: it ends where the next letter is not beside the last."""
    lines: list[list[_Place]] = []
    for index in indexes:
        place = _place(page, text, index)
        if lines and _beside(lines[-1][-1], place):
            lines[-1].append(place)
        else:
            lines.append([place])
    return [_around(line) for line in lines]


def _around(places: Sequence[_Place]) -> Box:
    lefts, tops, rights, bottoms = zip(*places, strict=True)
    edges = (min(lefts), min(tops), max(rights), max(bottoms))
    return Box(None, *(min(max(edge, 0.0), 1.0) for edge in edges))


def _beside(one: _Place, other: _Place) -> bool:
    """Whether two letters stand on one line, which may run across or, on pages that are turned, down."""
    across, down = _gap(one[::2], other[::2]), _gap(one[1::2], other[1::2])
    size = max(other[2] - other[0], other[3] - other[1])
    return min(across, down) < 0 and max(across, down) < _NEAR * size


def _gap(one: Sequence[float], other: Sequence[float]) -> float:
    """Between two spans; below 0 where they overlap."""
    return max(one[0], other[0]) - min(one[1], other[1])


def _place(page: Page, text: Any, index: int) -> _Place:  # noqa: ANN401
    """Left, top, right and bottom of a character on the page as it is seen, as fractions of it."""
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text.raw, index, ctypes.byref(box))
    corners = [_seen(page, box.left, box.top), _seen(page, box.right, box.bottom)]
    (left, right), (top, bottom) = (sorted(edges) for edges in zip(*corners, strict=True))
    return left, top, right, bottom


_FINE = 100_000


def _seen(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place in a PDF's own coordinates as fractions of the page as it is seen: cropped and turned."""
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page.raw, 0, 0, _FINE, _FINE, 0, x, y, ctypes.byref(across), ctypes.byref(down))
    return across.value / _FINE, down.value / _FINE


def _flat(text: str) -> str:
    return "".join(text.translate(_NO_MATTER).split())


def open_preview(preview: bytes) -> Image.Image:
    """A picture that a knowledge base keeps."""
    return Image.open(io.BytesIO(preview))
