"""Sitemaps (sitemaps.org): the addresses of a site's pages, in XML, in plain text, packed with gzip or not."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from lxml import etree

from quoth.errors import DocumentError

_GZIP = b"\x1f\x8b"
_CURE = "give the address of a sitemap; a site's robots.txt often names it"


@dataclass(frozen=True, slots=True)
class Map:
    """What a sitemap names: pages, or other sitemaps."""

    pages: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()


def read_sitemap(data: bytes, largest: int) -> Map:
    """The addresses in a sitemap, in order.

    Args:
        data: the file, perhaps packed.
        largest: the bytes that it may have when unpacked.

    Raises:
        DocumentError: it is none, or too large.
    """
    data = _unpacked(data, largest) if data.startswith(_GZIP) else data
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = data.decode("utf-8", "replace").lstrip("\ufeff").split()
        return Map(tuple(line for line in lines if line.startswith(("http://", "https://"))))
    root = _root(data)
    kind = etree.QName(root).localname
    if kind not in ("urlset", "sitemapindex"):
        raise DocumentError(f"it is no sitemap, but {kind!r}", _CURE)
    # Only the addresses of entries: a <loc> deeper down is that of a picture or a film.
    found = root.xpath("./*[local-name()='url' or local-name()='sitemap']/*[local-name()='loc']")
    addresses = tuple(text for loc in found if (text := (loc.text or "").strip()))
    return Map(maps=addresses) if kind == "sitemapindex" else Map(addresses)


def _root(data: bytes) -> etree._Element:
    # No entity is expanded, nothing is fetched.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"its XML is broken ({error})", _CURE) from error


def _unpacked(data: bytes, largest: int) -> bytes:
    packer = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = packer.decompress(data, largest)
    except zlib.error as error:
        raise DocumentError(f"it cannot be unpacked ({error})", _CURE) from error
    if packer.unconsumed_tail:
        raise DocumentError(f"unpacked it is larger than {largest / 1e6:.0f} MB", _CURE)
    return found
