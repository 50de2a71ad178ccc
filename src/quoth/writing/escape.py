"""Words into Markdown, so that what comes out is the same words."""

from __future__ import annotations

from collections.abc import Iterator

_SPECIAL = "\\`*[]<&$~"


def spans(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each is code: what stands between two backticks."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # one backtick too many is a sign like any other
        pieces[-2:] = ["`".join(pieces[-2:])]
    for i, piece in enumerate(pieces):
        if piece:
            yield piece, i % 2 == 1


def escaped(text: str) -> str:
    """Words as Markdown; what stands between backticks stays code."""
    return _no_block("".join(f"`{piece}`" if code else _escaped(piece) for piece, code in spans(text)))


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if _is_special(text, i) else sign for i, sign in enumerate(text))


def _is_special(text: str, i: int) -> bool:
    """Whether Markdown would read this sign as its own; within a word some are not."""
    if text[i] == "#":
        return i == 0 or text[i - 1].isspace() or text[i - 1] == "#"
    if text[i] != "_":
        return text[i] in _SPECIAL
    return not (text[i - 1 : i].isalnum() and text[i + 1 : i + 2].isalnum())


def _no_block(text: str) -> str:
    """A line's beginning that would be a heading, an item, a rule or a quotation, as words."""
    first, _, rest = text.partition(" ")
    if text[:1] in (">", "|", "+") or (first and set(first) <= set("-=")):
        return f"\\{text}"
    if first[:-1].isdigit() and first[-1:] in (".", ")"):
        return f"{first[:-1]}\\{first[-1]}{' ' if rest else ''}{rest}"
    return text
