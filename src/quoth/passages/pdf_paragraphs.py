"""Lines of a PDF page -> headings and paragraphs.

A line goes on in the next one if it fills its column, the next stands right below it in letters of the same
size, and neither looks like a row of a table. Rows and short lines stay lines, in one block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from quoth.passages.pdf_lines import PARTED, Line

_LARGER = 1.12
"""How much larger than the body's letters those of a heading are, at least."""

_LONGEST_HEADING = 200
_LONGEST_BOLD_HEADING = 120
_FULL = 0.85
_ITEM = re.compile(r"(?:[•●○▪■□◦‣⁃–—*·-]|\(?[0-9ivx]{1,4}[.)]|\(?[a-zA-Z][.)])\s")
_NUMBER = re.compile(r"^[($€£]*[\d.,]+[)%]*$|^[$€£%—–-]+$")
_CONTENTS = re.compile(r"[^\W\d_] \d{1,3}$")
_SENTENCE_END = (".", "!", "?", ":", ";", "…", "”", '"')


@dataclass(frozen=True, slots=True)
class Block:
    """A heading or a paragraph, and its lines; `size` as in `Line`."""

    text: str
    size: float
    is_heading: bool
    lines: tuple[Line, ...] = ()


def blocks(lines: Sequence[Line], body: float) -> list[Block]:
    """The blocks of one page; `body` is the size of the body's letters in points."""
    found: list[Block] = []
    group: list[Line] = []
    right = _right_edge(lines, body)
    for line in lines:
        if group and not _same_block(group[-1], line, body):
            found.append(_block(group, body, right))
            group = []
        group.append(line)
    if group:
        found.append(_block(group, body, right))
    return found


def _right_edge(lines: Sequence[Line], body: float) -> float:
    """Where full lines end, in points: the ninth decile of the body's lines."""
    edges = sorted(line.right for line in lines if line.size <= body * _LARGER) or [0.0]
    return edges[len(edges) * 9 // 10]


def _same_block(above: Line, below: Line, body: float) -> bool:
    """Whether two lines that follow each other belong to one block."""
    if abs(above.size - below.size) > 0.08 * max(above.size, below.size):
        return False
    if above.bold != below.bold and not above.text.endswith(PARTED):
        return False
    drop = above.bottom - below.base
    if drop < -0.5 * below.size:
        # The text goes on higher up: the next column. Only a sentence in its middle goes with it.
        return above.size <= body * _LARGER and not above.text.endswith(_SENTENCE_END) and below.text[:1].islower()
    return drop < 1.6 * max(above.size, 1.0)


def _block(group: Sequence[Line], body: float, right: float) -> Block:
    size = group[0].size
    if _is_heading(group, body):
        return Block(_words([line.text for line in group]), size, True, tuple(group))
    return Block(_joined(group, right), size, False, tuple(group))


def _is_heading(group: Sequence[Line], body: float) -> bool:
    """Whether few, short lines are set larger than the body, or in bold letters of its size."""
    text = " ".join(line.text for line in group)
    if not any(c.isalpha() for c in text) or text.endswith((",", ";")):
        return False
    if group[0].size >= body * _LARGER:
        return len(text) <= _LONGEST_HEADING and len(group) <= 4
    # "Highlights 5" is a line of a table of contents.
    is_title_like = (text[0].isupper() or text[0].isdigit()) and not _CONTENTS.search(text)
    is_bold = all(line.bold for line in group) and group[0].size >= 0.96 * body
    return is_bold and is_title_like and len(text) <= _LONGEST_BOLD_HEADING and len(group) <= 2 and not _is_row(text)


def _joined(group: Sequence[Line], right: float) -> str:
    """The lines of a block as paragraphs: a break stays where a line ended on purpose."""
    paragraphs: list[list[str]] = [[group[0].text]]
    column = max(line.right for line in group)
    for above, below in pairwise(group):
        if _goes_on(above, below, min(column, right)):
            paragraphs[-1].append(below.text)
        else:
            paragraphs.append([below.text])
    return "\n".join(_words(lines) for lines in paragraphs)


def _goes_on(above: Line, below: Line, column: float) -> bool:
    """Whether a line runs on into the next one."""
    is_same_row = abs(above.bottom - below.base) < 0.3 * below.size
    if above.text.endswith(PARTED) or is_same_row:
        return True
    if _ITEM.match(below.text) or _is_row(above.text) or _is_row(below.text):
        return False
    width = column - above.left
    return above.right - above.left >= _FULL * width


def _is_row(text: str) -> bool:
    """Whether a line looks like a row of a table: two fifths of it are numbers, and it ends no sentence."""
    words = text.split()
    numbers = sum(1 for word in words if _NUMBER.match(word))
    return len(words) > 1 and numbers >= 0.4 * len(words) and not text.endswith(".")


def _words(lines: Sequence[str]) -> str:
    """Lines as one. Words parted at line ends keep their mark: the whole document tells how they go on."""
    text = ""
    for line in lines:
        if text.endswith(PARTED) or (text.endswith("-") and text[-2:-1].isalpha() and line[:1].islower()):
            text += line
        else:
            text += f" {line}" if text else line
    return text.removesuffix(PARTED)
