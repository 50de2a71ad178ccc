"""What sources other than files give, one after the other, and what they need to know of what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from quoth.origin import Origin
from quoth.types import Document, Failure


class Known(Protocol):
    """What the store has of a document."""

    @property
    def digest(self) -> str:
        """The SHA-256 of its bytes when it went in."""

    @property
    def origin(self) -> Origin:
        """Where it came from."""


Library = Mapping[str, Known]
"""The documents that are there, by name."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is on no disk of ours: `data` are its bytes, `media_type` what its server calls them.

    `id` is the document's name (a page's address), `origin` where and when it came; what the file itself says of its
    rights is put in where the origin has none.
    """

    id: str
    data: bytes = field(repr=False)
    media_type: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that is there already and has not changed; `origin` if its source says something new of that."""

    id: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A document that its source no longer has: it goes if that is wanted (`prune`), else `cause` is told, if any.

    `to`: the name that its source has it under now, "" for none; what has that name comes after this.
    """

    id: str
    cause: str
    to: str = ""


Item = Document | Fetched | Kept | Gone | Failure


def now() -> str:
    """The time, in UTC, to the second (ISO 8601)."""
    return datetime.now(UTC).isoformat(timespec="seconds")
