"""What a parser gives, and how it is written: text with headings and pages at known offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from quoth.types import Figure, Heading, LineBox

_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb\ufffe\uffff"
_INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\ufeff"
_NOISE = re.compile(f"[{_CONTROLS}{_INVISIBLE}]")
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_LINES = re.compile(r" ?\n ?")


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that a document shows but does not hold: `source` names it, the others are as in `Figure`."""

    source: str
    words: str
    start: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """A document's text with its title ("" if the file has none), headings, page starts and pictures.

    `references` are pictures that only who knows the file's place can read; `rights` is what the file says of them.
    """

    text: str
    title: str = ""
    headings: tuple[Heading, ...] = ()
    pages: tuple[int, ...] = ()
    figures: tuple[Figure, ...] = ()
    references: tuple[Reference, ...] = ()
    boxes: tuple[LineBox, ...] = ()
    rights: str = ""


def clean(text: str) -> str:
    """Text without control, zero-width and invalid characters; lone surrogates become U+FFFD."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NOISE.sub("", text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def squeeze(text: str) -> str:
    """Clean text with runs of blanks made one blank; line breaks stay, without blanks around them."""
    return _AROUND_LINES.sub("\n", _SPACES.sub(" ", clean(text))).strip()


def one_line(text: str) -> str:
    """Clean text on one line."""
    return " ".join(clean(text).split())


@dataclass
class Writer:
    """Builds a `Content` block by block.

    `gap` counts the line breaks before a block: 2 leaves a blank line, 1 keeps it with the line above.
    """

    pieces: list[str] = field(default_factory=list)
    length: int = 0
    headings: list[Heading] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    boxes: list[LineBox] = field(default_factory=list)
    new_page: bool = False
    _shown: list[tuple[Figure | str, str, int | None]] = field(default_factory=list)

    def block(self, text: str, gap: int = 2) -> None:
        """Add a block as it stands; an empty one is left out."""
        if not text.strip():
            return
        if self.pieces:
            self._add("\n" * gap)
        if self.new_page:
            self._start_page()
        self._place_shown()
        self._add(text)

    def recognised(self, text: str, boxes: Iterable[LineBox]) -> None:
        """Add a block that was read from a picture, with the places of its lines."""
        self.block(text)
        start = self.length - len(text)
        self.boxes += (replace(line, start=line.start + start, end=line.end + start) for line in boxes)

    def heading(self, level: int, text: str) -> None:
        """Add a heading on a line of its own."""
        text = one_line(text)
        if text:
            self.block(text)
            self.headings.append(Heading(level, text, self.length - len(text)))

    def page(self) -> None:
        """Start a page at the next block. A page without text starts where the next one does."""
        if self.new_page:
            self._start_page()
        self._place_shown()
        self.new_page = True

    def picture(self, shown: Figure | str, words: str = "") -> None:
        """Add a picture, or the name of one of which `words` are said, before the next block of this page."""
        self._shown.append((shown, words, len(self.pages) + self.new_page or None))

    def content(self, title: str = "") -> Content:
        """What was written."""
        if self.new_page:
            self._start_page()
        self._place_shown()
        return Content(
            "".join(self.pieces),
            one_line(title),
            tuple(self.headings),
            tuple(self.pages),
            tuple(self.figures),
            tuple(self.references),
            tuple(self.boxes),
        )

    def _place_shown(self) -> None:
        """The pictures that waited for the block after them stand here."""
        for shown, words, page in self._shown:
            if isinstance(shown, Figure):
                self.figures.append(replace(shown, start=self.length, page=page))
            else:
                self.references.append(Reference(shown, words, self.length, page))
        self._shown.clear()

    def _start_page(self) -> None:
        self.pages.append(self.length)
        self.new_page = False

    def _add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)
