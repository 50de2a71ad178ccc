"""Paths, folders and patterns -> the files to read, in an order that does not depend on the machine.

Files found in a folder or by a pattern are skipped silently if no parser reads their type, and if they or
their folder are hidden (`.git`, `.quoth`). A file that the user names is always answered for: it is read,
or there is a `Failure` that says why not.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from quoth.sources.media import looks_like_text, media_type
from quoth.types import Failure

MAX_BYTES = 200_000_000
"""The largest file that is read, in bytes, unless the caller says otherwise."""

_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """The files to read, absolute, each once, and what could not be taken."""

    files: tuple[Path, ...]
    failures: tuple[Failure, ...]


def find_files(paths: Sequence[str | Path], max_bytes: int = MAX_BYTES) -> Found:
    """Every readable file under `paths`: files, folders (with all below them) and patterns (`docs/**/*.md`).

    Never raises for what it finds on the disk: what cannot be taken is in `failures`.
    """
    search = _Search(max_bytes)
    for path in paths:
        search.take(str(Path(path).expanduser()))
    return Found(tuple(search.files), tuple(search.failures))


def document_id(path: str | Path) -> str:
    """The name of a file's document: its absolute path with `/`.

    The folder is resolved, so that a file has one name by whatever links it is reached. A link to a file
    keeps the name of the link: that is the name which the user sees and may give again.
    """
    # abspath resolves no link, but takes ".." away: a name must be left for the last step.
    absolute = Path(os.path.abspath(path))  # noqa: PTH100
    return (absolute.parent.resolve() / absolute.name).as_posix()


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal, read in pieces. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class _Search:
    """One search: what it found so far, in order."""

    max_bytes: int
    files: list[Path] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def take(self, name: str) -> None:
        """One path or pattern, as the user gave it. An existing name wins over its reading as a pattern."""
        path = Path(name)
        if path.is_dir():
            self.files_of(walk(path, self.failures))
        elif os.path.lexists(path):
            self.file(path, named=True)
        elif glob.has_magic(name):
            self.pattern(name)
        else:
            self.fail(path, "no such file or folder", "check the spelling and the current folder")

    def pattern(self, name: str) -> None:
        """The files whose path fits a pattern with `*`, `?`, `[...]` and `**`."""
        parts = Path(name).parts
        fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
        root, rest = Path(*parts[:fixed]), parts[fixed:]
        if not root.is_dir():
            self.fail(Path(name), f"the folder {root} does not exist", "check the spelling of the pattern")
            return
        fits = _pattern(rest)
        depth = None if "**" in rest else len(rest)
        paths = [p for p in walk(root, self.failures, depth) if fits.fullmatch(p.relative_to(root).as_posix())]
        if not paths:
            self.fail(Path(name), "no file fits this pattern", "use ** to look into folders below folders")
        self.files_of(iter(paths))

    def files_of(self, paths: Iterator[Path]) -> None:
        """Files that were found, not named."""
        for path in paths:
            self.file(path, named=False)

    def file(self, path: Path, named: bool) -> None:
        """Take one file, or say why not; a found file of an unknown type is passed over."""
        if not named and media_type(path) is None:
            return
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise OSError("it is not a regular file")
            readable = media_type(path) is not None or _is_text(path)
        except OSError as error:
            self.fail(path, f"cannot be read: {error.strerror or error}", "check its permissions and links")
            return
        key = document_id(path)
        if key in self.seen:
            return
        self.seen.add(key)
        if not readable:
            self.fail(path, f"no parser reads files of type {path.suffix or '(none)'}", "convert it to PDF or text")
        elif status.st_size > self.max_bytes:
            self.too_large(path, status.st_size)
        elif not os.access(path, os.R_OK):
            self.fail(path, "permission denied", "make the file readable")
        else:
            self.files.append(Path(key))

    def too_large(self, path: Path, size: int) -> None:
        """Report a file over the limit, with both sizes in megabytes."""
        cause = f"too large: {size / 1e6:.1f} MB, and the limit is {self.max_bytes / 1e6:.1f} MB"
        self.fail(path, cause, "split it, or raise the setting max_file_bytes")

    def fail(self, path: Path, cause: str, cure: str) -> None:
        """Report what could not be taken."""
        self.failures.append(Failure(path.as_posix(), cause, cure))


def walk(root: Path, failures: list[Failure], depth: int | None = None) -> Iterator[Path]:
    """The files below a folder that are not hidden, sorted by name, folder by folder.

    Links to folders are followed, and each real folder is entered once, so loops end. `depth` counts the
    levels to look into (1: only the folder's own files; None: all). Unreadable folders go to `failures`.
    """
    entered: set[tuple[int, int]] = set()
    waiting = [(root, 1)]
    while waiting:
        folder, level = waiting.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            cause = f"the folder cannot be read: {error.strerror or error}"
            failures.append(Failure(folder.as_posix(), cause, "check its permissions"))
            continue
        visible = [entry for entry in entries if not entry.name.startswith(".")]
        folders = [entry for entry in visible if _is_folder(entry)]
        names = {entry.name for entry in folders}
        yield from (folder / entry.name for entry in visible if entry.name not in names)
        if depth is None or level < depth:
            waiting += [(folder / entry.name, level + 1) for entry in reversed(folders)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link to itself: as a file it will be reported.
        return False


def _pattern(parts: Sequence[str]) -> re.Pattern[str]:
    """A pattern as a regular expression over paths with `/`."""
    pieces = [_part(part, last=index == len(parts) - 1) for index, part in enumerate(parts)]
    return re.compile("".join(pieces), re.DOTALL)


def _part(part: str, last: bool) -> str:
    if part == "**":
        return ".*" if last else "(?:.*/)?"
    pieces = []
    for piece in re.findall(r"\[!?\]?[^\]]*\]|.", part, re.DOTALL):
        if len(piece) > 1:
            inside = piece[1:-1].replace("\\", "\\\\")
            pieces.append(f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]")
        else:
            pieces.append({"*": "[^/]*", "?": "[^/]"}.get(piece) or re.escape(piece))
    return "".join(pieces) + ("" if last else "/")


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        return looks_like_text(file.read(_HEAD))
