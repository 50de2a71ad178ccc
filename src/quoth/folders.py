"""Where a knowledge base is by default, and how large a folder is."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from platformdirs import user_data_path


def default_folder() -> Path:
    """`.quoth` in the current folder if there is one, else one in the user's data folder."""
    here = Path(".quoth")
    return here.absolute() if here.is_dir() else user_data_path("quoth") / "default"


def size_of(folder: Path) -> int:
    """The bytes of all files; other processes may delete some meanwhile."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def collection_of(folder: Path) -> str:
    """What servers call the knowledge base in this folder: the folder's name; for `.quoth`, that of what it is in."""
    return folder.parent.name if folder.name == ".quoth" else folder.name
