"""EPUB: the chapters in the order of the book's spine, each read by our HTML reader."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, unquote

from lxml import etree

from quoth.errors import DocumentError
from quoth.passages.content import Content, Writer, one_line
from quoth.passages.decode import decode
from quoth.passages.html import write_markup
from quoth.passages.references import Fetch, local_name, resolve
from quoth.passages.xml import parse_xml

_MAX_CHAPTER = 50_000_000
_BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError)
_PAGES = ("application/xhtml+xml", "text/html")


def read(data: bytes, media_type: str) -> Content:  # noqa: ARG001 - every parser has this signature
    """The text of a book. Raises DocumentError if the archive is broken or protected (DRM)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive)
    except _BROKEN as error:
        raise DocumentError(f"the EPUB is broken: {one_line(str(error))}", "get the file anew") from error


def _read(archive: zipfile.ZipFile) -> Content:
    if "META-INF/rights.xml" in archive.namelist():
        raise DocumentError("the EPUB is protected (DRM)", "only books without such protection can be read")
    container = parse_xml(_member(archive, "META-INF/container.xml"))
    opf = container.xpath("string(//*[local-name()='rootfile']/@full-path)")
    package = parse_xml(_member(archive, opf))
    writer = Writer()
    for name in _chapters(package, posixpath.dirname(opf)):
        write_markup(decode(_member(archive, name)), writer, quote(name))
    content = writer.content(package.xpath("string(//*[local-name()='title'])"))
    return replace(content, figures=resolve(content.references, _inside(archive)), references=())


def _chapters(package: etree._Element, folder: str) -> Iterator[str]:
    """The names of the chapters' files in reading order; the table of contents is none of them."""
    items = {item.get("id"): item for item in package.xpath("//*[local-name()='item']")}
    for reference in package.xpath("//*[local-name()='itemref']/@idref"):
        item = items.get(reference)
        if item is None or item.get("media-type") not in _PAGES or "nav" in (item.get("properties") or "").split():
            continue
        yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))


def _inside(archive: zipfile.ZipFile) -> Fetch:
    """Reads members of the archive; those that are not there, or broken, are None."""

    def fetch(source: str) -> bytes | None:
        try:
            return _member(archive, local_name(source))
        except (*_BROKEN, DocumentError, ValueError):
            return None

    return fetch


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > _MAX_CHAPTER:
        raise DocumentError(f"{name} in the EPUB is too large: {info.file_size / 1e6:.0f} MB", "split the book")
    return archive.read(info)
