"""The gate: who may come in. It is passed before anything of a request's body is read.

Without keys the server is for programs on this machine, not for pages of others in its browser: the Host header must
name this machine (a name that an attacker lets point here does not), and an Origin must be our own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from quoth.interfaces.http.refusals import RefusedError, reply_to

VISITOR = "quoth.visitor"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# They tell nothing of any document.
_OPEN = ("/health", "/docs", "/openapi.json", "/static-offline-docs/")


class Key(Protocol):
    """What a key allows."""

    name: str
    groups: tuple[str, ...]
    read_only: bool
    per_minute: int


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks.

    name: the key's name, "" for anybody on this machine. keys: what opens each collection; None opens all.
    """

    name: str = ""
    keys: Mapping[str, Key] | None = None


class Gate:
    """Lets in who may come in, each no more often than the key says."""

    def __init__(self, app: ASGIApp, find: Callable[[str], Visitor | None] | None) -> None:
        """`find` tells whose a token is; without it everybody on this machine comes in."""
        self._app = app
        self._find = find
        self._buckets: dict[str, _Bucket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            try:
                scope[VISITOR] = self._visitor(scope["path"], Headers(scope=scope))
            except RefusedError as refused:
                await reply_to(refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _visitor(self, path: str, headers: Headers) -> Visitor:
        if self._find is None:
            check_local(headers)
            return Visitor()
        if path.startswith(_OPEN):
            return Visitor(keys={})
        scheme, _, token = headers.get("authorization", "").partition(" ")
        visitor = self._find(token.strip()) if scheme.lower() == "bearer" else None
        if visitor is None:
            cure = "send Authorization: Bearer KEY; quoth key create makes one"
            raise RefusedError(401, "there is no key, or it is not known here", cure, WWW_Authenticate="Bearer")
        self._count(visitor)
        return visitor

    def _count(self, visitor: Visitor) -> None:
        limits = [key.per_minute for key in (visitor.keys or {}).values() if key.per_minute]
        if limits:
            bucket = self._buckets.setdefault(visitor.name, _Bucket(min(limits)))
            if wait := bucket.take():
                cause = f"the key {visitor.name!r} has had its {min(limits)} requests a minute"
                raise RefusedError(429, cause, "wait a little", Retry_After=str(math.ceil(wait)))


def check_local(headers: Headers) -> None:
    """Refuse what does not come from a program on this machine.

    Raises:
        RefusedError: 421, the Host header names another machine; 403, another site's page sends it.
    """
    host = headers.get("host", "")
    if _name(host) not in LOOPBACK:
        raise RefusedError(
            421, f"the Host header is {host!r:.100}", "use http://127.0.0.1, or listen elsewhere, with keys"
        )
    origin = headers.get("origin")
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        raise RefusedError(403, f"the page of {origin!r:.100} may not use this server", "use it from a program")


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


class _Bucket:
    """So many requests a minute, evenly; a pause saves up to a minute's."""

    def __init__(self, per_minute: int) -> None:
        self._size = float(per_minute)
        self._left = self._size
        self._last = time.monotonic()

    def take(self) -> float:
        """Take one; or the seconds until there is one."""
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._last) * self._size / 60)
        self._last = now
        if self._left < 1:
            return (1 - self._left) * 60 / self._size
        self._left -= 1
        return 0.0
