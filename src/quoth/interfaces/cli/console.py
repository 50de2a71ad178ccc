"""What the commands share: two consoles, JSON, progress bars, and errors as one line with a status."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

import quoth

FAILURE, WRONG_USE, INTERRUPTED = 1, 2, 130

# Answers go to stdout; what is said of the work goes to stderr, so that a pipe gets answers only.
# Where nobody looks at columns, lines are not broken: a path stays one word for grep.
out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """One JSON document on stdout, not wrapped and not coloured."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a file's name that is no Unicode, or a terminal that is not in UTF-8
        text = json.dumps(value, indent=2, allow_nan=False)
    sys.stdout.write(text + "\n")


class Bar:
    """A progress bar over documents or questions; on a terminal only."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=None, note="")

    def documents(self, done: int, total: int, passages: int) -> None:
        """How far an ingestion is."""
        elapsed = self._progress.tasks[self._task].elapsed or 0.0
        rate = f", {passages / elapsed:.0f}/s" if passages and elapsed else ""
        note = f"{passages:,} passages{rate}" if passages else ""
        self._progress.update(self._task, completed=done, total=total, note=note)

    def steps(self, done: int, total: int) -> None:
        """How far anything else is."""
        self._progress.update(self._task, completed=done, total=total)


@contextmanager
def progress_bar(what: str) -> Iterator[Bar]:
    """A bar with count, note and time left, gone when the work is done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield Bar(progress, what)


@contextmanager
def reporting() -> Iterator[None]:
    """Errors as one line and a status: 2 for wrong use, 1 for failure; no traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that is not in UTF-8 shows what it can; an answer is not lost for a curly quote.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        yield
    except quoth.UsageError as error:
        complain(error)
        raise SystemExit(WRONG_USE) from error
    except quoth.QuothError as error:
        complain(error)
        raise SystemExit(FAILURE) from error
    except KeyboardInterrupt:
        err.print("stopped")
        raise SystemExit(INTERRUPTED) from None


def complain(error: quoth.QuothError) -> None:
    """An error as one line on stderr."""
    cure = f"; {error.cure}" if error.cure else ""
    sys.stderr.write(f"quoth: {error.cause}{cure}\n".replace("\n", " ").rstrip() + "\n")
