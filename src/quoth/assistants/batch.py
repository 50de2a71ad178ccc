"""Many questions, one after the other: an answer for each, or why there is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from quoth.answer import Answer
from quoth.assistants.ask import Asker
from quoth.assistants.remote import RemoteAsker
from quoth.errors import QuothError

# What a server is asked at once; it reads them in one batch. A model at home has its cores full with one question:
# its passages are a batch already.
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that could not be answered: which, why, and what to do. A refusal is an `Answer`."""

    question: str
    cause: str
    cure: str


def ask_all(asker: Asker | RemoteAsker, questions: Iterable[str]) -> Iterator[Answer | Unanswered]:
    """An answer, or what went wrong, for each question, in their order and as they come."""
    if isinstance(asker, Asker):
        return (_ask(asker, question) for question in questions)
    return _several(asker, questions)


def _several(asker: RemoteAsker, questions: Iterable[str]) -> Iterator[Answer | Unanswered]:
    """The same with up to `AT_ONCE` of them under way; no more are taken from `questions`."""
    waiting: deque[Future[Answer | Unanswered]] = deque()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for question in questions:
            waiting.append(pool.submit(_ask, asker, question))
            if len(waiting) == AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _ask(asker: Asker | RemoteAsker, question: str) -> Answer | Unanswered:
    try:
        return asker.stream(question).answer
    except QuothError as error:
        return Unanswered(question, error.cause, error.cure)
