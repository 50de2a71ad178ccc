"""The pictures inside one document: which of them to keep, and in which to read words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from PIL import Image

from quoth.errors import DocumentError
from quoth.passages.pixels import decode_picture, decode_upright, keep_picture
from quoth.passages.recognise import recognised
from quoth.types import Figure, Picture

SMALLEST = 48
"""Pictures with a side of fewer pixels are bullets, icons and rules."""

MOST = 200
"""No more pictures of one document are kept."""


READ_FROM = (200, 64)
"""In pictures whose longer and shorter side have fewer pixels no words are read: they are logos, buttons and rules."""

MOST_READ = 100
"""In no more pictures of one document words are read. A number, not a time, so that each reading finds the same."""


class Album:
    """Keeps each picture of a document once: neither tiny ones, nor broken ones, nor more than `MOST`."""

    def __init__(self) -> None:
        self._met: set[str] = set()
        self._kept: set[str] = set()
        self._read = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more is kept."""
        return len(self._kept) >= MOST

    def is_new(self, data: bytes) -> bool:
        """Whether these bytes are met for the first time, and there is room: what is not new need not be decoded."""
        key = hashlib.sha256(data).hexdigest()
        is_new = key not in self._met
        self._met.add(key)
        return is_new and not self.is_full

    def keep_file(self, data: bytes) -> Picture | None:
        """The picture in a file's bytes, or None if it is not to be kept."""
        return self.keep(lambda: decode_picture(data)) if self.is_new(data) else None

    def keep_image(self, decode: Callable[[], Image.Image]) -> Picture | None:
        """The picture that `decode` gives, or None if it is not to be kept."""
        return self.keep(lambda: keep_picture(decode()))

    def figure(self, data: bytes, words: str = "") -> Figure | None:
        """The picture in a file's bytes with `words` that are said of it and those in it; None as above."""
        picture = self.keep_file(data)
        return self.read(Figure(picture, words), lambda longest: decode_upright(data, longest)) if picture else None

    def read(self, figure: Figure, decode: Callable[[int], Image.Image]) -> Figure:
        """A figure with the words in its picture, see `recognised`; but not in small ones, nor in too many."""
        sides = figure.picture.width, figure.picture.height
        if max(sides) < READ_FROM[0] or min(sides) < READ_FROM[1] or self._read >= MOST_READ:
            return figure
        try:
            found = recognised(figure, decode)
        except (DocumentError, OSError, ValueError):
            # It was decoded small, and is broken further on.
            return figure
        self._read += found is not figure
        return found

    def keep(self, decode: Callable[[], Picture]) -> Picture | None:
        """The picture if it decodes, is not tiny and not kept yet."""
        try:
            picture = decode()
        except Exception:  # noqa: BLE001
            # Decoders fail in ways that nobody lists, and a broken picture must not cost its document.
            return None
        if min(picture.width, picture.height) < SMALLEST or picture.digest in self._kept or self.is_full:
            return None
        self._kept.add(picture.digest)
        return picture
