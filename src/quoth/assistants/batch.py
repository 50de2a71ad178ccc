"""Many questions, some at a time: an answer for each, or why there is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from quoth.answer import Answer
from quoth.assistants.ask import AnswerStream
from quoth.errors import QuothError
from quoth.generators import Stop

# So many questions are under way together: at home they share the decoding loop, a server reads them in one batch.
AT_ONCE, AT_SERVER = 4, 8


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that could not be answered: which, why, and what to do. A refusal is an `Answer`."""

    question: str
    cause: str
    cure: str


def ask_all(
    ask: Callable[[str], AnswerStream], questions: Iterable[str], at_once: int = AT_ONCE
) -> Iterator[Answer | Unanswered]:
    """An answer, or what went wrong, for each question, in their order and as they come.

    No more are taken from `questions` than are under way; what these raise comes after the answers to those that they
    gave. Who leaves before the end gives up what is under way.
    """
    waiting: deque[Future[Answer | Unanswered]] = deque()
    stop, failures = Stop(), list[Exception]()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for question in _until_they_fail(questions, failures):
                waiting.append(pool.submit(_answered, ask, question, stop))
                if len(waiting) == at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            stop.set()
    for failure in failures:
        raise failure


def _until_they_fail(questions: Iterable[str], failures: list[Exception]) -> Iterator[str]:
    """The questions; what they raise is put into `failures`, to be raised later."""
    try:
        yield from questions
    except Exception as error:  # noqa: BLE001, whatever it is
        failures.append(error)


def _answered(ask: Callable[[str], AnswerStream], question: str, stop: Stop) -> Answer | Unanswered:
    try:
        with ask(question) as stream, stop.tells(stream.close):
            # It may have been set before the stream could be told.
            stop.check()
            return stream.answer
    except QuothError as error:
        return Unanswered(question, error.cause, error.cure)
