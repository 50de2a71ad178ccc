"""Files that came over HTTP or by the page: kept in the knowledge base's folder if they went in, and gone with it.

They are received into a folder of their own below `uploads/.incoming`, which is locked as long as its process lives.
From there each changes places with what was there under its name, and a note says which: an exchange that was not
followed by a commit is undone by that, after a kill too.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from quoth.errors import StoreError
from quoth.ingestion import Progress
from quoth.interfaces.collections import documents_of
from quoth.knowledge import KnowledgeBase
from quoth.manifest import UPLOADS_FOLDER, alone
from quoth.sources import digest, document_id
from quoth.store import StoredDocument
from quoth.types import AddReport

# Names with a point are none of files that are taken.
_INCOMING, _FORMER, _PLACES = ".incoming", ".former", ".places"
# Held from the exchange to the commit: nobody else moves uploads meanwhile.
_MOVING = f"{_INCOMING}/lock"


class Incoming:
    """A new folder to receive files in; a context manager, which removes it at its end."""

    def __init__(self, uploads: Path) -> None:
        """Make it, in the folder where uploads are kept.

        Raises:
            StoreError: `uploads` is a link.
        """
        if uploads.is_symlink():
            # A page in it could not be told from others, which may show what lies beside them.
            raise StoreError(f"{uploads} is a link", "make it a folder; the whole knowledge base may lie elsewhere")
        root = uploads / _INCOMING
        root.mkdir(parents=True, exist_ok=True)
        self.files: list[Path] = []
        self._folder = root / secrets.token_hex(8)
        # Before there is a folder: a sweep sees none that is not locked.
        self._lock = _lock_of(self._folder)
        self._lock.acquire()
        self._folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def new(self, name: str) -> Path:
        """Where to write the file of this name."""
        self.files.append(self._folder / name)
        return self.files[-1]

    def close(self) -> None:
        """Remove it; if an exchange could not be undone it stays, for the next `sweep`."""
        if not (self._folder / _PLACES).exists():
            _discard(self._folder)
        self._lock.release()


def keep(base: KnowledgeBase, incoming: Incoming, folder: Path, progress: Progress) -> AddReport:
    """Put received files where they stay, in `folder`, and add them; one that does not go in leaves no trace.

    A file that was there under its name comes back if the new one is not readable.

    Raises:
        StoreError: another process is writing.
    """
    targets = [folder / file.name for file in incoming.files]
    received, uploads = incoming.files[0].parent, base.folder / UPLOADS_FOLDER
    with alone(uploads, _MOVING):
        _note(received, [target.relative_to(uploads).as_posix() for target in targets])
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file, target in zip(incoming.files, targets, strict=True):
                _exchange(file, target)
            return base.add(*targets, progress=progress)
        finally:
            _settle(base, received)


def remove(base: KnowledgeBase, document: StoredDocument) -> None:
    """Take this very document out, and its file if it is kept here.

    Raises:
        NotFoundError: it is gone already.
        StoreError: another process is writing.
    """
    file, uploads = Path(document.name), base.folder / UPLOADS_FOLDER
    if uploads.resolve() not in file.parents:
        base.remove(document)
        return
    with alone(uploads, _MOVING):
        base.remove(document)
        file.unlink(missing_ok=True)


def sweep(base: KnowledgeBase) -> None:
    """Undo what killed processes left half done, and remove what they had received.

    What a living process works in stays, and what cannot be undone now waits for the next time.
    """
    root = base.folder / UPLOADS_FOLDER / _INCOMING
    if not root.is_dir():
        return
    with suppress(StoreError), alone(root.parent, _MOVING):
        for received in [entry for entry in root.iterdir() if entry.is_dir()]:
            with suppress(Timeout), _lock_of(received):
                _settle(base, received)
                _discard(received)


def _lock_of(received: Path) -> FileLock:
    """The lock of a folder of received files; another thread may release it."""
    return FileLock(f"{received}.lock", timeout=0, thread_local=False)


def _note(received: Path, places: Sequence[str]) -> None:
    """Say, at one stroke, where in the uploads the received files go."""
    part = received / f"{_PLACES}.part"
    part.write_text(json.dumps(places), "utf-8")
    part.replace(received / _PLACES)


def _exchange(file: Path, target: Path) -> None:
    former = file.parent / _FORMER
    former.mkdir(exist_ok=True)
    if target.exists():
        target.replace(former / target.name)
    file.replace(target)


def _settle(base: KnowledgeBase, received: Path) -> None:
    """Undo the exchange of files that the knowledge base does not have; it may be broken off and begun again."""
    note = received / _PLACES
    if not note.exists():
        return
    held = {known.name: known.digest for known in documents_of(base)}
    for place in json.loads(note.read_text("utf-8")):
        target = base.folder / UPLOADS_FOLDER / place
        file, former = received / target.name, received / _FORMER / target.name
        if not file.exists() and target.exists():
            if held.get(document_id(target)) == digest(target):
                continue
            target.replace(file)
        if former.exists():
            former.replace(target)
    note.unlink()


def _discard(received: Path) -> None:
    shutil.rmtree(received, ignore_errors=True)
    Path(f"{received}.lock").unlink(missing_ok=True)
