"""Bytes -> text: byte order mark, the document's own word, UTF-8, then detection."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from quoth.errors import DocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""(?:<meta[^>]{0,200}charset|<\?xml[^>]{0,100}encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_WINDOW = 64 * 1024
_LAST_RESORT = "cp1252"


def decode(data: bytes) -> str:
    """The text of a file without its byte order mark. Bytes that fit no encoding become U+FFFD.

    Raises DocumentError if the bytes are no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if b"\0" in data:
        return _decode_wide(data)
    declared = _DECLARED.search(data, 0, 4096)
    for encoding in ((declared[1].decode("ascii"),) if declared else ()) + ("utf-8",):
        try:
            return _checked(data.decode(encoding))
        except (UnicodeDecodeError, LookupError):
            continue
    return _checked(_detect(data))


def _decode_wide(data: bytes) -> str:
    """UTF-16 without a mark: of Western text every second byte is zero. Anything else is no text."""
    even, odd = data[:_WINDOW:2].count(0), data[1:_WINDOW:2].count(0)
    few, many = sorted((even, odd))
    if many < min(len(data), _WINDOW) * 0.2 or few > many * 0.1:
        raise _no_text()
    return _checked(data.decode("utf-16-le" if odd > even else "utf-16-be", "replace"))


def _detect(data: bytes) -> str:
    """The encoding that the first 64 KiB look most like; windows-1252 if nothing fits."""
    best = from_bytes(data[:_WINDOW], steps=10).best()
    return data.decode(best.encoding if best else _LAST_RESORT, "replace")


def _checked(text: str) -> str:
    """Refuse text that is full of control characters: a program or a picture in disguise."""
    window = text[:_WINDOW]
    controls = sum(1 for character in window if character < " " and character not in "\t\n\r\f\x1b")
    if controls > 0.02 * len(window):
        raise _no_text()
    return text


def _no_text() -> DocumentError:
    return DocumentError("the file holds binary data, not text", "give it the extension of what it is")
