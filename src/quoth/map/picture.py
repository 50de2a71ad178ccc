"""The map as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageOps

from quoth.map.items import Item, settle

_SIDE, _MARGIN = 2000, 30
_LARGEST = 160
_PAPER, _FRAME, _POINT = "#ffffff", "#c9d0d6", "#3d7ea6"


def draw_map(items: Sequence[Item]) -> Image.Image:
    """Thumbnails without overlap, texts as points below them."""
    settled, fields = settle(items)
    cell = (_SIDE - 2 * _MARGIN) // fields
    size = min(_LARGEST, cell - 4)
    image = Image.new("RGB", (_SIDE, _SIDE), _PAPER)
    draw = ImageDraw.Draw(image)
    for item in settled:
        x, y = (int(_MARGIN + place * (_SIDE - 2 * _MARGIN)) for place in (item.x, item.y))
        if item.preview is None:
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=_POINT)
            continue
        thumbnail = ImageOps.contain(Image.open(io.BytesIO(item.preview)).convert("RGB"), (size, size))
        left, top = x - thumbnail.width // 2, y - thumbnail.height // 2
        image.paste(thumbnail, (left, top))
        draw.rectangle((left - 1, top - 1, left + thumbnail.width, top + thumbnail.height), outline=_FRAME)
    return image
