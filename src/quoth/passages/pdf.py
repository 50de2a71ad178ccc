"""PDF: the text of every page, in paragraphs, with headings by the size of their letters, and its pictures.

The text is ours (a PDF holds placed letters, not text): lines are joined to paragraphs, words parted at line
ends are joined, and what repeats at the edges of most pages (running heads, page numbers) is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import pypdfium2

from quoth.errors import DocumentError
from quoth.passages import ocr
from quoth.passages.album import Album
from quoth.passages.content import Content, Writer, one_line
from quoth.passages.pdf_lines import PARTED, Line, page_lines
from quoth.passages.pdf_paragraphs import Block, blocks
from quoth.passages.pdf_pictures import Placed, caption, page_pictures, place
from quoth.passages.reading_order import lay_out
from quoth.passages.recognise import captioned

Pdf: TypeAlias = Any  # pypdfium2.PdfDocument, which has no types
_open: Any = pypdfium2.PdfDocument
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_EDGE = 2
_DIGITS = re.compile(r"\d+")
_HYPHENATED = re.compile(r"\w+-\w+")
_PARTED_WORD = re.compile(rf"(\w+){PARTED}(\w+)")
_WORD = re.compile(r"[^\W\d_]{3}")
_MACHINE_TITLE = re.compile(r"^(microsoft |untitled|document\d*$|slide \d|\(anonymous)|\.\w{2,5}$", re.I)
_NO_TITLE = re.compile(r"^(table of )?contents$", re.I)
_MAX_LEVELS = 4
# A page with fewer characters is looked at, at so many dots an inch; that takes seconds, so not all of a library is.
_FEW = 20
_DOTS = 200
_MOST_READ = 500


def read(data: bytes, media_type: str) -> Content:  # noqa: ARG001 - every parser has this signature
    """The text and the pictures of a PDF. Raises DocumentError if it is broken, encrypted or has neither."""
    pages, title = _pages(data)
    if not any(page.lines or page.pictures or page.read for page in pages):
        cause = f"its {len(pages)} page(s) hold neither text nor pictures"
        raise DocumentError(cause, "open it in a viewer; if there is text, print it as PDF anew")
    texts = _without_furniture([page.lines for page in pages])
    body = _body_size([line for page in texts for line in page])
    mend = _Mender(line.text for page in texts for line in page)
    found = [[mend(block) for block in blocks(page, body)] for page in texts]
    levels = _levels(block.size for page in found for block in page if block.is_heading)
    content = _write(found, pages, levels)
    return replace(content, title=_title(title, found))


@dataclass(frozen=True, slots=True)
class _Page:
    """What is on a page; all empty if it cannot be loaded, so that the others still count.

    `read` are the lines of a page that is a picture of text.
    """

    lines: Sequence[Line] = ()
    pictures: Sequence[Placed] = ()
    read: Sequence[ocr.Line] = ()


def _pages(data: bytes) -> tuple[list[_Page], str]:
    """Every page, and the title in the metadata."""
    try:
        document = _open(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD:
            raise DocumentError("the PDF is encrypted", "remove its password and add it again") from error
        raise DocumentError("the PDF is broken", "open it in a viewer and save or print it as PDF anew") from error
    with document:
        album = Album()
        pages = [_page(document, number, album) for number in range(len(document))]
        return pages, one_line(document.get_metadata_value("Title"))


def _page(document: Pdf, number: int, album: Album) -> _Page:
    try:
        page = document[number]
        text = page.get_textpage()
    except pypdfium2.PdfiumError:
        return _Page()
    lines = page_lines(text)
    text.close()
    characters = sum(len(line.text) for line in lines)
    read = _read(page) if characters < _FEW and number < _MOST_READ else []
    characters += sum(len(line.text) for line in read)
    pictures = page_pictures(page, album, characters, is_read=bool(read))
    page.close()
    return _Page(() if read else lines, pictures, read)


def _read(page: Pdf) -> list[ocr.Line]:
    """What can be read on the picture of a page."""
    if not ocr.is_installed():
        return []
    scale = min(_DOTS / 72, ocr.LONGEST / max(*page.get_size(), 1.0))
    try:
        return ocr.read_lines(page.render(scale=scale).to_pil())
    except (pypdfium2.PdfiumError, ValueError):  # a page of no size
        return []


def _without_furniture(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without the lines at their top and bottom that come on a third of them, and three times.

    Numbers do not count when lines are compared. A document of which nothing would be left is left alone.
    """
    edges = [_edges(page) for page in pages]
    counts = Counter(key for page in edges for key in set(page.values()))
    furniture = {key for key, count in counts.items() if count >= max(3, len(pages) / 3)}
    kept = [
        [line for i, line in enumerate(page) if edge.get(i) not in furniture]
        for page, edge in zip(pages, edges, strict=True)
    ]
    return kept if any(kept) else [list(page) for page in pages]


