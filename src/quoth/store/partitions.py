"""The tables of a knowledge base: one for each set of groups that sees documents.

So no search meets what is not for its viewer, and neither do the statistics of words and the indexes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from quoth.store.rows import schema_of
from quoth.store.table import PassageTable, connect, reporting

# What everybody sees; the names of the others go on with a digest of their groups.
PUBLIC = "passages"


class Partitions:
    """The tables in a folder; they are never taken away, only emptied."""

    def __init__(self, folder: Path, dimension: int) -> None:
        """Open that of everybody, or make it.

        Raises:
            StoreError: it can be neither opened nor made.
        """
        self._folder, self._dimension = folder, dimension
        self._opened: dict[str, PassageTable] = {}
        with reporting(f"open the knowledge base in {folder}"):
            self._database = connect(folder)
        self.of(())

    def of(self, groups: tuple[str, ...]) -> PassageTable:
        """The table that these groups see, made if there is none."""
        name = _name(groups)
        if name not in self._opened:
            with reporting(f"open the knowledge base in {self._folder}"):
                schema = schema_of(self._dimension, groups)
                self._opened[name] = PassageTable(self._database.create_table(name, schema=schema, exist_ok=True))
        return self._opened[name]

    def all(self) -> list[PassageTable]:
        """All of them, that of everybody first; other processes may make some at any moment."""
        with reporting(f"open the knowledge base in {self._folder}"):
            for name in self._made():
                if name not in self._opened:
                    self._opened[name] = PassageTable(self._database.open_table(name))
        return [self._opened[name] for name in sorted(self._opened.copy())]

    def _made(self) -> Iterator[str]:
        """The names of those whose first commit is done."""
        for folder in self._folder.glob(f"{PUBLIC}*.lance"):
            if folder.stem in self._opened or any(folder.glob("_versions/*.manifest")):
                yield folder.stem


def _name(groups: tuple[str, ...]) -> str:
    """A name that any file system takes, whatever the groups are called."""
    return f"{PUBLIC}-{hashlib.sha256(json.dumps(groups).encode()).hexdigest()[:16]}" if groups else PUBLIC
