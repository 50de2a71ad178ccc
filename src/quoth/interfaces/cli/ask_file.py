"""`quoth ask --file`: many questions, their answers in a file or in a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

import quoth
from quoth.interfaces.cli.console import FAILURE, err, out, progress_bar
from quoth.interfaces.questions import Asked, read_questions
from quoth.interfaces.results import Results, json_line, row

if TYPE_CHECKING:
    from quoth.answer import Answer
    from quoth.knowledge import KnowledgeBase


def ask_file(knowledge: KnowledgeBase, file: Path, path: Path | None, as_json: bool) -> None:
    """Answer the questions of `file` that `path` has no answer to; those that fail go to stderr with their line.

    Raises:
        UsageError: a file is not what it should be.
        StoreError: the answers cannot be written.
        typer.Exit: some failed.
    """
    asked = read_questions(file)
    results = Results(path) if path else None
    left = results.missing(asked) if results else asked
    table = None if results or as_json else _table()
    answered = 0
    with progress_bar("Asking") as bar, results.appending() if results else nullcontext() as appender:
        for i, (one, answer) in enumerate(_answers(knowledge, file, left)):
            bar.steps(len(asked) - len(left) + i, len(asked))
            if answer is None:
                continue
            answered += 1
            if appender:
                appender.put(one, answer)
            if as_json:
                sys.stdout.write(json_line(one, answer))
            if table:
                _add(table, one, answer)
    if table:
        out.print(table)
    if results and not as_json:
        there = f", {len(asked) - len(left):,} were there" if len(left) < len(asked) else ""
        out.print(f"{answered:,} answered{there}: {path}", markup=False)
    if answered < len(left):
        err.print(f"{len(left) - answered:,} of {len(asked):,} questions failed")
        raise typer.Exit(FAILURE)


def _answers(knowledge: KnowledgeBase, file: Path, asked: list[Asked]) -> Iterator[tuple[Asked, Answer | None]]:
    """Each question with its answer; of one that failed, which is said, None."""
    found = knowledge.ask_all(one.question for one in asked) if asked else iter(())
    for one, answer in zip(asked, found, strict=True):
        if isinstance(answer, quoth.Unanswered):
            err.print(f"failed  {file}, line {one.line}: {answer.cause}; {answer.cure}", markup=False, soft_wrap=True)
            yield one, None
        else:
            yield one, answer


def _table() -> Table:
    table = Table("line", "question", "answer", "sure", "source", box=None, header_style="bold", padding=(0, 1))
    table.columns[3].justify = "right"
    return table


def _add(table: Table, asked: Asked, answer: Answer) -> None:
    shown = row(asked, answer)
    place = f"{shown['title']}, {answer.sources[0].passage.place}" if "title" in shown else ""
    cells = (str(asked.line), str(shown["question"]), str(shown["answer"]), f"{answer.confidence:.0%}", place)
    table.add_row(*map(Text, cells), style="dim" if answer.abstained else "")
