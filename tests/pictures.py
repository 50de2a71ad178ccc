"""Small pictures, drawn here: a red disc, stripes, and what files make of them."""

import io

import numpy as np
from PIL import Image, ImageDraw


def draw(kind="disc", size=(96, 64), colour="red", ground="white"):
    """A disc or stripes."""
    image = Image.new("RGB", size, ground)
    drawing = ImageDraw.Draw(image)
    if kind == "disc":
        drawing.ellipse((size[0] // 8, size[1] // 8, size[0] // 2, size[1] // 2), fill=colour)
    for x in range(0, size[0], 12) if kind == "stripes" else ():
        drawing.rectangle((x, 0, x + 5, size[1]), fill=colour)
    return image


def noise(size=(96, 64), seed=0):
    """Coloured blocks: no two seeds look alike."""
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
    return Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)


def encoded(image, file_format="PNG", **options):
    """As a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
