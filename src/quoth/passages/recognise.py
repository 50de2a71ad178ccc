"""Pictures -> the same with the words that were read from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from quoth.passages.ocr import LONGEST, is_installed, may_hold_text, read_lines
from quoth.passages.reading_order import lay_out
from quoth.types import Figure


def recognised(figure: Figure, decode: Callable[[int], Image.Image]) -> Figure:
    """The figure with the lines that stand in its picture after its words, if there are any and rapidocr is there.

    `decode` gives the picture again, with a longer side of at most so many pixels: what is kept is too small to read.
    """
    if not is_installed() or not may_hold_text(Image.fromarray(figure.picture.pixels)):
        return figure
    text, lines = lay_out(read_lines(decode(LONGEST)))
    return captioned(replace(figure, words=text, boxes=tuple(lines)), figure.words)


def captioned(figure: Figure, caption: str) -> Figure:
    """The figure with a caption before its words; an empty line parts them, so that quotes do not mix them."""
    words = "\n\n".join(filter(None, (caption, figure.words)))
    shift = len(words) - len(figure.words)
    boxes = tuple(replace(line, start=line.start + shift, end=line.end + shift) for line in figure.boxes)
    return replace(figure, words=words, boxes=boxes)
