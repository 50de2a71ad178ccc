"""One file -> one Document: what it is, who reads it, what its bytes say about that."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from quoth.errors import DocumentError
from quoth.passages.content import Content
from quoth.passages.references import Fetch, beside, resolve
from quoth.sources.files import document_id
from quoth.sources.items import Fetched
from quoth.sources.media import (
    AVIF,
    DOC,
    DOCX,
    EPUB,
    GIF,
    HTML,
    JPEG,
    MAIL,
    MARKDOWN,
    ODP,
    ODS,
    ODT,
    PDF,
    PICTURES,
    PNG,
    PPT,
    PPTX,
    RTF,
    TEXT,
    TIFF,
    WEBP,
    XLS,
    XLSX,
    XML,
    media_type,
)  # fmt: skip
from quoth.types import Document

_MODULES = {
    TEXT: "text",
    MARKDOWN: "markdown",
    HTML: "html",
    PDF: "pdf",
    MAIL: "mail",
    EPUB: "epub",
    XML: "xml",
    **dict.fromkeys(PICTURES, "picture"),
}
_OTHERS = "office"

_AS_TEXT = (TEXT, MARKDOWN, HTML, MAIL, XML)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_PICTURE_MARKS = {
    b"\x89PNG": PNG,
    b"\xff\xd8\xff": JPEG,
    b"GIF8": GIF,
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
}
_REFUSED = {
    b"\x7fELF": "program",
    b"MZ\x90": "program",
    b"\x1f\x8b": "gzip archive",
    b"7z\xbc\xaf": "7-Zip archive",
    b"Rar!": "RAR archive",
}
_ZIP_MARKS = {
    b"word/": DOCX,
    b"xl/": XLSX,
    b"ppt/": PPTX,
    b"mimetypeapplication/epub+zip": EPUB,
    b"META-INF/container.xml": EPUB,
    b"mimetypeapplication/vnd.oasis.opendocument.text": ODT,
    b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet": ODS,
    b"mimetypeapplication/vnd.oasis.opendocument.presentation": ODP,
}
_PROGRAMS = {DOCX: ("word",), XLSX: ("excel", "spreadsheetml"), PPTX: ("powerpoint", "presentationml")}


def parse(path: Path) -> Document:
    """Read one file. Raises DocumentError, with cause and cure, for whatever keeps it from being read.

    A parser that crashes takes the process with it: `Parser` runs this in one of its own.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror or error}", "check its permissions") from error
    return _document(data, media_type(path) or TEXT, document_id(path), path, beside(path))[0]


def parse_fetched(file: Fetched) -> Document:
    """Read a file that was fetched; pictures that it names elsewhere are left out. Raises DocumentError."""
    path = Path(unquote(urlsplit(file.id).path))
    document, content = _document(file.data, file.media_type, file.id, path, lambda _name: None)
    title = document.title if content.title or path.name else urlsplit(file.id).netloc
    rights = file.origin.rights or content.rights
    return replace(document, title=title, origin=replace(file.origin, rights=rights))


def _document(data: bytes, named: str, name: str, path: Path, fetch: Fetch) -> tuple[Document, Content]:
    """A file's bytes as a document, and what its parser said.

    `named` is the media type that its place tells, `name` the document's, `path` what it is called after if it has no
    title, `fetch` where its pictures are.
    """
    media = actual_type(data, named)
    content = _read(data, media)
    figures = content.figures + resolve(content.references, fetch)
    if not content.text.strip() and not figures:
        raise DocumentError("no text in it, and no picture", "open it in its program and see what it holds")
    document = Document(
        id=name,
        title=content.title or _name(path, media),
        text=content.text,
        media_type=media,
        digest=hashlib.sha256(data).hexdigest(),
        headings=content.headings,
        pages=content.pages,
        figures=figures,
        boxes=content.boxes,
    )
    return document, content


def _name(path: Path, media: str) -> str:
    """What a file without a title is called; of a picture the folder often says more than `IMG_0042.jpg`."""
    return f"{path.parent.name}/{path.name}" if media in PICTURES else path.name


def actual_type(data: bytes, named: str) -> str:
    """The media type by the file's first bytes where they tell more than its name (`named`).

    Raises DocumentError for an empty file, and for programs and archives under a document's name.
    """
    if not data.strip(b" \t\r\n\0"):
        raise DocumentError("no text in it: the file is empty", "remove it, or write it again")
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    for mark, what in _REFUSED.items():
        if data.startswith(mark):
            raise DocumentError(f"it is a {what}, whatever its name says", "give it the extension of what it is")
    return _picture_type(data) or _document_type(data, head, named)


def _document_type(data: bytes, head: bytes, named: str) -> str:
    if head.startswith(b"%PDF-"):
        return PDF
    if data.startswith(_ZIP):
        return _zip_type(data, named)
    if data.startswith(_OLE) and named in _AS_TEXT:
        return DOC
    if head.startswith(b"{\\rtf"):
        return RTF
    if named in _AS_TEXT or data.startswith(_OLE):
        return named
    return _unmarked_type(data, head, named)


def _picture_type(data: bytes) -> str | None:
    """The type of a picture, whatever its name says."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return AVIF
    return next((media for mark, media in _PICTURE_MARKS.items() if data.startswith(mark)), None)


def _zip_type(data: bytes, named: str) -> str:
    """What kind of archive it is: the formats tell it by the names of their first members, or of any."""
    for mark, media in _ZIP_MARKS.items():
        if mark in (data[:200] if mark.startswith(b"mimetype") else data):
            return named if _is_kin(named, media) else media
    raise DocumentError("it is a ZIP archive", "unpack it and add what is inside")


def _is_kin(named: str, media: str) -> bool:
    """Whether a name tells more than the archive: a template, or one with macros, of the same program."""
    if not any(mark in named for mark in ("macroEnabled", "template", "slideshow")):
        return False
    return any(word in named for word in _PROGRAMS.get(media, ()))


def _unmarked_type(data: bytes, head: bytes, named: str) -> str:
    """A format with marks of its own, without them: text, saved under a wrong name, or a broken file."""
    lower = head[:200].lower()
    if lower.startswith((b"<!doctype html", b"<html")):
        return HTML
    if named in (PDF, RTF, EPUB, DOCX, PPTX, XLSX, ODT, ODS, ODP, DOC, XLS, PPT) and b"\0" not in data[:4096]:
        return XML if lower.startswith(b"<?xml") else TEXT
    return named


def _read(data: bytes, media: str) -> Content:
    """Run the parser of a media type; its module is imported now: a worker loads only what it needs."""
    module = importlib.import_module(f"quoth.passages.{_MODULES.get(media, _OTHERS)}")
    content: Content = module.read(data, media)
    return content
