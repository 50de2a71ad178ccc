"""What the benchmarks share: the table they print, the pages they read, and the folders they measure."""

from __future__ import annotations

import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PYTHON_DOCS = "python-3.11-docs-html.tar.xz"

Aim = tuple[str, bool]
"""A target in words, and whether it was reached."""


class Table:
    """A Markdown table on stdout that shows each row as soon as it is there."""

    def __init__(self, *columns: str) -> None:
        self._line(*columns, "target", "reached")
        self._line(*["---"] * (len(columns) + 2))

    def row(self, *cells: object, aim: Aim | None = None) -> None:
        """One row; without an aim it is there to compare with."""
        target, reached = aim or ("", None)
        self._line(*map(_shown, cells), target, "" if reached is None else "yes" if reached else "no")

    def _line(self, *cells: str) -> None:
        print(f"| {' | '.join(cells)} |", flush=True)


def _shown(cell: object) -> str:
    """A cell on one line; a bar would end it."""
    return " ".join(str(cell).split()).replace("|", "\\|")


def tell(text: str) -> None:
    """How far it is, for the person who waits."""
    print(text, file=sys.stderr, flush=True)


def tell_progress(done: int, total: int, passages: int) -> None:
    """`quoth.ingestion.Progress`, on stderr."""
    tell(f"  {done}/{total} documents, {passages} passages")


def megabytes(folder: Path) -> float:
    """What the files in `folder` hold, in MB of 10^6 bytes."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


@contextmanager
def folder_for(kept: Path | None) -> Iterator[Path]:
    """The folder to keep a knowledge base in, or one that goes away."""
    if kept:
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "kb"


@contextmanager
def unpacked_pages(data: Path) -> Iterator[Path]:
    """The pages of the Python documentation in `data`, unpacked into a folder that goes away."""
    archive = data / PYTHON_DOCS
    if not archive.is_file():
        raise SystemExit(f"there is no {archive}; give the folder python-docs of the data")
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as pages:
        pages.extractall(folder, filter="data")
        yield Path(folder)
