"""Document -> Passages of some 200 tokens, cut at headings, then at paragraphs, lines, sentences, words.

A passage is the document's own text from `start` to `end`, without blanks at its ends. Together the passages
hold every character of the document that is no blank, in order, each once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from semantic_text_splitter import MarkdownSplitter, TextSplitter

from quoth.passages.tokens import token_counter
from quoth.sources.media import MARKDOWN
from quoth.types import Document, Heading, Passage

Span = tuple[int, int]
"""Start and end in characters of `Document.text`; the end is exclusive."""

Counter = Callable[[str], int]

_TINY = 30
"""Sections of fewer tokens go together with the next one."""

_WINDOW = 5_000
"""The most characters that the splitter sees at once: its time grows with the square of unbroken text."""


def split(document: Document, max_tokens: int = 200, count: Counter | None = None) -> tuple[Passage, ...]:
    """The passages of a document's text, in order; none if it holds nothing but blanks.

    No passage has more than `max_tokens` by `count`, the tokens of the shipped encoder unless given.
    """
    count = count or token_counter()
    cut = _Cutter(document, max_tokens, count)
    spans = [span for section in _sections(document, count) for span in cut.section(*section)]
    return tuple(_passages(document, spans))


def _sections(document: Document, count: Counter) -> Iterator[Span]:
    """The text from heading to heading; a tiny section takes in the next, unless that is of the top level."""
    text, headings = document.text, document.headings
    top = min((h.level for h in headings), default=0)
    start = 0
    for heading in headings:
        body = text[start : heading.start]
        is_tiny = len(body) < _TINY * 20 and count(body) < _TINY
        if not body.strip() or (is_tiny and heading.level > top):
            continue
        yield start, heading.start
        start = heading.start
    yield start, len(text)


class _Cutter:
    """Cuts the sections of one document."""

    def __init__(self, document: Document, max_tokens: int, count: Counter) -> None:
        self.text = document.text
        self.headings = document.headings
        self.starts = [heading.start for heading in document.headings]
        self.count = count
        self.max_tokens = max_tokens
        self.plain = TextSplitter.from_callback(count, max_tokens)
        is_markdown = document.media_type == MARKDOWN
        self.splitter = MarkdownSplitter.from_callback(count, max_tokens) if is_markdown else self.plain

    def section(self, start: int, end: int) -> Iterator[Span]:
        """The spans of one section's passages."""
        for window in _windows(self.text, start, end):
            piece = self.text[slice(*window)]
            if self.count(piece) <= self.max_tokens:
                yield from _trimmed(self.text, [window])
            else:
                yield from self.window(*window)

    def window(self, start: int, end: int) -> Iterator[Span]:
        """The spans of a piece that is too large for one passage; no heading stays alone."""
        chunks = self.splitter.chunk_indices(self.text[start:end])
        spans = list(_trimmed(self.text, _covering(start, end, [start + offset for offset, _ in chunks])))
        index = 0
        while index < len(spans):
            if index + 1 < len(spans) and self.is_heading(spans[index]):
                yield from self.heading_with_text(spans[index][0], spans[index + 1][1])
                index += 2
            else:
                yield spans[index]
                index += 1

    def is_heading(self, span: Span) -> bool:
        """Whether a span holds headings and nothing else."""
        first, last = bisect_right(self.starts, span[0]) - 1, bisect_right(self.starts, span[1] - 1)
        inside = self.headings[max(first, 0) : last]
        words = sum(len(heading.text.split()) for heading in inside)
        return bool(inside) and len(self.text[slice(*span)].replace("#", " ").split()) <= words

    def heading_with_text(self, start: int, end: int) -> Iterator[Span]:
        """Cut a heading and the piece after it anew, so that the heading goes with the piece's beginning."""
        # Without line breaks the heading is no unit of its own for the splitter; offsets stay the same.
        heading_end = start + len(self.text[start:end].split("\n", 1)[0])
        body = heading_end + len(self.text[heading_end:end]) - len(self.text[heading_end:end].lstrip())
        masked = self.text[start:heading_end] + " " * (body - heading_end) + self.text[body:end]
        chunks = self.plain.chunk_indices(masked)
        yield from _trimmed(self.text, _covering(start, end, [start + offset for offset, _ in chunks]))


def _windows(text: str, start: int, end: int) -> Iterator[Span]:
    """Pieces of at most `_WINDOW` characters, cut at the best place in their second half."""
    while end - start > _WINDOW:
        half, limit = start + _WINDOW // 2, start + _WINDOW
        places = (text.rfind(mark, half, limit) for mark in ("\n\n", "\n", ". ", "。", " "))
        cut = next((place + 1 for place in places if place > 0), limit)
        yield start, cut
        start = cut
    yield start, end


def _covering(start: int, end: int, starts: Sequence[int]) -> list[Span]:
    """Spans from each start to the next: nothing between two chunks is lost."""
    if not starts:
        return [(start, end)]
    edges = [start, *starts[1:], end]
    return list(pairwise(edges))


def _trimmed(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """The spans without blanks at their ends; those of nothing but blanks are left out."""
    for start, end in spans:
        piece = text[start:end]
        stripped = piece.strip()
        if stripped:
            first = start + len(piece) - len(piece.lstrip())
            yield first, first + len(stripped)


def _passages(document: Document, spans: Iterable[Span]) -> Iterator[Passage]:
    """The passages with page, line and headings, in one run over the text."""
    path: list[Heading] = []
    waiting = iter(document.headings)
    heading = next(waiting, None)
    line, counted = 1, 0
    for start, end in spans:
        line, counted = line + document.text.count("\n", counted, start), start
        while heading is not None and heading.start <= start:
            path = [h for h in path if h.level < heading.level] + [heading]
            heading = next(waiting, None)
        yield Passage(
            document=document.id,
            title=document.title,
            text=document.text[start:end],
            start=start,
            end=end,
            line=line,
            page=document.page_at(start),
            headings=tuple(h.text for h in path),
            boxes=document.boxes_in(start, end),
        )
