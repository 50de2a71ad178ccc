"""The pictures on a PDF page, upright, with their places and captions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from PIL import Image
from pypdfium2 import PdfiumError, raw

from quoth.passages.album import SMALLEST, Album
from quoth.passages.pdf_paragraphs import Block
from quoth.passages.pixels import LONGEST, MAX_PIXELS
from quoth.types import Figure

Page: TypeAlias = Any  # pypdfium2.PdfPage, which has no types
Shown: TypeAlias = Any  # pypdfium2.PdfImage
Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points from the page's lower left corner."""


_CAPTION = re.compile(
    r"(fig(ure|\.)|tab(le|\.)|abb(ildung|\.)|plate|photo|image|chart|scheme)\s*[\dIVX]", re.IGNORECASE
)
_LONGEST_CAPTION = 1_000
# How far from its picture a caption stands at most, in points.
_NEAR = 60.0
# A picture over so much of a page with so much text is the page itself, scanned.
_WHOLE = 0.8
# Edges this near are one, in points: strips overlap a little.
_TOUCHING = 3.0
_MUCH_TEXT = 400


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture with the words in it, at its place, as in `Box`."""

    figure: Figure
    left: float
    bottom: float
    right: float
    top: float


def page_pictures(page: Page, album: Album, characters: int, *, is_read: bool = False) -> list[Placed]:
    """The pictures of a page that has so many characters of text; those that cannot be decoded are left out.

    `is_read`: the words in them are those of the page, and are not read again.
    """
    found = []
    for strips in _whole(_images(page)):
        box = _around([strip.box for strip in strips])
        if characters >= _MUCH_TEXT and _area(box) > _WHOLE * _area(page.get_bbox()):
            continue
        with suppress(PdfiumError):
            figure = _figure(page, [strip.image for strip in strips], box, album, is_read=is_read)
            found += [Placed(figure, *box)] if figure else []
    return found


@dataclass(frozen=True, slots=True)
class _Strip:
    image: Shown
    box: Box


def _images(page: Page) -> Iterator[_Strip]:
    with suppress(PdfiumError):  # what comes after a broken object stays unseen
        for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
            yield _Strip(image, _box(image))


def _box(image: Shown) -> Box:
    """Where it is on the page: what stands in forms has the place that they give it."""
    box: Box = image.get_bounds()
    form = image.container
    while form is not None:
        box = form.get_matrix().on_rect(*box)
        form = form.container
    return box


def _around(boxes: Sequence[Box]) -> Box:
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _area(box: Box) -> float:
    left, bottom, right, top = box
    return (right - left) * (top - bottom)


def _whole(strips: Iterable[_Strip]) -> list[list[_Strip]]:
    """Each picture as the strips that it consists of, mostly one: many programs cut large ones."""
    whole: list[list[_Strip]] = []
    for strip in strips:
        if whole and _goes_on(whole[-1][-1].box, strip.box):
            whole[-1].append(strip)
        else:
            whole.append([strip])
    return whole


def _goes_on(above: Box, below: Box) -> bool:
    """Whether two boxes are one strip and the next: equally wide, one right below or above the other."""
    gap = min(abs(above[1] - below[3]), abs(above[3] - below[1]))
    return max(gap, abs(above[0] - below[0]), abs(above[2] - below[2])) < _TOUCHING


def _figure(page: Page, strips: Sequence[Shown], box: Box, album: Album, *, is_read: bool) -> Figure | None:
    sizes = [strip.get_px_size() for strip in strips]
    width, height = max(w for w, _ in sizes), sum(h for _, h in sizes)
    if min(width, height) < SMALLEST or width * height > MAX_PIXELS:
        return None
    # Their bytes as they stand in the file: a logo that is on every page is decoded once.
    if not album.is_new(b"".join(bytes(strip.get_data()) for strip in strips)):
        return None
    drawn = partial(_image, strips[0]) if len(strips) == 1 else partial(_part, page, box)

    def decode(longest: int) -> Image.Image:
        return drawn(min(longest, max(width, height))).rotate(-page.get_rotation(), expand=True)

    picture = album.keep_image(lambda: decode(2 * LONGEST))
    if picture is None:
        return None
    return Figure(picture) if is_read else album.read(Figure(picture), decode)


def _image(image: Shown, longest: int) -> Image.Image:
    """A picture with what is transparent in it and how it is turned, so many pixels long or wide."""
    left, bottom, right, top = image.get_bounds()
    # PDFium decodes while it draws: drawn at the size that is kept, a bomb needs little memory.
    scale = longest / max(right - left, top - bottom)
    placed = image.get_matrix()
    image.set_matrix(placed.scale(scale, scale))
    try:
        return image.get_bitmap(render=True, scale_to_original=False).to_pil()  # type: ignore[no-any-return]
    finally:
        image.set_matrix(placed)


def _part(page: Page, box: Box, longest: int) -> Image.Image:
    """A part of the page, with all that is on it, lying as the page lies in the file."""
    scale = longest / max(box[2] - box[0], box[3] - box[1])
    left, bottom, right, top = page.get_bbox()
    edges = (box[0] - left, box[1] - bottom, right - box[2], top - box[3])
    back = -page.get_rotation() % 360
    drawn = page.render(scale=scale, rotation=back, crop=tuple(max(edge, 0.0) for edge in edges))
    return drawn.to_pil()  # type: ignore[no-any-return]


def place(placed: Placed, blocks: Sequence[Block]) -> int:
    """The number of the block before which a picture stands: the first that begins below it, in its column."""
    for number, block in enumerate(blocks):
        first = block.lines[0]
        is_below = first.base < placed.bottom + first.size
        if is_below and first.left < placed.right and first.right > placed.left:
            return number
    return len(blocks)


def caption(placed: Placed, blocks: Sequence[Block]) -> str:
    """The nearest block right below or above a picture that names itself its caption; "" if there is none."""
    near = [(_distance(placed, block), block.text) for block in blocks if _CAPTION.match(block.text)]
    distance, text = min(near, default=(_NEAR, ""))
    return text[:_LONGEST_CAPTION] if distance < _NEAR else ""


def _distance(placed: Placed, block: Block) -> float:
    """From a picture's edge to a block that shares some of its width, in points."""
    first, last = block.lines[0], block.lines[-1]
    if first.left > placed.right or first.right < placed.left:
        return _NEAR
    if first.base < placed.top:
        return abs(placed.bottom - first.base)
    return abs(last.bottom - placed.top)
