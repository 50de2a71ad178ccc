"""The gate: who may come in. It is passed before anything of a request's body is read.

Without keys the server is for programs on this machine, not for pages of others in its browser: the Host header must
name this machine (a name that an attacker lets point here does not), and an Origin must be our own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from quoth.access import Key, Keys, Rates
from quoth.errors import QuothError
from quoth.interfaces.collections import Collection, Collections
from quoth.interfaces.http.refusals import RefusedError, reply_to

VISITOR = "quoth.visitor"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# They tell nothing of any document.
_OPEN = ("/health", "/docs", "/openapi.json", "/static-offline-docs/")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks.

    name: the key's name, "" for anybody on this machine; each folder has names of its own. id: the key's digest, which
    nobody else has. keys: what opens each collection; None opens all.
    """

    name: str = ""
    id: str = ""
    keys: Mapping[str, Key] | None = None


class KeyRing:
    """The keys of all collections that are served, as they are now."""

    def __init__(self, collections: Collections, locked: bool = False) -> None:
        """`locked`: nobody comes in without a key, though there may be none yet."""
        self._collections = collections
        self._keys = [(one, Keys(one.base.folder)) for one in collections.all]
        self._locked = locked

    @property
    def locked(self) -> bool:
        """Whether a key is needed: from the first key on, and when the last is revoked too."""
        self._locked = self._locked or self.has_keys
        return self._locked

    @property
    def has_keys(self) -> bool:
        """Whether there is a key."""
        return any(keys.all() for _, keys in self._keys)

    def find(self, token: str) -> list[tuple[Collection, Key]]:
        """What is known of this key, and in whose folder: in several if one is a copy of another."""
        return [(home, key) for home, keys in self._keys if (key := keys.find(token))]

    def visitor(self, held: Sequence[tuple[Collection, Key]]) -> Visitor:
        """Who has this key, and which of the collections it opens: each as its own folder says, if that knows it."""
        others = {one.name: key for home, key in held for one in self._collections.reached(home, key.collections)}
        own = {home.name: key for home, key in held if home.name in others}
        return Visitor(held[0][1].name, held[0][1].digest, {**others, **own})


class Gate:
    """Lets in who may come in, each no more often than the key says."""

    def __init__(self, app: ASGIApp, ring: KeyRing) -> None:
        self._app = app
        self._ring = ring
        self._rates = Rates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            try:
                scope[VISITOR] = self._visitor(scope["path"], Headers(scope=scope))
            except QuothError as error:
                await reply_to(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _visitor(self, path: str, headers: Headers) -> Visitor:
        if not self._ring.locked:
            check_local(headers)
            return Visitor()
        if path.startswith(_OPEN):
            return Visitor(keys={})
        scheme, _, token = headers.get("authorization", "").partition(" ")
        held = self._ring.find(token.strip()) if scheme.lower() == "bearer" else []
        if not held:
            cure = "send Authorization: Bearer KEY; quoth key create makes one"
            raise RefusedError(401, "there is no key, or it is not known here", cure, WWW_Authenticate="Bearer")
        key = held[0][1]
        if wait := self._rates.take(key):
            cause = f"the key {key.name!r} has had its {key.per_minute} requests a minute"
            raise RefusedError(429, cause, "wait a little", Retry_After=str(math.ceil(wait)))
        return self._ring.visitor(held)


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
