"""Questions from a file: a line each, JSON lines with `question` (and `id`), or CSV with such columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import quoth


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a file: the `line` on which it stands (its last, in CSV), from 1; `id` is "" if it has none."""

    line: int
    question: str
    id: str = ""


def read_questions(file: Path) -> list[Asked]:
    """The questions of a file, by its suffix: .jsonl, .csv, else one a line; empty lines are none.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it is not UTF-8, holds no question, or a line of it is none.
    """
    try:
        text = file.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise quoth.NotFoundError(f"there is no file {file}", "name a file of questions") from error
    except UnicodeDecodeError as error:
        raise quoth.UsageError(f"{file} is not in UTF-8", "save it in UTF-8") from error
    readers = {".jsonl": _from_json_lines, ".csv": _from_csv}
    found = list(readers.get(file.suffix.casefold(), _from_lines)(file, text))
    if not found:
        raise quoth.UsageError(f"{file} holds no question", "write one on each line")
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers; only a line feed ends one, as editors count."""
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def _from_lines(_file: Path, text: str) -> Iterator[Asked]:
    return (Asked(number, line.strip()) for number, line in _lines(text))


def _from_json_lines(file: Path, text: str) -> Iterator[Asked]:
    cure = 'write {"question": "..."} or {"id": "...", "question": "..."} on each line'
    for number, line in _lines(text):
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise quoth.UsageError(f"{file}, line {number} is not JSON ({error})", cure) from error
        if not isinstance(value, dict) or not isinstance(value.get("question"), str):
            raise quoth.UsageError(f"{file}, line {number} has no text named question", cure)
        yield Asked(number, value["question"].strip(), str(value.get("id", "")))


def _from_csv(file: Path, text: str) -> Iterator[Asked]:
    rows = csv.DictReader(io.StringIO(text, newline=""), restval="")
    if "question" not in (rows.fieldnames or ()):
        found = ", ".join(rows.fieldnames or ())
        raise quoth.UsageError(f"{file} has no column named question, only: {found}", "name one so in its first line")
    for row in rows:
        yield Asked(rows.line_num, row["question"].strip(), row.get("id", ""))
