"""Feeds (RSS, Atom): what each entry links to, or its own text where it is whole.

They are parsed in a process of their own, `python -m quoth.sources.feed URL CONTENT_TYPE`: what forgives every feed
takes hours for one that was made for that.
"""

from __future__ import annotations

import html
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import feedparser
from lxml.html import document_fromstring

from quoth.errors import DocumentError

try:
    import resource
except ImportError:  # Windows has no such limits.
    resource = None  # type: ignore[assignment]

SECONDS = 20.0
"""The longest that a feed may take to parse."""

_MEMORY = 2 << 30
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
        DocumentError: it is no feed, or takes too long.
    """
    command = [sys.executable, "-P", "-m", "quoth.sources.feed", url, content_type]
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(Path(__file__).parents[2]))))
    try:
        done = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired as error:
        raise DocumentError(f"reading it took longer than {SECONDS:.0f} s", "add the pages of its entries") from error
    if done.returncode:
        raise DocumentError("the parser of feeds failed on it", "add the pages of its entries")
    entries = json.loads(done.stdout)
    if entries is None:
        raise DocumentError("it is no feed", "give the address of an RSS or Atom feed")
    return [Entry(**entry) for entry in entries]


def parse_feed(data: bytes, url: str, content_type: str) -> list[Entry] | None:
    """What `read_feed` gives, in this process; None if it is no feed."""
    # As a stream: a string could be taken for a file's name, or an address.
    headers = {"content-location": url, "content-type": content_type or "application/xml"}
    found = feedparser.parse(io.BytesIO(data), response_headers=headers)
    if not found.get("version"):
        return None
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


def _main(url: str, content_type: str) -> None:
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    entries = parse_feed(sys.stdin.buffer.read(), url, content_type)
    json.dump(None if entries is None else [asdict(entry) for entry in entries], sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
