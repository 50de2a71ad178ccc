"""The main job on real pages: the Python documentation indexed, and asked 24 + 6 questions.

    python benchmarks/python_docs.py ../shared/data/python-docs --kb /tmp/python-docs.kb

For each question its answer; *page*: whether a page that answers it is among the first 5 distinct pages of a
search for 50 passages; *key*: whether the answer contains a word of a right one (a refusal never does).
With --kb an existing knowledge base is asked as it is.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import quoth
from common import Table, folder_for, tell, tell_progress, unpacked_pages
from quoth.manifest import is_knowledge_base

PAGES, PASSAGES = 5, 50
TARGETS = {"page": 22, "key": 15, "abstained": 4}


@dataclass(frozen=True, slots=True)
class Question:
    """pages: those that answer it; keys: a right answer contains one of them."""

    text: str
    pages: tuple[str, ...]
    keys: tuple[str, ...]
    unanswerable: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question."""

    question: Question
    answer: str
    page: bool
    key: bool
    abstained: bool
    seconds: float


def read_questions(file: Path) -> list[Question]:
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [
        Question(row["question"], tuple(row["pages"]), tuple(row["answer_contains"]), bool(row.get("unanswerable")))
        for row in rows
    ]


def is_page(document: str, pages: Sequence[str]) -> bool:
    """Whether a document's path ends as one of the pages."""
    return any(document.endswith(f"/{page}") for page in pages)


def put(knowledge: quoth.KnowledgeBase, question: Question) -> Outcome:
    """Search for it and ask it."""
    found = [hit.passage.document for hit in knowledge.search(question.text, PASSAGES)]
    first = list(dict.fromkeys(found))[:PAGES]
    answer = knowledge.ask(question.text)
    said = "" if answer.abstained else answer.text.lower()
    return Outcome(
        question=question,
        answer=answer.text,
        page=any(is_page(document, question.pages) for document in first),
        key=any(key.lower() in said for key in question.keys),
        abstained=answer.abstained,
        seconds=answer.timing.total_s,
    )


def fill(knowledge: quoth.KnowledgeBase, data: Path) -> str:
    """Add the pages, and say how that went."""
    with unpacked_pages(data) as folder:
        tell("adding the pages")
        start = time.perf_counter()
        report = knowledge.add(folder, progress=tell_progress)
        seconds = time.perf_counter() - start
    failed = "".join(f"\n- not added: {one.path}: {one.cause}" for one in report.failed)
    return f"{report.added} files, {report.passages} passages added in {seconds:.0f} s.{failed}\n"


def ask_all(knowledge: quoth.KnowledgeBase, questions: list[Question]) -> list[Outcome]:
    """Print a row for each question."""
    print("| question | answer | page | key | abstained | s |\n| --- | --- | --- | --- | --- | --- |")
    outcomes = []
    for question in questions:
        outcome = put(knowledge, question)
        outcomes.append(outcome)
        marks = ["yes" if mark else "no" for mark in (outcome.page, outcome.key, outcome.abstained)]
        if question.unanswerable:
            marks[:2] = "", ""
        answer = " ".join(outcome.answer.split()).replace("|", "\\|")
        print(f"| {question.text} | {answer} | {' | '.join(marks)} | {outcome.seconds:.2f} |", flush=True)
    return outcomes


def report(outcomes: list[Outcome]) -> None:
    """Print the totals."""
    known = [one for one in outcomes if not one.question.unanswerable]
    unknown = [one for one in outcomes if one.question.unanswerable]
    totals = {
        "page": (f"a gold page among the first {PAGES} pages", [one.page for one in known]),
        "key": ("the answer contains a key", [one.key for one in known]),
        "abstained": ("abstains where there is no answer", [one.abstained for one in unknown]),
    }
    print()
    table = Table("what", "count", "of")
    for name, (what, marks) in totals.items():
        bound = TARGETS[name]
        table.row(what, sum(marks), len(marks), aim=(f">= {bound}", sum(marks) >= bound))
    table.row("abstains where there is an answer", sum(one.abstained for one in known), len(known))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder python-docs of the data")
    parser.add_argument("--kb", type=Path, help="keep the knowledge base here, or take it from here")
    parser.add_argument("--every", type=int, default=1, help="ask only every so-many-th question")
    arguments = parser.parse_args()
    questions = read_questions(arguments.data / "questions.jsonl")[:: arguments.every]
    with folder_for(arguments.kb) as folder:
        knowledge = quoth.open(folder)
        if not is_knowledge_base(folder):
            print(fill(knowledge, arguments.data))
        status = knowledge.status()
        print(f"Asked: {status.documents} documents, {status.passages} passages, {status.generator}.\n")
        report(ask_all(knowledge, questions))


if __name__ == "__main__":
    main()
