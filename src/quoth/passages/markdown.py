"""Markdown: the decoded file as it is, with its headings found (never inside code)."""

from __future__ import annotations

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from quoth.passages.content import Content, one_line
from quoth.passages.decode import decode
from quoth.types import Heading

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_LINE_START = re.compile(r"\r\n?|\n")


def read(data: bytes, media_type: str) -> Content:  # noqa: ARG001 - every parser has this signature
    """The decoded file; offsets are offsets in it. The title is the first heading of level 1."""
    text = decode(data)
    front = _FRONT_MATTER.match(text)
    headings = _headings(text, front.end() if front else 0)
    title = next((h.text for h in headings if h.level == 1), "") or _front_title(front)
    return Content(text, title, headings)


def _front_title(front: re.Match[str] | None) -> str:
    found = _TITLE.search(front[0]) if front else None
    return found[1].strip("\"'") if found else ""


def _headings(text: str, start: int) -> tuple[Heading, ...]:
    """The headings from `start` on; their offsets are those of their first line."""
    parser = MarkdownIt("commonmark")
    # Only blocks are needed: reading the inline markup of all the text costs five times as much.
    parser.core.ruler.enableOnly(["normalize", "block"])
    tokens = parser.parse(text[start:])
    lines = [start, *(match.end() for match in _LINE_START.finditer(text, start))]
    found = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.map:
            heading = Heading(int(opening.tag[1]), _plain(inline), lines[opening.map[0]])
            if heading.text:
                found.append(heading)
    return tuple(found)


def _plain(inline: Token) -> str:
    """The words of a heading without its markup."""
    children = MarkdownIt("commonmark").parseInline(inline.content)[0].children or []
    shown = (child for child in children if child.type != "html_inline")
    return one_line("".join(" " if child.type == "softbreak" else child.content for child in shown))
