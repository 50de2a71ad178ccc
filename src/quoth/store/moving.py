"""The note of a move: documents that go from one table into another, which takes two commits.

It is written before the first of them. Whoever reads between the two, or after a kill, sees each document once,
with its new groups, and the next write ends what was begun.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from quoth.store.table import reporting

_FILE = "moving.json"


@dataclass(frozen=True, slots=True)
class Move:
    """documents: they count in the table `into`, if it has them, and nowhere else.

    left: the tables that documents went from, whose statistics still remember them.
    """

    documents: tuple[str, ...] = ()
    into: str = ""
    left: tuple[str, ...] = ()


class MoveNote:
    """The note in the folder of a knowledge base; no move is under way where there is none."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def read(self) -> Move:
        """What is under way."""
        with reporting("read the knowledge base"):
            try:
                values = json.loads(self._file.read_text("utf-8"))
            except FileNotFoundError:
                return Move()
        return Move(tuple(values["documents"]), values["into"], tuple(values["left"]))

    def begin(self, documents: Collection[str], into: str, left: Collection[str]) -> None:
        """Before the first commit."""
        self._write(Move(tuple(documents), into, tuple(dict.fromkeys([*self.read().left, *left]))))

    def arrived(self) -> None:
        """After the last: only the statistics are left to do."""
        self._write(Move(left=self.read().left))

    def end(self) -> None:
        """Nothing is left to do."""
        with reporting("write to the knowledge base"):
            self._file.unlink(missing_ok=True)

    def _write(self, move: Move) -> None:
        part = self._file.with_suffix(".part")
        with reporting("write to the knowledge base"):
            part.write_text(json.dumps(asdict(move)), "utf-8")
            part.replace(self._file)
