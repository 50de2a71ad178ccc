"""Data sets in BEIR's layout (Thakur et al. 2021, arXiv 2104.08663).

`corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`; with `answers` and `is_impossible`
for question answering), `qrels/*.tsv` (query, document, relevance; a header line).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quoth.errors import NotFoundError, UsageError


@dataclass(frozen=True, slots=True)
class Query:
    """A question; `answers` are the gold answers, empty where none is known or it has none."""

    id: str
    text: str
    answers: tuple[str, ...] = ()
    is_impossible: bool = False


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A corpus (id -> (title, text)), queries, and relevance judgements (query -> document -> grade)."""

    corpus: dict[str, tuple[str, str]]
    queries: tuple[Query, ...]
    qrels: dict[str, dict[str, int]]


def read_beir(folder: Path, split: str = "test") -> BeirSet:
    """The data set in `folder`, with the judgements of `qrels/<split>.tsv`.

    Raises:
        NotFoundError: a file is missing.
        UsageError: a line is not what the layout says.
    """
    corpus = {row["_id"]: (row.get("title") or "", row["text"]) for row in _lines(folder / "corpus.jsonl")}
    if not corpus:
        raise UsageError(f"{folder / 'corpus.jsonl'} is empty", "give a data set with documents")
    queries = tuple(_query(row) for row in _lines(folder / "queries.jsonl"))
    return BeirSet(corpus, queries, _qrels(folder / "qrels" / f"{split}.tsv"))


def _query(row: dict[str, Any]) -> Query:
    return Query(row["_id"], row["text"], tuple(row.get("answers") or ()), bool(row.get("is_impossible")))


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if not file.is_file():
        raise NotFoundError(f"there is no {file}", "give a folder in BEIR layout")
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line.decode("utf-8"))
                _ = row["_id"], row["text"]
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(f"{file}, line {number} is not as BEIR has it ({error!r})", "mend the line") from error
            yield row


def _qrels(file: Path) -> dict[str, dict[str, int]]:
    if not file.is_file():
        raise NotFoundError(f"there is no {file}", "give a folder in BEIR layout")
    qrels: dict[str, dict[str, int]] = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, delimiter="\t")
            next(rows, None)
            for query, document, grade in rows:
                qrels.setdefault(query, {})[document] = int(grade)
    except (ValueError, csv.Error) as error:
        raise UsageError(f"{file}, line {rows.line_num} is not as BEIR has it ({error})", "mend the line") from error
    return qrels
