"""A question to an answer: find passages, decode from their mixture, say where each word came from."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from quoth.answer import Answer, Source, Token
from quoth.assistants.streaming import Clock, Speaker, texts_of
from quoth.errors import QuothError, UsageError
from quoth.generators import LanguageModel
from quoth.rag import (
    MEMORY_PRIOR,
    REFUSAL,
    Decoded,
    Decoding,
    Limits,
    Search,
    decode_concat,
    decode_sequence,
    decode_token,
    explains_nothing,
    find_quote,
    is_from_memory,
    nothing,
    nothing_relevant,
    prompt_maker,
    query_likelihood,
    relevance,
    with_memory,
)
from quoth.retrieval import Retriever
from quoth.settings import Settings
from quoth.types import Hit

MAX_QUESTION_WORDS = 500


class AnswerStream:
    """An answer that is being written: iterate over its pieces of text, then take `answer`.

    The pieces are sure as they come. A refusal may follow them: where an answer comes from is known in
    full at its end.
    """

    def __init__(self, pieces: Generator[str, None, Answer]) -> None:
        self._pieces = pieces
        self._answer: Answer | None = None

    def __iter__(self) -> Iterator[str]:
        while self._answer is None:
            try:
                piece = next(self._pieces)
            except StopIteration as end:
                if end.value is None:
                    raise QuothError("the answer was broken off by an error", "ask again") from None
                self._answer = end.value
                return
            yield piece

    @property
    def answer(self) -> Answer:
        """The whole answer; what has not been iterated over is waited for.

        Raises:
            QuothError: the answer could not be finished.
        """
        for _ in self:
            pass
        assert self._answer is not None  # the loop ends with it or raises
        return self._answer


class Asker:
    """Answers questions from a retriever's passages with a language model."""

    def __init__(self, retriever: Retriever, model: LanguageModel, settings: Settings) -> None:
        self._retriever = retriever
        self._model = model
        self._settings = settings
        self._prompts = prompt_maker(model)

    def stream(self, question: str) -> AnswerStream:
        """Answer `question`, piece by piece.

        Raises:
            UsageError: the question is empty or longer than 500 words.
        """
        check_question(question)
        return AnswerStream(self._stream(question))

    def _stream(self, question: str) -> Generator[str, None, Answer]:
        clock = Clock()
        hits = self._retriever.retrieve(question, self._settings.passages)
        clock.retrieved()
        if nothing_relevant(hits):
            return self._refuse(question, hits, None, clock)
        decoded = yield from self._spoken(self._decode(question, hits), clock)
        if is_from_memory(decoded):
            return self._refuse(question, hits, decoded, clock)
        return self._answer(question, hits, decoded, clock)

    def _spoken(self, decoding: Decoding, clock: Clock) -> Generator[str, None, Decoded]:
        """The text of what a decoding yields."""
        speaker, held = Speaker(self._model), ""
        while True:
            try:
                text = held + speaker.say(next(decoding))
            except StopIteration as end:
                decoded: Decoded = end.value[0]
                return decoded
            # White space waits for the next word: at its end an answer has none.
            said = text.rstrip()
            held = text[len(said) :]
            if said:
                clock.told()
                yield said

    def _decode(self, question: str, hits: Sequence[Hit]) -> Decoding:
        prompts = [self._prompts.with_passages([hit.passage], question) for hit in hits]
        log_prior = np.array([hit.log_prior for hit in hits])
        limits = Limits(self._settings.max_tokens or self._prompts.longest, self._prompts.stops)
        with self._model.read([*prompts, self._prompts.without(question)]) as reading:
            likelihood = query_likelihood(reading.tails)
            if explains_nothing(likelihood, self._prompts.question_tokens(question)):
                return [nothing(with_memory(log_prior, MEMORY_PRIOR), 0.0)]
            log_prior = relevance(log_prior, likelihood[:-1])
            if self._settings.decoding == "sequence":
                return (yield from decode_sequence(reading, log_prior, MEMORY_PRIOR, limits, Search()))
            if self._settings.decoding == "token":
                return (yield from decode_token(reading, log_prior, MEMORY_PRIOR, limits, Search()))
            order = hits if self._settings.decoding == "concat-best-first" else hits[::-1]
            whole = self._prompts.with_passages([hit.passage for hit in order], question)
            with self._model.read([whole]) as together:
                return (yield from decode_concat(together, reading, log_prior, MEMORY_PRIOR, limits))

    def _answer(self, question: str, hits: Sequence[Hit], decoded: Decoded, clock: Clock) -> Answer:
        texts = texts_of(self._model, decoded.tokens)
        if not texts:
            return self._refuse(question, hits, decoded, clock)
        text, memory = "".join(texts), float(decoded.weights[-1])
        order = _by_weight(decoded.weights[:-1])
        posterior = decoded.posterior[[*order, len(hits)], : len(texts)].T.tolist()
        logs = decoded.log_probs[: len(texts)].tolist()
        return Answer(
            question=question,
            text=text,
            abstained=False,
            confidence=float(np.exp(np.mean(logs))) * (1 - memory),
            decoding=self._settings.decoding,
            tokens=tuple(Token(t, log, tuple(p)) for t, log, p in zip(texts, logs, posterior, strict=True)),
            sources=tuple(_source(hits[z], float(decoded.weights[z]), text, question) for z in order),
            memory_weight=memory,
            timing=clock.timing(),
        )

    def _refuse(self, question: str, hits: Sequence[Hit], decoded: Decoded | None, clock: Clock) -> Answer:
        prior = np.exp(with_memory(np.array([hit.log_prior for hit in hits]), MEMORY_PRIOR))
        weights = decoded.weights if decoded else prior if hits else np.ones(1)
        order = _by_weight(weights[:-1])
        return Answer(
            question=question,
            text=REFUSAL,
            abstained=True,
            confidence=0.0,
            decoding=self._settings.decoding,
            tokens=(),
            sources=tuple(_source(hits[z], float(weights[z]), "", question) for z in order),
            memory_weight=float(weights[-1]),
            timing=clock.timing(),
        )


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


def _by_weight(weights: np.ndarray) -> list[int]:
    """The members' indexes, highest weight first; of equals, the better hit first."""
    return sorted(range(len(weights)), key=lambda z: -weights[z])


def _source(hit: Hit, weight: float, answer: str, question: str) -> Source:
    start, end = find_quote(hit.passage, answer, question)
    offset = hit.passage.start
    return Source(hit.passage, hit.passage.text[start - offset : end - offset], start, end, weight)