def _edges(page: Sequence[Line]) -> dict[int, tuple[str, float]]:
    """The lines nearest to the top and the bottom of a page: index -> text with its numbers masked, size.

    The size, because running heads repeat the title, which shall stay.
    """
    by_height = sorted(range(len(page)), key=lambda i: page[i].bottom)
    return {i: (_DIGITS.sub("#", page[i].text), page[i].size) for i in by_height[:_EDGE] + by_height[-_EDGE:]}


def _body_size(lines: Sequence[Line]) -> float:
    """The size of the letters that most text is set in, in points."""
    counts: Counter[float] = Counter()
    for line in lines:
        counts[line.size] += len(line.text)
    return max(counts, key=lambda size: counts[size], default=0.0)


class _Mender:
    """Words that were parted at line ends -> whole, with a hyphen if they have one elsewhere."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.hyphenated = {word.lower() for line in lines for word in _HYPHENATED.findall(line)}

    def __call__(self, block: Block) -> Block:
        """The block with its words made whole."""
        if PARTED not in block.text:
            return block
        text = _PARTED_WORD.sub(self._whole, block.text).replace(PARTED, "")
        return replace(block, text=text)

    def _whole(self, parts: re.Match[str]) -> str:
        hyphenated = f"{parts[1]}-{parts[2]}"
        return hyphenated if hyphenated.lower() in self.hyphenated else parts[1] + parts[2]


def _levels(sizes: Iterator[float]) -> dict[float, int]:
    """Sizes of headings -> levels, the largest is 1; sizes within 4 % are one."""
    levels: dict[float, int] = {}
    level, last = 0, 0.0
    for size in sorted(set(sizes), reverse=True):
        if not level or size < last * 0.96:
            level, last = level + 1, size
        levels[size] = min(level, _MAX_LEVELS)
    return levels


def _write(pages: Sequence[Sequence[Block]], found: Sequence[_Page], levels: dict[float, int]) -> Content:
    writer = Writer()
    for number, (page, its) in enumerate(zip(pages, found, strict=True), 1):
        writer.page()
        if its.read:
            _write_read(writer, its, number)
        else:
            _write_page(writer, page, its.pictures, levels)
    return writer.content()


def _write_read(writer: Writer, page: _Page, number: int) -> None:
    for shown in page.pictures:
        writer.picture(shown.figure)
    writer.recognised(*lay_out(page.read, number))


def _write_page(writer: Writer, page: Sequence[Block], shown: Sequence[Placed], levels: dict[float, int]) -> None:
    places = [place(one, page) for one in shown]
    for number in range(len(page) + 1):
        for one in (one for one, its in zip(shown, places, strict=True) if its == number):
            writer.picture(captioned(one.figure, caption(one, page)))
        if number < len(page):
            _write_block(writer, page[number], levels)


def _write_block(writer: Writer, block: Block, levels: dict[float, int]) -> None:
    if block.is_heading:
        writer.heading(levels[block.size], block.text)
    else:
        writer.block(block.text)


def _title(metadata: str, pages: Sequence[Sequence[Block]]) -> str:
    """The title in the metadata unless a program made it up; else the largest heading of the first page."""
    if _WORD.search(metadata) and not _MACHINE_TITLE.search(metadata):
        return metadata
    first = [b for b in pages[0] if b.is_heading and not _NO_TITLE.match(b.text)] if pages else []
    return one_line(max(first, key=lambda block: block.size).text) if first else ""
