"""Another model's answers -> documents: each question asked once, its answer kept with who said it, when and how asked.

What a model says from memory is no document of anybody's: it has less trust, which the prior respects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from quoth.errors import ModelError, NotFoundError, UsageError
from quoth.naming import as_document
from quoth.origin import Origin
from quoth.sources.items import Item, Kept, Library, now
from quoth.types import Document, Failure

TRUST = 0.5
"""Of an answer, in [0, 1]; people's documents have 1."""

IN_A_ROW = 5
"""So many failures one after the other are the server's: the rest is not asked."""

UNKNOWN = "UNKNOWN"
PROMPT = (
    "Answer the question in a few sentences that can be understood alone. "
    f"If you do not know the answer, say {UNKNOWN} and nothing else.\n\nQuestion: {{question}}"
)

Ask = Callable[[str], str]
"""What a model says to a prompt; raises ModelError."""


def read_questions(file: str | Path) -> list[str]:
    """The questions in a file, one a line; each once.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it holds no question, or no UTF-8.
    """
    try:
        lines = Path(file).expanduser().read_text("utf-8").splitlines()
    except OSError as error:
        raise NotFoundError(
            f"{file} cannot be read ({error.strerror})", "name a file of questions, one a line"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not in UTF-8", "save it so") from error
    questions = list(dict.fromkeys(" ".join(line.split()) for line in lines if line.strip()))
    if not questions:
        raise UsageError(f"{file} is empty", "write one question a line")
    return questions


def answers(model: str, server: str, questions: Sequence[str], ask: Ask, known: Library) -> Iterator[Item]:
    """The answers of a model; a question that it was asked before, in these words, is not asked again.

    Args:
        model: what it is called, `openai:MODEL`.
        server: where it is.
        questions: each is one prompt.
        ask: asks it.
        known: what is there already.
    """
    failed = 0
    for done, question in enumerate(questions):
        if failed == IN_A_ROW:
            cause = f"{model} failed {failed} times in a row: {len(questions) - done} questions were not asked"
            yield Failure(server, cause, "give the same command again when it answers")
            return
        name, prompt = _name(model, question), PROMPT.format(question=question)
        if name in known and known[name].origin.prompt == prompt:
            yield Kept(name)
            continue
        try:
            said = ask(prompt).strip()
        except ModelError as error:
            failed += 1
            yield Failure(question, error.cause, error.cure)
            continue
        failed = 0
        origin = Origin(where=server, fetched=now(), model=model, prompt=prompt)
        yield _document(name, question, said, origin)


def _name(model: str, question: str) -> str:
    return f"{model}/{hashlib.sha256(question.encode()).hexdigest()[:12]}"


def _document(name: str, question: str, said: str, origin: Origin) -> Document | Failure:
    if said.strip(" .*\"'").upper() in ("", UNKNOWN):
        return Failure(question, f"{origin.model} does not know", "ask another model, or add a document that says it")
    return replace(as_document(said, name, question), origin=origin, trust=TRUST)
