"""A question to an answer: find passages, decode from their mixture, say where each word came from."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace

from quoth.answer import Answer, Show
from quoth.assistants.answers import answer_of, refusal_of
from quoth.assistants.mixture import Mixture, Outcome
from quoth.assistants.streaming import Clock, Speaker, texts_of
from quoth.errors import QuothError, UsageError
from quoth.generators import LanguageModel, Stop
from quoth.rag import SHIPPED, Calibration, is_from_memory, nothing_relevant
from quoth.rag.hypotheses import Tokens
from quoth.retrieval import Retriever
from quoth.settings import Settings
from quoth.store import Previews, no_previews

MAX_QUESTION_WORDS = 500


class AnswerStream:
    """An answer that is being written: iterate over its pieces of text, then take `answer`.

    The pieces are sure as they come. A refusal may follow them: where an answer comes from is known in
    full at its end. What is not wanted to its end is closed, or used in a `with` block: until then it keeps its
    place in the generator, which others may be waiting for.
    """

    def __init__(self, pieces: Generator[str, None, Answer], stop: Stop | None = None) -> None:
        self._pieces = pieces
        self._stop = stop or Stop()
        self._answer: Answer | None = None
        self._show: Show | None = None

    def showing(self, show: Show) -> AnswerStream:
        """The same, with an answer that can show its pictures."""
        self._show = show
        return self

    def __enter__(self) -> AnswerStream:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the answer up, from any thread, and free its place; a finished answer stays.

        A thread that waits for its next piece gets a StoppedError, at the generator's next step.
        """
        self._stop.set()
        # It is running in another thread: that one closes it.
        with suppress(ValueError):
            self._pieces.close()

    def __iter__(self) -> Iterator[str]:
        while self._answer is None:
            try:
                piece = next(self._pieces)
            except StopIteration as end:
                self._stop.check()
                if end.value is None:
                    raise QuothError("the answer was broken off", "ask again") from None
                self._answer = replace(end.value, show=self._show)
                return
            if self._stop.is_set:
                self._pieces.close()
                self._stop.check()
            yield piece

    @property
    def answer(self) -> Answer:
        """The whole answer; what has not been iterated over is waited for.

        Raises:
            QuothError: the answer could not be finished.
            StoppedError: it was closed before its end.
        """
        for _ in self:
            pass
        assert self._answer is not None  # the loop ends with it or raises
        return self._answer


class Asker:
    """Answers questions from a retriever's passages with a language model."""

    def __init__(
        self,
        retriever: Retriever,
        model: LanguageModel,
        settings: Settings,
        calibration: Calibration = SHIPPED,
        previews: Previews = no_previews,
    ) -> None:
        self._retriever = retriever
        self._model = model
        self._settings = settings
        self._mixture = Mixture(model, settings, previews)
        self._calibration = calibration

    def stream(self, question: str) -> AnswerStream:
        """Answer `question`, piece by piece.

        Raises:
            UsageError: the question is empty or longer than 500 words.
        """
        check_question(question)
        stop = Stop()
        return AnswerStream(self._stream(question, stop), stop)

    def _stream(self, question: str, stop: Stop) -> Generator[str, None, Answer]:
        clock, decoding = Clock(), self._settings.decoding
        hits = self._retriever.retrieve(question, self._settings.passages)
        clock.retrieved()
        if nothing_relevant(hits) or (self._settings.robust and len(hits) < 2):
            return refusal_of(question, hits, None, 0.0, decoding, clock)
        outcome = yield from self._spoken(self._mixture.decode(question, hits, stop), clock)
        best = outcome.answers[0]
        is_said = bool(texts_of(self._model, best.tokens)) and not is_from_memory(best)
        confidence = self._calibration.probability(outcome.signals) if is_said else 0.0
        if not is_said or confidence < self._settings.min_confidence:
            return refusal_of(question, outcome.hits, best, confidence, decoding, clock, outcome.signals, outcome.seen)
        return answer_of(self._model, question, outcome, confidence, decoding, clock)

    def _spoken(self, decoding: Generator[Tokens, None, Outcome], clock: Clock) -> Generator[str, None, Outcome]:
        """The text of what a decoding yields."""
        speaker, held = Speaker(self._model), ""
        while True:
            try:
                text = held + speaker.say(next(decoding))
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome
            # White space waits for the next word: at its end an answer has none.
            said = text.rstrip()
            held = text[len(said) :]
            if said:
                clock.told()
                yield said


def check_question(question: str) -> None:
    """Refuse what is no question.

    Raises:
        UsageError: it is empty or longer than 500 words.
    """
    count = len(question.split())
    if not count:
        raise UsageError("the question is empty", "ask something")
    if count > MAX_QUESTION_WORDS:
        raise UsageError(
            f"the question has {count:,} words, at most {MAX_QUESTION_WORDS} are read",
            "shorten it, or add the long text to the knowledge base with `quoth add`",
        )
