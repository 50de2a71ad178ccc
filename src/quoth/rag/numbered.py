"""Prompts as text, for servers that know their own chat template: all passages numbered, or one for scoring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from quoth.rag.abstain import REFUSAL
from quoth.types import Passage

# One user's turn: not every template has a system's. Best last is a matter of order, numbers follow the rank.
_TASK = f"""\
Answer the question from the numbered passages below and from nothing else, in a sentence or two, with the words of \
the passages. After each sentence write the numbers of the passages that say it, like [1] or [2, 3]. If the passages \
do not say it, answer exactly: {REFUSAL}"""
_SCORED_TASK = "Answer the question in a few words, with words from the passage."

# A base model goes on with questions of its own.
STOP = "\nQuestion:"


def numbered_prompt(passages: Iterable[tuple[int, Passage]], question: str) -> str:
    """The task, the passages with their numbers in this order, and the question."""
    return "".join(part for part in numbered_turn(passages, question, {}) if isinstance(part, str))


def numbered_turn(
    passages: Iterable[tuple[int, Passage]], question: str, files: Mapping[str, bytes]
) -> list[str | bytes]:
    """The same with pictures between number and words of those passages of which there are files, by passage id."""
    parts: list[str | bytes] = [f"{_TASK}\n\n"]
    for number, passage in passages:
        parts.append(f"[{number}] {passage.title}\n")
        parts += [files[passage.id]] if passage.id in files else []
        parts.append(f"{passage.text}\n\n")
    return [*parts, f"Question: {_line(question)}"]


def scored_prompt(passage: Passage | None, question: str) -> str:
    """What an answer is scored after: one passage, or None for the null passage."""
    read = "" if passage is None else f"Passage: {passage.text}\n"
    return f"{_SCORED_TASK}\n\n{read}Question: {_line(question)}\nAnswer:"


def as_continuation(answer: str) -> str:
    """An answer as it follows `scored_prompt`; the line's end says that it ends there."""
    return f" {_line(answer)}\n"


def is_refusal(answer: str) -> bool:
    """Whether a model said, as it was told, that the documents do not say it."""
    return _flat(answer).startswith(_flat(REFUSAL))


def may_become_refusal(said: str) -> bool:
    """Whether these first words of an answer may still turn out to be a refusal."""
    return _flat(REFUSAL).startswith(_flat(said))


def _line(text: str) -> str:
    return " ".join(text.split())


def _flat(text: str) -> str:
    return _line(text).casefold().rstrip(".")
