"""URLs -> bytes, politely and within limits: one request at a time, robots.txt heard, each redirect checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from types import TracebackType
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

import httpcore2
import httpx2

from quoth.errors import DocumentError
from quoth.sources.guard import Network, Transport
from quoth.sources.robots import AGENT, Robots

_SEE = "look at it in a browser"
_LATER = "try again later"
_BUSY = (429, 503)
_PERMANENT = (301, 308)
_NETWORK = (httpx2.TransportError, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError)
_TIMEOUTS = (httpx2.TimeoutException, httpcore2.TimeoutException)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server may cost.

    size: bytes of a page, unpacked; seconds: for a whole request; silence: of them without a byte.
    redirects: in a row; tries: of a request that the server is too busy for; wait: seconds that it may ask us to.
    """

    size: int = 50_000_000
    seconds: float = 120.0
    silence: float = 20.0
    redirects: int = 10
    tries: int = 3
    wait: float = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sent. `url` is where it came from at last, `name` the address after permanent redirects alone."""

    url: str
    name: str
    status: int
    headers: httpx2.Headers
    body: bytes


Ask = Callable[[str], Mapping[str, str]]
"""Header fields for the request of the page of this name."""


class Fetcher:
    """Fetches pages; a context manager."""

    def __init__(self, allow_private: bool = False, limits: Limits | None = None) -> None:
        """Make the client; nothing is sent yet.

        Args:
            allow_private: addresses that are not public are connected to as well, and the environment's proxy is
                used: a proxy looks names up itself, so where it connects to cannot be checked.
            limits: what a server may cost.
        """
        self.limits = limits or Limits()
        self._network = Network(allow_private)
        proxied = allow_private and bool(getproxies())
        self._client = httpx2.Client(
            transport=None if proxied else Transport(self._network),
            trust_env=proxied,
            timeout=self.limits.silence,
            headers={"User-Agent": f"{AGENT}/{version(AGENT)} (for one reader's own library)"},
        )
        self._robots = Robots(self._follow)
        self._last: dict[str, float] = {}

    def __enter__(self) -> Fetcher:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the connections."""
        self._client.close()

    def get(self, url: str, ask: Ask = lambda _name: {}) -> Reply:
        """The page at `url`, whatever its status; redirects are followed.

        Args:
            url: http or https.
            ask: more header fields for the request, by the page's name.

        Raises:
            DocumentError: robots.txt forbids it, the address is not public, the server is away, too slow or too
                busy, or sends too much.
        """
        return self._follow(url, ask, self._robots.check)

    def _follow(
        self, url: str, ask: Ask = lambda _name: {}, check: Callable[[str], float] = lambda _url: 0.0, cut: int = 0
    ) -> Reply:
        """The page, each address of the way checked first; `check` gives the pause that its host wants."""
        name, permanent = tidy(url), True
        url = name
        for _ in range(self.limits.redirects + 1):
            pause = check(url)
            reply = self._patiently(url, {**ask(name)}, pause, cut)
            if not 300 <= reply.status < 400 or "location" not in reply.headers:
                return Reply(url, name, reply.status, reply.headers, reply.body)
            url = tidy(reply.headers["location"], url)
            permanent = permanent and reply.status in _PERMANENT
            name = url if permanent else name
        raise DocumentError(f"it redirects more than {self.limits.redirects} times", _SEE)

    def _patiently(self, url: str, headers: Mapping[str, str], pause: float, cut: int) -> Reply:
        """One request, and again while the server is too busy."""
        for attempt in range(self.limits.tries):
            self._pause(url, pause)
            reply = self._once(url, headers, cut)
            if reply.status not in _BUSY or attempt + 1 == self.limits.tries:
                break
            time.sleep(self._asked(reply, attempt))
        return reply

    def _pause(self, url: str, pause: float) -> None:
        """Let so many seconds pass between two requests to one host."""
        host = httpx2.URL(url).netloc.decode()
        if host in self._last:
            time.sleep(max(0.0, self._last[host] + pause - time.monotonic()))
        self._last[host] = time.monotonic()

    def _asked(self, reply: Reply, attempt: int) -> float:
        """Seconds until the next try: as many as the server asks for, or 1, 2, 4."""
        seconds = retry_after(reply.headers.get("retry-after", ""))
        if seconds is None:
            return float(2**attempt)
        if seconds > self.limits.wait:
            raise DocumentError(f"the server asks to wait {seconds:.0f} s ({reply.status})", _LATER)
        return seconds

    def _once(self, url: str, headers: Mapping[str, str], cut: int) -> Reply:
        self._network.deadline = time.monotonic() + self.limits.seconds
        with _telling(), self._client.stream("GET", url, headers=headers) as found:
            # What a redirect says is nobody's to read.
            body = b"" if 300 <= found.status_code < 400 else self._read(found, cut)
            return Reply(url, url, found.status_code, found.headers, body)

    def _read(self, found: httpx2.Response, cut: int) -> bytes:
        """The body, unpacked piece by piece: no piece is larger than a megabyte. `cut`: bytes that are enough."""
        body = bytearray()
        for piece in found.iter_bytes():
            body += piece
            if cut and len(body) >= cut:
                return bytes(body[:cut])
            if len(body) > self.limits.size or found.num_bytes_downloaded > self.limits.size:
                cause = f"it is larger than {self.limits.size / 1e6:.0f} MB"
                raise DocumentError(cause, "save it yourself, and add the file")
            if time.monotonic() > self._network.deadline:
                raise httpx2.ReadTimeout("")
        return bytes(body)


def tidy(url: str, base: str = "") -> str:
    """An address as it is kept: without its fragment, which no server sees, the host in small letters.

    It may be relative to that of `base`.

    Raises:
        DocumentError: it is none of a web page, or it holds a password.
    """
    try:
        address = httpx2.URL(urljoin(base, url.strip())).copy_with(fragment=None)
    except (httpx2.InvalidURL, ValueError) as error:
        raise DocumentError(f"it is no address ({error})", "write it like https://example.org/page") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise DocumentError("it is no http or https address", "write it like https://example.org/page")
    if address.userinfo:
        raise DocumentError("it holds a name or a password, which would be kept", "save the page and add the file")
    parts = urlsplit(str(address))
    return parts._replace(path=parts.path or "/").geturl()


def retry_after(field: str) -> float | None:
    """The seconds that a `Retry-After` field asks for (RFC 9110, 10.2.3); None if it says nothing."""
    if field.strip().isdecimal():
        return float(field)
    try:
        date = parsedate_to_datetime(field)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


@contextmanager
def _telling() -> Iterator[None]:
    """What goes wrong on the way, in our words."""
    try:
        yield
    except _TIMEOUTS as error:
        raise DocumentError("the server did not answer in time", _LATER) from error
    except httpx2.DecodingError as error:
        raise DocumentError(f"what the server sent cannot be unpacked ({error})", _SEE) from error
    except _NETWORK as error:
        raise DocumentError(f"the connection failed ({error})", "check the network; it may need a proxy") from error
    except ValueError as error:
        raise DocumentError(f"what the server sent cannot be read ({error})", _SEE) from error
