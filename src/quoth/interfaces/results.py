"""Answers to a file of questions: appended as they come, found again when the work goes on.

A record is one line, written at once: a kill in the middle of one leaves half a line, which is cut the next time.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import quoth
from quoth.interfaces.questions import Asked
from quoth.interfaces.shapes import Shape, asked_shape

if TYPE_CHECKING:
    from quoth.answer import Answer

COLUMNS = (
    "line", "id", "question", "answer", "abstained", "confidence", "memory_weight", "document", "title", "page",
    "start", "end", "quote",
)  # fmt: skip


class Results:
    """Answers in a file, as JSON lines or CSV by its suffix."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read or written yet.

        Raises:
            UsageError: the name ends in something else.
        """
        if path.suffix.casefold() not in (".jsonl", ".csv"):
            raise quoth.UsageError(f"{path} is no name for results", "end it in .jsonl or .csv")
        self._path = path
        self._is_csv = path.suffix.casefold() == ".csv"

    def missing(self, asked: Sequence[Asked]) -> list[Asked]:
        """Those that the file has no answer for; a question that stands twice in `asked` has two. Cuts half a line.

        Raises:
            UsageError: the file holds something else than answers.
            StoreError: it cannot be read.
        """
        try:
            done = Counter(_key(record["id"], record["question"]) for record in self._records())
        except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise quoth.UsageError(f"{self._path} holds something else than answers", "name another file") from error
        except OSError as error:
            raise quoth.StoreError(f"{self._path} cannot be read ({error})", "check its rights") from error
        left = []
        for one in asked:
            key = _key(one.id, one.question)
            if done[key] > 0:
                done[key] -= 1
            else:
                left.append(one)
        return left

    @contextmanager
    def appending(self) -> Iterator[Appender]:
        """What answers are given to while they come.

        Raises:
            StoreError: the file cannot be written.
        """
        try:
            with self._path.open("a", encoding="utf-8", newline="") as file:
                yield Appender(file, self._is_csv)
        except OSError as error:
            raise quoth.StoreError(f"{self._path} cannot be written ({error})", "check its rights and room") from error

    def _records(self) -> list[Shape]:
        if not self._path.exists():
            return []
        data = self._path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        text = whole.decode("utf-8")
        records = list(csv.DictReader(io.StringIO(text))) if self._is_csv else [*map(json.loads, text.splitlines())]
        if whole != data:
            with self._path.open("r+b") as file:
                file.truncate(len(whole))
        return records


class Appender:
    """Writes records to an open file."""

    def __init__(self, file: TextIO, is_csv: bool) -> None:
        self._file = file
        self._rows = csv.DictWriter(file, COLUMNS, lineterminator="\n") if is_csv else None
        if self._rows and not file.tell():
            self._rows.writeheader()

    def put(self, asked: Asked, answer: Answer) -> None:
        """Append an answer; it is with the system when this returns."""
        if self._rows:
            self._rows.writerow(row(asked, answer))
        else:
            self._file.write(json_line(asked, answer))
        self._file.flush()


def json_line(asked: Asked, answer: Answer) -> str:
    """One line of JSON."""
    return json.dumps(asked_shape(asked.line, asked.id, answer), allow_nan=False) + "\n"


def row(asked: Asked, answer: Answer) -> dict[str, object]:
    """What a table shows of an answer: the text on one line, and the first source."""
    source = answer.sources[0] if answer.sources else None
    found: dict[str, object] = {
        "line": asked.line,
        "id": asked.id,
        "question": _flat(asked.question),
        "answer": _flat(answer.text),
        "abstained": answer.abstained,
        "confidence": round(answer.confidence, 4),
        "memory_weight": round(answer.memory_weight, 4),
    }
    if source and not answer.abstained:
        passage = source.passage
        found |= {"document": passage.document, "title": _flat(passage.title), "page": passage.page}
        found |= {"start": source.start, "end": source.end, "quote": _flat(source.quote)}
    return found


def _key(name: object, question: str) -> tuple[str, str]:
    return str(name or ""), _flat(question)


def _flat(text: str) -> str:
    return " ".join(text.split())
