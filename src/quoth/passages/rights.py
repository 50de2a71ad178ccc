"""What a web page says of its rights: by what licence others may use it."""

from __future__ import annotations

from lxml import html

from quoth.passages.content import one_line

_NAMES = frozenset(("rights", "copyright", "dc.rights", "dcterms.rights", "dcterms.license", "dcterms.rightsholder"))
_LONGEST = 300


def rights_of(root: html.HtmlElement) -> str:
    """What its `<meta>` elements say, then the addresses of its licences (`rel="license"`); "" for nothing."""
    said = [meta.get("content", "") for meta in root.iter("meta") if _name(meta) in _NAMES]
    links = [
        link.get("href", "") for link in root.iter("link", "a") if "license" in link.get("rel", "").lower().split()
    ]
    return " ".join(dict.fromkeys(filter(None, map(one_line, said + links))))[:_LONGEST]


def _name(meta: html.HtmlElement) -> str:
    return str(meta.get("name") or meta.get("property") or "").lower()
