"""What documents and groups are called: texts get a name and a title, people find them by the end of a path."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from quoth.errors import NotFoundError, UsageError
from quoth.types import Document

_TITLE_CHARACTERS = 60


def as_documents(
    texts: Sequence[str], names: Sequence[str] | None, titles: Sequence[str] | None, trust: float = 1.0
) -> list[Document]:
    """Each text as a document; see `as_document`.

    Raises:
        UsageError: `names` or `titles` are not as many as `texts`.
    """
    for given in (names, titles):
        if given is not None and len(given) != len(texts):
            raise UsageError(f"{len(texts)} texts with {len(given)} names or titles", "give one for each")
    return [
        as_document(text, names[i] if names else None, titles[i] if titles else None, trust)
        for i, text in enumerate(texts)
    ]


def as_groups(names: Iterable[str]) -> tuple[str, ...]:
    """Names of groups, sorted, each once; none is everybody.

    Raises:
        UsageError: a name is empty, or has a comma or a sign that cannot be seen; or it is a text, whose letters would
            each be taken for a group.
    """
    if isinstance(names, str):
        raise UsageError(f"the groups are a text, {names!r}", f"give them as a list: [{names!r}]")
    groups = tuple(sorted({name.strip() for name in names}))
    for group in groups:
        if not group or not group.isprintable() or "," in group:
            raise UsageError(f"{group!r} is no name of a group", "name it with letters that can be seen, and no comma")
    return groups


def as_document(text: str, name: str | None, title: str | None, trust: float = 1.0) -> Document:
    """A text as a document: by default it is called by its digest, and its title is its beginning."""
    text = whole(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    first_line = text.strip().partition("\n")[0][:_TITLE_CHARACTERS]
    shown = first_line if title is None else whole(title)
    return Document(whole(name or f"text:{digest[:12]}"), shown, text, "text/plain", digest, trust=trust)


def whole(text: str) -> str:
    """Half a character (a lone surrogate) has no UTF-8: it becomes a question mark, as for the encoder."""
    return text.encode("utf-8", "replace").decode()


def known_name(name: str, names: Collection[str]) -> str:
    """The very name that is given.

    Raises:
        NotFoundError: it is none of them.
    """
    if name not in names:
        raise NotFoundError(f"there is no document {name!r} any more", "list the documents again")
    return name


def pick_name(wanted: str, names: Sequence[str]) -> str:
    """The one name that a person means.

    Raises:
        NotFoundError: there is none such.
        UsageError: there are several.
    """
    if wanted in names:
        return wanted
    path = Path(wanted).expanduser().absolute().as_posix()
    meant = [path] if path in names else [name for name in names if name.endswith(f"/{wanted}")]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise UsageError(f"{wanted!r} may be {meant[0]} or {meant[1]}", "give more of its path")
    near = difflib.get_close_matches(wanted, [Path(name).name for name in names], 1, 0.5)
    cure = f"did you mean {near[0]}?" if near else "`quoth status` tells what is there"
    raise NotFoundError(f"there is no document {wanted!r}", cure)
