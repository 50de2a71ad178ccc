"""Passage states on disk: files that several processes read, write and delete, and that any of them may die over.

A state's file is `PASSAGE-MODEL-TOKENS.state`, each a digest in hexadecimal:

    PASSAGE  of the passage as it stands in the prompt, so that the states of a passage that is gone can be found;
    MODEL    of all that makes the numbers: the model's file, the runtime, its parameters, Quoth's version;
    TOKENS   of the tokens that were read, those of the instructions too.

It is written beside and renamed, and checked when read: a state is there, whole, or not at all. Nothing here
raises for what is wrong on disk. A disk that is full, read-only or broken makes answers slower, and no more.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import time
import zlib
from array import array
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from quoth.generators.states import Tokens

SUFFIX, PART = ".state", ".part"
# Longer than any write takes: what is older and has no name yet was left by a writer that was killed.
PART_SECONDS = 120
MAGIC = b"quoth-state-1\0\0\0"
# Magic, a digest of the file's name, bytes of the state, their CRC-32 (zlib.crc32: 0.8 ms for 3 MB, SHA-256 2.5).
HEADER = struct.Struct("<16s16sQL")


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file in the folder: `used` is its modification time, in seconds, renewed at every use."""

    path: Path
    size: int
    used: float

    @property
    def is_part(self) -> bool:
        """Whether it is being written, or was when its writer died."""
        return self.path.suffix == PART

    @property
    def passage(self) -> str:
        """The digest of the passage that it belongs to, see `passage_digest`."""
        return self.path.name.split("-")[0]

    @property
    def model(self) -> str:
        """The digest of what made it."""
        return self.path.name.split("-")[1]


class StateFolder:
    """The states of one model in a folder that other models may share.

    All of them together take at most `capacity` bytes; what was not used longest goes first. While several
    processes write at once, each may exceed it by the state in its hands.
    """

    def __init__(self, folder: Path, capacity: int, model: str) -> None:
        """Nothing is touched before the first use.

        Args:
            folder: is made when the first state is put, if the folder above it is there.
            capacity: in bytes.
            model: the digest of all that makes the numbers, hexadecimal.
        """
        self.folder = folder
        self.capacity = capacity
        self._model = model

    def get(self, passage: bytes, tokens: Tokens) -> bytes | None:
        """The state of `passage`, the text, after all of `tokens`; None if it is not kept.

        A file that is damaged, or another's, is deleted.
        """
        path = self._path(passage, tokens)
        try:
            with path.open("rb") as file:
                header, state = file.read(HEADER.size), file.read()
        except OSError:
            return None
        if header != _header(path, state):
            _delete(path)
            return None
        _touch(path)
        return state

    def keep(self, passage: bytes, tokens: Tokens, state: bytes) -> None:
        """Note that a state was used, from memory; it is put if it is not here."""
        if not _touch(self._path(passage, tokens)):
            self.put(passage, tokens, state)

    def put(self, passage: bytes, tokens: Tokens, state: bytes) -> bool:
        """Keep a state. Returns: whether it is kept; a full disk is no error."""
        path = self._path(passage, tokens)
        data = _header(path, state) + state
        if len(data) > self.capacity:
            return False
        self._make_room(len(data))
        try:
            self.folder.mkdir(exist_ok=True)
            _write(path, data)
        except OSError:
            return False
        self._make_room(0)
        return True

    def passages(self) -> set[str]:
        """The digests of the passages of which this model has a state."""
        return {file.passage for file in state_files(self.folder) if self._is_mine(file)}

    def renew(self, passages: Set[str]) -> None:
        """Note that this model's states of these passages (digests) are wanted: others go first."""
        for file in state_files(self.folder):
            if self._is_mine(file) and file.passage in passages:
                _touch(file.path)

    def is_full(self) -> bool:
        """Whether one more state of this model would probably drive out another of its own."""
        mine = [file.size for file in state_files(self.folder) if self._is_mine(file)]
        return sum(mine) + max(mine, default=1) > self.capacity

    def _is_mine(self, file: StateFile) -> bool:
        return not file.is_part and file.model == self._model

    def _path(self, passage: bytes, tokens: Tokens) -> Path:
        read = hashlib.blake2b(array("q", tokens).tobytes(), digest_size=16).hexdigest()
        return self.folder / f"{passage_digest(passage)}-{self._model}-{read}{SUFFIX}"

    def _make_room(self, size: int) -> None:
        """Delete what killed writers left, then what was not used longest, until `size` bytes have room."""
        now, kept, total = time.time(), [], size
        for file in state_files(self.folder):
            if file.is_part and now - file.used > PART_SECONDS:
                _delete(file.path)
            else:
                kept.append(file)
                total += file.size
        for file in sorted(kept, key=lambda file: file.used):
            if total <= self.capacity:
                return
            _delete(file.path)
            total -= file.size


def passage_digest(passage: bytes) -> str:
    """16 hexadecimal digits for a passage as it stands in the prompt; b"" stands for the instructions.

    White space does not count: some vocabularies put a space before a text, and SentencePiece has no way to say
    U+2581 but as a space. So a passage is the same read from its tokens and from its text.
    """
    words = passage.replace("\u2581".encode(), b" ").split()
    return hashlib.sha256(b" ".join(words)).hexdigest()[:16]


def picture_name(text: bytes, *digests: str) -> bytes:
    """The text of a passage that holds pictures, as its state is named: with what tells the pictures apart."""
    return b" ".join([text, *(f"picture {digest}".encode() for digest in digests)])


def state_files(folder: Path) -> list[StateFile]:
    """The states in a folder and what is being written there; nothing if there is no folder."""
    return list(_scan(folder))


def delete_states(folder: Path, live: Iterable[bytes]) -> None:
    """Delete the states, of whatever model, of all passages (as they stand in the prompt) but the `live` ones."""
    files = [file for file in state_files(folder) if not file.is_part]
    if not files:
        return
    digests = {passage_digest(b""), *map(passage_digest, live)}
    for file in files:
        if file.passage not in digests:
            _delete(file.path)


def _scan(folder: Path) -> Iterator[StateFile]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((SUFFIX, PART)) and entry.name.count("-") == 2:
                # Another process may delete it meanwhile.
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    yield StateFile(Path(entry.path), status.st_size, status.st_mtime)


def _write(path: Path, data: bytes) -> None:
    """Beside, then renamed. Not synced: what a power cut tears does not pass the check."""
    part = path.with_suffix(f".{secrets.token_hex(8)}{PART}")
    try:
        with part.open("xb") as file:
            file.write(data)
        part.replace(path)
    finally:
        _delete(part)


def _header(path: Path, state: bytes) -> bytes:
    """What stands before a state in its file: it ties the state to the name and to its every byte."""
    name = hashlib.blake2b(path.name.encode(), digest_size=16).digest()
    return HEADER.pack(MAGIC, name, len(state), zlib.crc32(state))


def _touch(path: Path) -> bool:
    """Renew a file's time, where that is allowed. Returns: whether the file is there."""
    try:
        os.utime(path)
    except OSError:
        return path.exists()
    return True


def _delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
