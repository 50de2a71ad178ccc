"""Citations in what a model wrote: `[2]`, `[1, 3]`, `[1-3]`, taken out of the text and kept with what they stand for.

A citation at the end of a sentence, or in it, stands for the words since the citation or the sentence before;
one that leads a line stands for what follows. The rest of a sentence after its last citation belongs to it too.
Between backticks brackets are code, and `[0]` is never a citation: passages count from 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_NUMBER = r"[1-9]\d{0,2}"
_CITATION = re.compile(rf"\[\s*({_NUMBER}(?:\s*[,;–-]\s*{_NUMBER})*)\s*\]")
# What may still become a citation: it waits for what follows.
_UNDECIDED = re.compile(r"\[[\d\s,;–-]*\Z")
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)|(\d+)")
# White space after a sentence belongs to the next; a line ends a sentence too.
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s)|(?<=\S)(?=\s*\n)")
_BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class Statement:
    """Words with the same citations: `text[start:end]` of the answer, and the numbers cited, from 1."""

    start: int
    end: int
    cited: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    """A citation that stood at `position` of the text without citations; `leads` a line."""

    position: int
    numbers: tuple[int, ...]
    leads: bool


class CitationReader:
    """Takes citations out of text as it comes; how the text is cut into pieces makes no difference.

    White space around the whole text, before a citation and after one that leads a line goes with it.
    """

    def __init__(self) -> None:
        self._buffer = ""
        self._text = ""
        self._space = ""  # of the text's end, for when a word follows
        self._marks: list[_Mark] = []

    def feed(self, piece: str) -> str:
        """The text that is sure now, without citations."""
        self._buffer += piece
        undecided = _UNDECIDED.search(self._buffer)
        cut = undecided.start() if undecided else len(self._buffer)
        sure, self._buffer = self._buffer[:cut], self._buffer[cut:]
        return self._read(sure)

    def close(self) -> str:
        """The rest of the text, when nothing more comes."""
        rest, self._buffer = self._buffer, ""
        return self._read(rest)

    def statements(self) -> list[Statement]:
        """The statements of the text so far, in order; together they are the whole text."""
        return _statements(self._text, self._marks)

    def _read(self, sure: str) -> str:
        before, at = len(self._text), 0
        for found in _CITATION.finditer(sure):
            self._append(sure[at : found.start()])
            at = found.end()
            if self._text.count("`") % 2:
                self._append(found[0])
            else:
                self._mark(_numbers(found[1]))
        self._append(sure[at:])
        return self._text[before:]

    def _append(self, text: str) -> None:
        if self._leading():
            text = text.lstrip(_BLANKS)
        whole = self._space + text if self._text else text.lstrip()
        said = whole.rstrip()
        self._text += said
        self._space = whole[len(said) :]

    def _mark(self, numbers: tuple[int, ...]) -> None:
        leads = not self._text or "\n" in self._space
        self._marks.append(_Mark(len(self._text), numbers, leads))
        self._space = self._space.rstrip(_BLANKS)

    def _leading(self) -> bool:
        """Whether a citation that leads its line came last."""
        return bool(self._marks) and self._marks[-1].leads and self._marks[-1].position == len(self._text)


def read_citations(text: str) -> tuple[str, list[Statement]]:
    """The text without its citations, and its statements."""
    reader = CitationReader()
    clean = reader.feed(text) + reader.close()
    return clean, reader.statements()


def _numbers(listed: str) -> tuple[int, ...]:
    """`1, 3-5` -> (1, 3, 4, 5); each once."""
    numbers: list[int] = []
    for first, last, single in _RANGE.findall(listed):
        numbers += [int(single)] if single else range(int(first), int(last) + 1)
    return tuple(dict.fromkeys(numbers))


def _statements(text: str, marks: Sequence[_Mark]) -> list[Statement]:
    spans = _sentences(text)
    owners = [_owner(text, spans, mark) for mark in marks]
    statements: list[Statement] = []
    for i, (start, end) in enumerate(spans):
        own = [mark for mark, owner in zip(marks, owners, strict=True) if owner == i]
        statements += _cut(start, end, own)
    return statements


def _sentences(text: str) -> list[tuple[int, int]]:
    """Spans that cover the text; white space after a sentence belongs to the next."""
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    bounds = [0, *ends, len(text)]
    return [(a, b) for a, b in pairwise(bounds) if a < b]


def _owner(text: str, spans: Sequence[tuple[int, int]], mark: _Mark) -> int:
    """The sentence that a citation stands for."""
    next_word = len(text) - len(text[mark.position :].lstrip())
    character = next_word if mark.leads else mark.position - 1
    return next((i for i, (start, end) in enumerate(spans) if start <= character < end), len(spans) - 1)


def _cut(start: int, end: int, marks: Sequence[_Mark]) -> list[Statement]:
    """One sentence as statements: it is cut at its citations, and the rest goes with the last."""
    cited: dict[int, list[int]] = {}
    for mark in marks:
        if not mark.leads:
            cited.setdefault(mark.position, []).extend(mark.numbers)
    bounds = [start, *list(cited)[:-1], end]
    numbers = list(cited.values()) or [[]]
    numbers[0] = [n for mark in marks if mark.leads for n in mark.numbers] + numbers[0]
    return [Statement(a, b, tuple(dict.fromkeys(n))) for (a, b), n in zip(pairwise(bounds), numbers, strict=True)]
