"""Many questions, some at a time: an answer for each, or why there is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from quoth.answer import Answer
from quoth.assistants.ask import Asker
from quoth.assistants.remote import RemoteAsker
from quoth.errors import QuothError

# So many questions are under way together: at home they share the decoding loop, a server reads them in one batch.
AT_ONCE, AT_SERVER = 4, 8


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that could not be answered: which, why, and what to do. A refusal is an `Answer`."""

    question: str
    cause: str
    cure: str


def ask_all(asker: Asker | RemoteAsker, questions: Iterable[str]) -> Iterator[Answer | Unanswered]:
    """An answer, or what went wrong, for each question, in their order and as they come.

    No more are taken from `questions` than are under way.
    """
    at_once = AT_ONCE if isinstance(asker, Asker) else AT_SERVER
    waiting: deque[Future[Answer | Unanswered]] = deque()
    with ThreadPoolExecutor(at_once) as pool:
        for question in questions:
            waiting.append(pool.submit(_ask, asker, question))
            if len(waiting) == at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _ask(asker: Asker | RemoteAsker, question: str) -> Answer | Unanswered:
    try:
        return asker.stream(question).answer
    except QuothError as error:
        return Unanswered(question, error.cause, error.cure)
