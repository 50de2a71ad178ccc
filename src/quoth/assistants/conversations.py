"""Conversations at rest: one file each, a turn a line, which its owner may read, edit, copy and delete.

A line is JSON in UTF-8 and is on the disk before the next message is taken. A kill can only break the last line: it is
left out, said (`ConversationFile.broken`), and gone with the next turn.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from quoth.assistants.turns import Turn, as_record, from_record
from quoth.errors import NotFoundError, StoreError, UsageError

SUFFIX = ".jsonl"
LONGEST_NAME = 100


class ConversationFile:
    """A conversation in its file; see above. The file is made by the first turn."""

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            StoreError: the file cannot be read, or a line before the last is no turn.
        """
        self.path = path
        self.broken = ""
        self._starts: list[int] = []
        self._end = 0
        self.turns = tuple(self._read())

    def append(self, turn: Turn) -> None:
        """Put a turn at the end; when this returns it is on the disk.

        Raises:
            StoreError: the file cannot be written, or somebody else has changed it since it was read.
        """
        line = json.dumps(as_record(turn), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
        with self._changing() as file:
            if os.write(file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        self._starts.append(self._end)
        self._end += len(line)
        self.turns = (*self.turns, turn)

    def undo(self) -> None:
        """Take the last turn out of the file.

        Raises:
            UsageError: there is none.
            StoreError: see `append`.
        """
        if not self.turns:
            raise UsageError("there is no turn to take back", "say something first")
        with self._changing() as file:
            os.ftruncate(file, self._starts[-1])
            os.fsync(file)
        self._end = self._starts.pop()
        self.turns = self.turns[:-1]

    def _read(self) -> Iterator[Turn]:
        try:
            data = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read ({error})", "check its rights") from error
        self._size = len(data)
        lines = data.splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            try:
                turn = from_record(json.loads(line)) if line.strip() else None
            except (ValueError, KeyError, TypeError) as error:
                if number < len(lines) or line.endswith(b"\n"):
                    cause = f"line {number} of {self.path} is no turn of a conversation ({error!r})"
                    raise StoreError(cause, "mend or delete that line") from error
                self.broken = f"the last line of {self.path} is broken; that turn is lost"
                return
            if turn:
                self._starts.append(self._end)
                yield turn
            self._end += len(line)

    @contextmanager
    def _changing(self) -> Iterator[int]:
        """The file, open at its end, without a broken last line and with an end to one that has none."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._settle(file)
                try:
                    yield file
                except OSError:
                    os.ftruncate(file, self._end)  # of half a line nothing stays
                    raise
                finally:
                    self._size = os.fstat(file).st_size
            finally:
                os.close(file)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written ({error})", "check its rights and room") from error

    def _settle(self, file: int) -> None:
        if os.fstat(file).st_size != self._size:
            raise StoreError(f"another program has changed {self.path}", "open the conversation again")
        os.ftruncate(file, self._end)
        if self._end and os.pread(file, 1, self._end - 1) != b"\n":
            os.pwrite(file, b"\n", self._end)
            self._end += 1
        os.lseek(file, self._end, os.SEEK_SET)


@dataclass(frozen=True, slots=True)
class ConversationInfo:
    """What a list of conversations shows: its file, how many turns, the first message, when it was changed."""

    name: str
    path: Path
    turns: int
    first: str
    changed: datetime


class Conversations:
    """The named conversations in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """The file of a conversation, which may not exist yet.

        Raises:
            UsageError: it is no name for a file.
        """
        plain = name.isprintable() and not set(name) & set('/\\:*?"<>|') and not name.startswith(".")
        if not name.strip() or not plain or len(name) > LONGEST_NAME:
            raise UsageError(f"{name!r} cannot name a conversation", "choose a word or two, without / or \\")
        return self.folder / f"{name}{SUFFIX}"

    def fresh_name(self) -> str:
        """A name for one that was given none: the time it begins."""
        return datetime.now().strftime("%Y-%m-%d-%H%M%S")

    def list(self) -> list[ConversationInfo]:
        """All of them, the last changed first; one that cannot be read has 0 turns and its error as first message."""
        found = filter(None, map(_info, self.folder.glob(f"*{SUFFIX}")))
        return sorted(found, key=lambda one: (one.changed, one.name), reverse=True)

    def open(self, name: str) -> ConversationFile:
        """The conversation of that name, begun anew where there is none.

        Raises:
            UsageError: it is no name for a file.
            StoreError: the file cannot be read.
        """
        return ConversationFile(self.path(name))

    def delete(self, name: str) -> None:
        """Delete the file.

        Raises:
            NotFoundError: there is no such conversation.
            StoreError: the file cannot be deleted.
        """
        path = self.path(name)
        try:
            path.unlink()
        except FileNotFoundError as error:
            known = ", ".join(one.name for one in self.list()[:5])
            cure = f"the last ones are: {known}" if known else "there is none yet"
            raise NotFoundError(f"there is no conversation {name!r} in {self.folder}", cure) from error
        except OSError as error:
            raise StoreError(f"{path} cannot be deleted ({error})", "check its rights") from error


def _info(file: Path) -> ConversationInfo | None:
    """What a list shows of it; None if it was deleted meanwhile."""
    try:
        changed = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
    except FileNotFoundError:
        return None
    try:
        turns = ConversationFile(file).turns
        first = turns[0].message if turns else ""
    except StoreError as error:
        turns, first = (), f"({error.cause})"
    return ConversationInfo(file.name.removesuffix(SUFFIX), file, len(turns), first, changed)
