"""API keys: `keys.json` in a knowledge base's folder, readable by its owner alone.

Of a key only the SHA-256 is kept. A slow hash with salt (as for passwords) is for secrets that people choose, which can
be guessed: these have 256 random bits, which nobody guesses at any speed, and each request must be checked at once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from quoth.errors import NotFoundError, StoreError, UsageError
from quoth.naming import as_groups

KEYS_FILE = "keys.json"
# What a key begins with, so that people and scanners of source code know one when they see it.
PREFIX = "quoth-"
_RANDOM_BYTES = 32
_LOCK_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Key:
    """What a key opens.

    name: what people call it; digest: the SHA-256 of the key, in hexadecimal; created: ISO 8601 in UTC.
    collections: the folders' names of the knowledge bases that it opens, none for that in whose folder it lies alone;
    groups: as whom, see `KnowledgeBase.seen_by`.
    read_only: it may search and ask, not add or remove; per_minute: requests, 0 for no limit.
    """

    name: str
    digest: str
    created: str
    collections: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    read_only: bool = False
    per_minute: int = 0


class Keys:
    """The keys in a folder, always as they are now: a key that was revoked opens nothing more."""

    def __init__(self, folder: Path) -> None:
        """`folder` is a knowledge base's."""
        self._file = folder / KEYS_FILE
        self._stamp: tuple[int, ...] | None = None
        self._keys: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """All keys, oldest first.

        Raises:
            StoreError: the file is damaged or cannot be read.
        """
        stamp = self._stamped()
        if stamp != self._stamp:
            self._keys = self._read() if stamp else ()
            self._stamp = stamp
        return self._keys

    def find(self, token: str) -> Key | None:
        """What this key opens; None if there is no such key. Takes as long for a wrong one as for any.

        Raises:
            StoreError: see `all`.
        """
        digest = _digest(token)
        found = None
        for key in self.all():
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def create(
        self,
        collections: Iterable[str] = (),
        groups: Iterable[str] = (),
        *,
        name: str = "",
        read_only: bool = False,
        per_minute: int = 0,
    ) -> tuple[str, Key]:
        """Make a key; by default its name is a random one, and it opens this folder's knowledge base.

        Returns:
            the key itself, which is shown now and never again, and what is kept of it.

        Raises:
            UsageError: the name is in use, a collection or a group is no name, or the rate is negative.
            StoreError: the file cannot be read or written.
        """
        reached = tuple(dict.fromkeys(collection.strip() for collection in collections))
        if not all(reached):
            raise UsageError("a collection has no name", "name the folders of knowledge bases: --collections a,b")
        if per_minute < 0:
            raise UsageError(f"{per_minute} requests a minute", "give 0 for no limit, or more")
        token = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        chosen = name.strip() or f"key-{secrets.token_hex(3)}"
        key = Key(chosen, _digest(token), created, reached, as_groups(groups), read_only, per_minute)
        with self._changing():
            if any(other.name == chosen for other in self.all()):
                raise UsageError(f"there is a key {chosen!r} already", "choose another name, or revoke that one")
            self._write((*self.all(), key))
        return token, key

    def revoke(self, name: str) -> Key:
        """Take a key away, by its name; from the next request on it opens nothing.

        Raises:
            NotFoundError: there is no such key.
            StoreError: the file cannot be read or written.
        """
        with self._changing():
            left = tuple(key for key in self.all() if key.name != name)
            gone = next((key for key in self.all() if key.name == name), None)
            if gone is None:
                raise NotFoundError(f"there is no key {name!r}", "`quoth key list` tells which there are")
            self._write(left)
        return gone

    def _stamped(self) -> tuple[int, ...] | None:
        """What changes with each write: it makes a new file."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(self._file, error) from error
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> tuple[Key, ...]:
        try:
            return tuple(_key(values) for values in json.loads(self._file.read_text("utf-8"))["keys"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _unreadable(self._file, error) from error

    def _write(self, keys: Iterable[Key]) -> None:
        """At one stroke, for the owner alone from the first byte on."""
        part = self._file.with_suffix(".part")
        text = json.dumps({"keys": [asdict(key) for key in keys]}, indent=1) + "\n"
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._file)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One who changes the keys at a time."""
        try:
            with FileLock(self._file.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                yield
        except Timeout as error:
            raise StoreError("another process is changing the keys", "try again") from error
        except OSError as error:
            raise StoreError(f"{self._file} cannot be written ({error})", "check its rights and room") from error


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _key(values: dict[str, Any]) -> Key:
    return Key(**{**values, "collections": tuple(values["collections"]), "groups": tuple(values["groups"])})


def _unreadable(file: Path, error: Exception) -> StoreError:
    return StoreError(f"{file} cannot be read ({error})", "mend it, or delete it and make new keys")
