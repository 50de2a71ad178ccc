"""What a knowledge base remembers of its making: `quoth.json` in its folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from quoth.errors import IncompatibleError, NotFoundError, StoreError, UsageError

MANIFEST_FILE = "quoth.json"
FORMAT = 4
CONVERSATIONS_FOLDER = "conversations"
# Files that came over HTTP: documents like others.
UPLOADS_FOLDER = "uploads"


@dataclass(frozen=True, slots=True)
class Manifest:
    """format: of the tables; encoder: `name/version` of what computed the vectors, of `dimension` numbers."""

    format: int
    encoder: str
    dimension: int


def is_knowledge_base(folder: Path) -> bool:
    """Whether there is a knowledge base in `folder`."""
    return (folder / MANIFEST_FILE).is_file()


def must_be_knowledge_base(folder: Path) -> None:
    """Raises NotFoundError if there is no knowledge base in `folder`."""
    if not is_knowledge_base(folder):
        raise NotFoundError(f"there is no knowledge base in {folder}", "make one: quoth add PATH")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the knowledge base in `folder`.

    Raises:
        StoreError: it is damaged.
        IncompatibleError: another version of Quoth made it.
    """
    file = folder / MANIFEST_FILE
    try:
        values = json.loads(file.read_text("utf-8"))
        found = values["format"]
        if found != FORMAT:
            raise IncompatibleError(f"{folder} has format {found}, this Quoth reads {FORMAT}", _rebuild(folder))
        return Manifest(found, str(values["encoder"]), int(values["dimension"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{file} cannot be read ({error!r})", _rebuild(folder)) from error


def check_encoder(folder: Path, encoder: str) -> None:
    """Refuse an encoder whose vectors cannot be compared with those at rest.

    Raises:
        IncompatibleError: the knowledge base was made with another one.
    """
    made_with = read_manifest(folder).encoder
    if made_with != encoder:
        raise IncompatibleError(f"{folder} was made with the encoder {made_with}, not {encoder}", _rebuild(folder))


def write_manifest(folder: Path, encoder: str, dimension: int) -> None:
    """Make `folder` a knowledge base, at one stroke.

    Raises:
        UsageError: the folder holds other things.
        StoreError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strangers = [entry.name for entry in folder.iterdir() if not _is_ours(entry.name)]
        if strangers:
            raise UsageError(
                f"{folder} is no knowledge base and holds other things ({strangers[0]})",
                "give --kb an empty or a new folder",
            )
        part = folder / f"{MANIFEST_FILE}.part"
        part.write_text(json.dumps(asdict(Manifest(FORMAT, encoder, dimension))) + "\n", "utf-8")
        part.replace(folder / MANIFEST_FILE)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error})", "check its rights and room, or give --kb") from error


@contextmanager
def writing(folder: Path, encoder: str, dimension: int) -> Iterator[None]:
    """One writer at a time, in a folder that is a knowledge base of this encoder; it is made one if it is none.

    Raises:
        UsageError, StoreError, IncompatibleError: see `write_manifest` and `check_encoder`.
        StoreError: another process is writing.
    """
    if not is_knowledge_base(folder):
        write_manifest(folder, encoder, dimension)
    check_encoder(folder, encoder)
    with alone(folder, "writer.lock"):
        yield


@contextmanager
def alone(folder: Path, lock: str) -> Iterator[None]:
    """One process at a time, by the lock file `lock` in `folder`; nobody waits.

    Raises:
        StoreError: another process has it, or the folder cannot be written.
    """
    held = FileLock(folder / lock, timeout=0)
    try:
        (folder / lock).parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout as error:
        raise StoreError("another process is adding to this knowledge base", "wait until it ends") from error
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error})", "check its rights and room") from error
    try:
        yield
    finally:
        held.release()


def _is_ours(name: str) -> bool:
    kept = ("settings.toml", "writer.lock", CONVERSATIONS_FOLDER, UPLOADS_FOLDER)
    return name in kept or name.startswith(MANIFEST_FILE)


def _rebuild(folder: Path) -> str:
    conversations = folder / CONVERSATIONS_FOLDER
    first = f"move {conversations} away to keep it, then " if conversations.is_dir() else ""
    return f"{first}make it anew: rm -r {folder} && quoth add --kb {folder} PATH..."
