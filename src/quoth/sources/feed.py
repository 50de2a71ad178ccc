"""Feeds (RSS, Atom): what each entry links to, or its own text where it is whole."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping
from dataclasses import dataclass

import feedparser
from lxml.html import document_fromstring

from quoth.errors import DocumentError

# What the beginning of a text ends with when the rest is elsewhere.
_CUT = ("…", "...", "[…]", "[...]", "more]")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: its address, and its text as a page in HTML, "" where it has only a summary; and who may use it."""

    url: str
    page: str
    rights: str


def read_feed(data: bytes, url: str, content_type: str) -> list[Entry]:
    """The entries of a feed that have an address, newest first as most feeds have them.

    Args:
        data: the file.
        url: where it came from; addresses in it may be relative to that.
        content_type: as the server said it: it may name the encoding.

    Raises:
        DocumentError: it is no feed.
    """
    # As a stream: a string could be taken for a file's name, or an address.
    headers = {"content-location": url, "content-type": content_type or "application/xml"}
    found = feedparser.parse(io.BytesIO(data), response_headers=headers)
    if not found.get("version"):
        raise DocumentError("it is no feed", "give the address of an RSS or Atom feed")
    rights = _rights(found.feed)
    return [
        Entry(entry.link, _page(entry), _rights(entry) or rights)
        for entry in found.entries
        if entry.get("link", "").startswith(("http://", "https://"))
    ]


def _rights(one: feedparser.FeedParserDict) -> str:
    """What it says of its rights, besides a licence's address where it names one."""
    return " ".join(dict.fromkeys(filter(None, (one.get("rights", "").strip(), one.get("license", "").strip()))))


def _page(entry: feedparser.FeedParserDict) -> str:
    """The entry's own text as a page; feedparser has taken scripts out."""
    body = next((part for part in map(_markup, entry.get("content", ())) if part.strip()), "")
    if not body or _text(body).endswith(_CUT):
        return ""
    title = _markup(entry.get("title_detail", {}))
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"


def _markup(part: Mapping[str, str]) -> str:
    """A text of a feed in HTML; lines of plain text stay lines."""
    value = part.get("value", "")
    return html.escape(value).replace("\n", "<br>") if part.get("type") == "text/plain" else value


def _text(markup: str) -> str:
    return str(document_fromstring(f"<div>{markup}</div>").text_content()).rstrip()
