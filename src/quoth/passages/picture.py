"""A picture's file: the picture, what the file says of it in words, and the words in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree
from PIL import ExifTags, IptcImagePlugin
from PIL.ImageFile import ImageFile

from quoth.passages.content import Content, one_line
from quoth.passages.pixels import decode_upright, keep_picture, open_picture
from quoth.passages.recognise import recognised
from quoth.types import Figure

_EXIF = (ExifTags.Base.ImageDescription, ExifTags.Base.XPTitle, ExifTags.Base.XPSubject, ExifTags.Base.XPComment)
_EXIF_KEYWORDS = ExifTags.Base.XPKeywords
_IPTC = ((2, 5), (2, 105), (2, 120), (2, 25))  # title, headline, caption, keywords
_PNG = ("Title", "Description", "Comment", "Caption")
_XMP = "{http://purl.org/dc/elements/1.1/}"
_LONGEST = 2_000
# What programs and cameras write where people would write a caption.
_NO_NEWS = ("Created with ", "OLYMPUS DIGITAL CAMERA", "SONY DSC", "Screenshot")


def read(data: bytes, media_type: str) -> Content:  # noqa: ARG001 - every parser has this signature
    """The picture with its words; of an animated one the first frame. Raises DocumentError."""
    image = open_picture(data)
    picture = keep_picture(image, data)
    said = dict.fromkeys(filter(None, map(one_line, _words(image))))
    words = "\n".join(one for one in said if not one.startswith(_NO_NEWS))[:_LONGEST]
    figure = recognised(Figure(picture, words), lambda longest: decode_upright(data, longest))
    return Content("", figures=(figure,))


def _words(image: ImageFile) -> Iterator[str]:
    """Titles, captions and keywords from EXIF, IPTC, XMP and PNG, as they stand there."""
    exif = image.getexif()
    for tag in (*_EXIF, _EXIF_KEYWORDS):
        yield _text(exif.get(tag, ""))
    for field in _IPTC:
        value = _iptc(image).get(field, "")
        yield ", ".join(map(_text, value)) if isinstance(value, list) else _text(value)
    yield from (_text(image.info[name]) for name in _PNG if name in image.info)
    yield from _xmp(image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b"")


def _iptc(image: ImageFile) -> dict[tuple[int, int], Any]:
    try:
        return IptcImagePlugin.getiptcinfo(image) or {}
    except (SyntaxError, ValueError, OSError):  # a broken block of words does not spoil the picture
        return {}


def _xmp(packet: bytes | str) -> Iterator[str]:
    """Adobe's packet: Dublin Core's title, description and subject."""
    data = packet.encode() if isinstance(packet, str) else packet
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(data.strip(b"\0 \n") or b"<none/>", parser)
    if root is None:  # what could not be recovered
        return
    for name in ("title", "description", "subject"):
        for element in root.iter(f"{_XMP}{name}"):
            yield ", ".join(filter(None, (text.strip() for text in element.itertext())))


def _text(value: object) -> str:
    """A value of a file's metadata: UTF-16 in Windows' own fields, else UTF-8 or Latin-1."""
    if isinstance(value, tuple) and all(isinstance(part, int) and 0 <= part < 256 for part in value):
        value = bytes(value)
    if not isinstance(value, bytes):
        return str(value)
    if b"\0" in value:
        return value.decode("utf-16-le", "ignore").rstrip("\0")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
