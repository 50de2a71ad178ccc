"""Web pages -> documents to parse: changed pages only, each with where, when and by what right it came."""

from __future__ import annotations

import codecs
import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from email.message import Message
from http import HTTPStatus
from pathlib import PurePosixPath

import httpx2

from quoth.errors import DocumentError
from quoth.origin import Origin
from quoth.sources.feed import Entry, read_feed
from quoth.sources.fetch import Fetcher, Reply, tidy
from quoth.sources.items import Fetched, Gone, Item, Kept, Library, now
from quoth.sources.media import HTML, MARKDOWN, TEXT, media_of
from quoth.sources.sitemap import read_sitemap
from quoth.types import Failure

SITEMAPS = 50
"""The most sitemaps that one sitemap may lead to."""

_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_SEE = "look at it in a browser"


class Pages:
    """Web pages for a knowledge base; `known` is what it has."""

    def __init__(self, fetcher: Fetcher, known: Library) -> None:
        self._fetcher = fetcher
        self._known = known

    def each(self, urls: Iterable[str]) -> Iterator[Item]:
        """The pages at these addresses; what cannot be had is a failure, and the rest comes."""
        for url in dict.fromkeys(urls):
            try:
                yield from self._one(url)
            except DocumentError as error:
                yield Failure(url, error.cause, error.cure)
            except ValueError as error:  # of what a server may send, nobody knows all that libraries refuse
                yield Failure(url, f"what the server sent cannot be read ({error})", _SEE)

    def of_sitemap(self, url: str, limit: int) -> Iterator[Item]:
        """The first `limit` pages that a sitemap names, and the sitemaps that it leads to."""
        failures: list[Failure] = []
        urls = self._named(url, limit, failures)
        yield from self.each(urls)
        yield from failures

    def of_feed(self, url: str, limit: int) -> Iterator[Item]:
        """The first `limit` entries of a feed: their own text where it is whole, else the pages that they link to.

        A feed speaks for its own host alone, and not for pages that are here from their own address.
        """
        try:
            reply = self._good(url)
            entries = read_feed(reply.body, reply.url, reply.headers.get("content-type", ""))
        except DocumentError as error:
            yield Failure(url, error.cause, error.cure)
            return
        for entry in entries[:limit]:
            if entry.page and self._speaks_for(reply.url, entry.url):
                yield self._entry(entry, reply.url)
            else:
                yield from self.each([entry.url])
        if len(entries) > limit:
            yield _more(url, limit)

    def _one(self, url: str) -> Iterator[Item]:
        reply = self._fetcher.get(url, self._validators)
        asked = tidy(url)
        if reply.status == HTTPStatus.NOT_MODIFIED and reply.name in self._known:
            found: Item = Kept(reply.name)
        elif reply.status in _GONE and asked in self._known:
            yield Gone(asked, _said(reply))
            return
        elif reply.status >= 300:
            raise DocumentError(_said(reply), _SEE)
        else:
            found = self._page(reply)
        if reply.name != asked and asked in self._known:
            yield Gone(asked, f"it moved to {reply.name}", to=reply.name)
        yield found

    def _good(self, url: str) -> Reply:
        reply = self._fetcher.get(url)
        if reply.status >= 300:
            raise DocumentError(_said(reply), _SEE)
        return reply

    def _validators(self, name: str) -> dict[str, str]:
        """What makes a server answer 304 if the page is still as it was."""
        if name not in self._known:
            return {}
        origin = self._known[name].origin
        fields = {"If-None-Match": origin.etag, "If-Modified-Since": origin.last_modified}
        # Servers send other signs, too, which no client can send back.
        return {field: value for field, value in fields.items() if value and value.isascii() and value.isprintable()}

    def _page(self, reply: Reply) -> Fetched | Kept:
        content = Message()
        content["content-type"] = reply.headers.get("content-type", "")
        named = content.get_content_type() if "content-type" in reply.headers else ""
        media = media_of(named, PurePosixPath(httpx2.URL(reply.url).path))
        if media is None:
            raise DocumentError(f"no parser reads {named}", "save it, convert it to PDF or text, and add the file")
        data = reply.body
        if media in (HTML, TEXT, MARKDOWN):
            data = in_utf8(data, content.get_content_charset() or "")
        versions = {"etag": reply.headers.get("etag", ""), "last_modified": reply.headers.get("last-modified", "")}
        if self._has(reply.name, data):
            return Kept(reply.name, replace(self._known[reply.name].origin, **versions))
        rights = httpx2.Response(200, headers=_links(reply)).links.get("license", {}).get("url", "")
        return Fetched(reply.name, data, media, Origin(where=reply.url, fetched=now(), rights=rights, **versions))

    def _speaks_for(self, feed: str, url: str) -> bool:
        """Whether a feed's text may stand for the page at `url`; an address that is none is for `each` to tell."""
        try:
            name = tidy(url)
        except DocumentError:
            return False
        is_page = name in self._known and self._known[name].origin.where != feed
        return not is_page and httpx2.URL(name).netloc == httpx2.URL(feed).netloc

    def _entry(self, entry: Entry, feed: str) -> Item:
        name, page = tidy(entry.url), codecs.BOM_UTF8 + entry.page.encode()
        if self._has(name, page):
            return Kept(name)
        return Fetched(name, page, HTML, Origin(where=feed, fetched=now(), rights=entry.rights))

    def _has(self, name: str, data: bytes) -> bool:
        return name in self._known and self._known[name].digest == hashlib.sha256(data).hexdigest()

    def _named(self, url: str, limit: int, failures: list[Failure]) -> Iterator[str]:
        """The addresses in a sitemap and in those that it names; each sitemap once."""
        waiting, seen, found = deque([url]), {url}, 0
        while waiting:
            one = waiting.popleft()
            try:
                sitemap = read_sitemap(self._good(one).body, self._fetcher.limits.size)
            except DocumentError as error:
                failures.append(Failure(one, error.cause, error.cure))
                continue
            for page in sitemap.pages:
                if found == limit:
                    failures.append(_more(url, limit))
                    return
                found += 1
                yield page
            fresh = [address for address in dict.fromkeys(sitemap.maps) if address not in seen]
            room = SITEMAPS - len(seen)
            if len(fresh) > room:
                failures.append(Failure(one, f"it leads to more than {SITEMAPS} sitemaps", "add some of them alone"))
            seen.update(fresh[:room])
            waiting += fresh[:room]


def in_utf8(data: bytes, charset: str) -> bytes:
    """Text as UTF-8 with its mark, which goes before what the text says of itself; as it is if there is no telling."""
    if not charset or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data
    try:
        return codecs.BOM_UTF8 + data.decode(charset).encode()
    except (LookupError, ValueError):  # no such charset, or not this one
        return data


def _said(reply: Reply) -> str:
    return f"the server said {httpx2.codes.get_reason_phrase(reply.status) or 'no'} ({reply.status})"


def _links(reply: Reply) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in reply.headers.raw if name.lower() == b"link"]


def _more(url: str, limit: int) -> Failure:
    return Failure(url, f"it names more than {limit} pages", "raise --limit to have more of them")
