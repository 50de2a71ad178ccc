"""Files that came over HTTP or by the page: kept in the knowledge base's folder if they went in, and gone with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from quoth.errors import StoreError
from quoth.ingestion import Progress
from quoth.interfaces.collections import documents_of
from quoth.knowledge import KnowledgeBase
from quoth.manifest import UPLOADS_FOLDER
from quoth.sources import digest, document_id
from quoth.types import AddReport

_INCOMING = ".incoming"


def sweep(uploads: Path) -> None:
    """Remove what was left half received."""
    shutil.rmtree(uploads / _INCOMING, ignore_errors=True)


def make_incoming(uploads: Path) -> Path:
    """A new folder to receive files in; whoever has it, or `keep`, removes it.

    Raises:
        StoreError: `uploads` is a link.
    """
    if uploads.is_symlink():
        # A page in it could not be told from others, which may show what lies beside them.
        raise StoreError(f"{uploads} is a link", "make it a folder; the whole knowledge base may lie elsewhere")
    (uploads / _INCOMING).mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=uploads / _INCOMING))


def keep(base: KnowledgeBase, files: Sequence[Path], folder: Path, progress: Progress) -> AddReport:
    """Put received files where they stay, in `folder`, and add them; one that does not go in leaves no trace.

    A file that was there under its name comes back if the new one is not readable.
    """
    incoming = files[0].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        former = Path(tempfile.mkdtemp(dir=incoming))
        placed = [_place(file, folder / file.name, former) for file in files]
        try:
            return base.add(*placed, progress=progress)
        finally:
            _settle(base, placed, former)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def remove(base: KnowledgeBase, name: str) -> None:
    """Take a document out, and its file if it is kept here."""
    base.remove(name)
    if (base.folder / UPLOADS_FOLDER).resolve() in Path(name).parents:
        Path(name).unlink(missing_ok=True)


def _place(file: Path, target: Path, former: Path) -> Path:
    if target.exists():
        target.replace(former / target.name)
    return file.replace(target)


def _settle(base: KnowledgeBase, placed: Sequence[Path], former: Path) -> None:
    """Keep the files that the knowledge base has; in the others' place comes what was there before."""
    held = {known.name: known.digest for known in documents_of(base)}
    for file in placed:
        if held.get(document_id(file)) == digest(file):
            continue
        before = former / file.name
        if before.exists():
            before.replace(file)
        else:
            file.unlink()
