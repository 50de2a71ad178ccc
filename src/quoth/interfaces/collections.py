"""The knowledge bases that are served, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from quoth.errors import NotFoundError
from quoth.folders import collection_of
from quoth.knowledge import KnowledgeBase
from quoth.manifest import UPLOADS_FOLDER, is_knowledge_base
from quoth.store import StoredDocument

FIRST = "quoth"
"""What the first collection is called besides its own name."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A knowledge base and its name."""

    name: str
    base: KnowledgeBase

    @property
    def uploads(self) -> Path:
        """Where uploaded files are kept."""
        return self.base.folder / UPLOADS_FOLDER


def documents_of(base: KnowledgeBase) -> list[StoredDocument]:
    """Its documents by name; none before the first upload has made it a knowledge base."""
    return base.documents() if is_knowledge_base(base.folder) else []


class Collections:
    """All of them, in the order in which they were given."""

    def __init__(self, bases: Sequence[KnowledgeBase]) -> None:
        """Each is called as `collection_of` its folder; a name that is taken gets a number."""
        self._by_name: dict[str, Collection] = {}
        for base in bases:
            name = _unused(collection_of(base.folder), self._by_name)
            self._by_name[name] = Collection(name, base)

    @property
    def all(self) -> list[Collection]:
        """In their order."""
        return list(self._by_name.values())

    def find(self, name: str | None) -> Collection:
        """The one of this name; the first without one, or for "quoth" if none is called so.

        Raises:
            NotFoundError: there is none.
        """
        if name in self._by_name:
            return self._by_name[name]
        if name in (None, FIRST):
            return self.all[0]
        raise NotFoundError(f"there is no collection {name!r}", f"choose one of: {', '.join(self._by_name)}")

    def reached(self, home: Collection, names: Sequence[str]) -> list[Collection]:
        """What a key in `home`'s folder opens that names these.

        No name, or its own folder's, is `home`, whatever else is called so. Another is the one collection whose folder
        is called so: if there are several, none of them, for nobody knows which was meant.
        """
        own = collection_of(home.base.folder)
        opened = [home] if own in names or not names else []
        for name in names:
            called = [one for one in self.all if name != own and collection_of(one.base.folder) == name]
            opened += called if len(called) == 1 else []
        return opened


def _unused(name: str, taken: dict[str, Collection]) -> str:
    number = 2
    unused = name
    while unused in taken:
        unused, number = f"{name}-{number}", number + 1
    return unused
