"""What documents are called: texts get a name and a title, people find them by the end of a path."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from pathlib import Path

from quoth.errors import NotFoundError, UsageError
from quoth.types import Document

_TITLE_CHARACTERS = 60


def as_document(text: str, name: str | None, title: str | None) -> Document:
    """A text as a document: by default it is called by its digest, and its title is its beginning."""
    text = whole(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    first_line = text.strip().partition("\n")[0][:_TITLE_CHARACTERS]
    shown = first_line if title is None else whole(title)
    return Document(whole(name or f"text:{digest[:12]}"), shown, text, "text/plain", digest)


def whole(text: str) -> str:
    """Half a character (a lone surrogate) has no UTF-8: it becomes a question mark, as for the encoder."""
    return text.encode("utf-8", "replace").decode()


def pick_name(wanted: str, names: Sequence[str]) -> str:
    """The one name that is meant."""
    exact = {wanted, Path(wanted).expanduser().absolute().as_posix()}
    meant = [name for name in names if name in exact] or [name for name in names if name.endswith(f"/{wanted}")]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise UsageError(f"{wanted!r} may be {meant[0]} or {meant[1]}", "give more of its path")
    near = difflib.get_close_matches(wanted, [Path(name).name for name in names], 1, 0.5)
    cure = f"did you mean {near[0]}?" if near else "`quoth status` tells what is there"
    raise NotFoundError(f"there is no document {wanted!r}", cure)
