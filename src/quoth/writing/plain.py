"""A sentence as its document has it -> as people read it: markup gone, code between backticks."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

_MARKDOWN = (".md", ".markdown", ".mdx", ".rmd", ".qmd")
_MARKED_UP = (".rst", ".txt")
# Roles of MyST and reStructuredText: `{term}`wheel <pypug:wheel>``, `:func:`~a.b``.
_ROLE = re.compile(r"(?:\{[\w:+-]+\}|:[\w:+-]+:)`~?([^`<]+?)(?:\s*<[^`>]*>)?`")
_EMPHASIS = re.compile(r"(?<![\w*])\*{1,2}(\w[^*\n]*?)\*{1,2}(?![\w*])")
_REFERENCE = re.compile(r"(?<=[\w.,;:!?)”\"’`])\[\d+\](?=[\s.,;:)]|$)|\[\^[\w-]+\]")
_BRACKETS = re.compile(r"\[([^\[\]]+)\](?:\[[^\[\]]*\])?")


def plain(text: str, document: str) -> str:
    """A sentence on one line; `document`, by its suffix, tells what markup is its own."""
    name = document.casefold()
    if name.endswith(_MARKDOWN):
        text = _inline(_ROLE.sub(r"`\1`", text))
        text = _BRACKETS.sub(r"\1", _REFERENCE.sub("", text))
    elif name.endswith(_MARKED_UP):
        text = _EMPHASIS.sub(r"\1", _ROLE.sub(r"`\1`", text).replace("``", "`"))
    return " ".join(_REFERENCE.sub("", text).split())


def _inline(text: str) -> str:
    """Markdown's inline markup read: links by their words, emphasis by what it stresses, code in backticks."""
    children = MarkdownIt("commonmark").parseInline(" ".join(text.split()))[0].children or []
    shown = {"text": "{}", "code_inline": "`{}`", "softbreak": " "}
    return "".join(shown[child.type].format(child.content) for child in children if child.type in shown)
