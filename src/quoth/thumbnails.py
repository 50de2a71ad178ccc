"""A picture in a terminal: half a character for each pixel."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.text import Text

WIDTH, HEIGHT = 44, 32
_INDENT = " " * 11


def as_blocks(picture: bytes) -> Iterator[Text]:
    """Lines of upper half blocks: the colour of the letter is the upper pixel, that behind it the lower one.

    Args:
        picture: a file of a format that Pillow reads; nothing gives no lines.
    """
    if not picture:
        return
    # Pillow is for those who have pictures.
    from PIL import Image

    small = Image.open(io.BytesIO(picture)).convert("RGB")
    small.thumbnail((WIDTH, HEIGHT))
    pixels, width = small.tobytes(), small.width
    for y in range(0, small.height - 1, 2):
        line = Text(_INDENT, no_wrap=True)
        for place in range(y * width, (y + 1) * width):
            line.append("\u2580", f"#{_hex(pixels, place)} on #{_hex(pixels, place + width)}")
        yield line


def _hex(pixels: bytes, place: int) -> str:
    return pixels[3 * place : 3 * place + 3].hex()
