"""robots.txt (RFC 9309): what a site lets programs fetch, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin

from protego import Protego

from quoth.errors import DocumentError

if TYPE_CHECKING:
    from quoth.sources.fetch import Reply

AGENT = "quoth"
LONGEST_PAUSE = 10.0
"""Seconds between two requests that a site may ask for; more is taken as so many."""
# RFC 9309 wants at least 500 KiB to be read; the rest may be left.
_SIZE = 512 * 1024


class Fetch(Protocol):
    """Fetches an address, at most `cut` bytes of it."""

    def __call__(self, url: str, *, cut: int) -> Reply:
        """The reply."""


class Robots:
    """The rules of the sites that were met, each fetched once, also where that fails."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._rules: dict[str, Protego | DocumentError] = {}

    def check(self, url: str) -> float:
        """The seconds that its site wants between two requests.

        Raises:
            DocumentError: its robots.txt forbids to fetch `url`, or cannot be read now.
        """
        rules = self._of(urljoin(url, "/robots.txt"))
        if not rules.can_fetch(url, AGENT):
            raise DocumentError("the site's robots.txt forbids programs to fetch it", "save the page and add the file")
        return min(rules.crawl_delay(AGENT) or 0.0, LONGEST_PAUSE)

    def _of(self, file: str) -> Protego:
        if file not in self._rules:
            try:
                self._rules[file] = Protego.parse(self._read(file))
            except DocumentError as error:
                self._rules[file] = error
        rules = self._rules[file]
        if isinstance(rules, DocumentError):
            raise DocumentError(rules.cause, rules.cure) from rules
        return rules

    def _read(self, file: str) -> str:
        """The file's text; none where there is none. While a server fails, all is forbidden (RFC 9309, 2.3.1.4)."""
        reply = self._fetch(file, cut=_SIZE)
        if reply.status >= 500 or reply.status == 429:
            raise DocumentError(f"the site's robots.txt cannot be read now ({reply.status})", "try again later")
        return reply.body.decode("utf-8", "replace") if reply.status < 300 else ""
