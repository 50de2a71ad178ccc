"""A question to an answer by a server's model: the passages numbered in one prompt, and what it cites checked.

Where the server gives the log-probabilities of a prompt, the answer is scored under each passage alone, as RAG-Sequence
does; with the decoding "sequence" the candidates are what the model says of each passage and of all together.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from quoth.answer import Answer, Source, Token
from quoth.assistants.ask import AnswerStream, check_question
from quoth.assistants.streaming import Clock
from quoth.errors import SettingsError
from quoth.rag.abstain import MEMORY_CARRIES_FROM, MEMORY_PRIOR, REFUSAL, nothing_relevant
from quoth.rag.citations import CitationReader, Statement, read_citations
from quoth.rag.marginal import Logs, with_memory
from quoth.rag.numbered import (
    STOP,
    as_continuation,
    is_refusal,
    may_become_refusal,
    numbered_prompt,
    scored_prompt,
)
from quoth.rag.quote import find_quote
from quoth.rag.rescoring import Traced, likeliest, traced
from quoth.rag.support import provenance
from quoth.retrieval import Retriever
from quoth.settings import Settings
from quoth.types import Decoding, Hit

if TYPE_CHECKING:
    from quoth.generators.remote import RemoteModel

LONGEST = 256
DECODINGS = ("sequence", "concat-best-first", "concat-best-last")


class RemoteAsker:
    """Answers questions from a retriever's passages with a model of an OpenAI-compatible server."""

    def __init__(self, retriever: Retriever, model: RemoteModel, settings: Settings) -> None:
        """Put them together.

        Raises:
            SettingsError: the decoding needs every probability of the model.
        """
        if settings.decoding not in DECODINGS:
            known = ", ".join(DECODINGS)
            raise SettingsError(
                f"a server's model cannot do the decoding {settings.decoding!r}", f"choose one of: {known}"
            )
        self._retriever = retriever
        self._model = model
        self._settings = settings

    def stream(self, question: str) -> AnswerStream:
        """Answer `question`, piece by piece; scored candidates come whole, at the end.

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
            return self._refuse(question, hits, clock)
        if self._settings.decoding == "sequence" and self._model.scores:
            found = self._best(question, hits)
            if found and found.weights[-1] < MEMORY_CARRIES_FROM:
                clock.told()
                yield "".join(found.pieces)
            return self._answer(question, hits, found, "sequence", clock)
        text, statements = yield from self._spoken(question, hits, clock)
        return self._answer(question, hits, self._traced(question, hits, text, statements), self._order, clock)

    @property
    def _order(self) -> Decoding:
        """How the passages stand in one prompt: best last unless it is said otherwise (docs/decisions.md)."""
        return "concat-best-last" if self._settings.decoding == "sequence" else self._settings.decoding

    def _spoken(
        self, question: str, hits: Sequence[Hit], clock: Clock
    ) -> Generator[str, None, tuple[str, list[Statement]]]:
        """The answer from all passages as it comes, without its citations; a refusal is not spoken."""
        reader, text, told = CitationReader(), "", 0
        for piece in self._say(question, hits):
            text += reader.feed(piece)
            if len(text) > told and not may_become_refusal(text) and not is_refusal(text):
                clock.told()
                yield text[told:]
                told = len(text)
        text += reader.close()
        if len(text) > told and not is_refusal(text):
            yield text[told:]
        return text, reader.statements()

    def _say(self, question: str, hits: Sequence[Hit]) -> Generator[str, None, None]:
        numbered = [(hit.rank, hit.passage) for hit in hits]
        if self._order == "concat-best-last":
            numbered.reverse()
        prompt = numbered_prompt(numbered, question)
        return self._model.complete(prompt, stop=STOP, max_tokens=self._settings.max_tokens or LONGEST)

    def _best(self, question: str, hits: Sequence[Hit]) -> Traced | None:
        """The likeliest under the mixture of what the model says of each passage and of all together."""
        said = [read_citations("".join(self._say(question, some)))[0] for some in (hits, *([hit] for hit in hits))]
        answers = [answer for answer in dict.fromkeys(said) if answer and not is_refusal(answer)]
        scored = {answer: found for answer in answers if (found := self._score(question, hits, answer))}
        if not scored:
            return None
        log_prior = _log_prior(hits)
        best = likeliest(log_prior, {answer: members for answer, (_, members) in scored.items()})
        tokens, members = scored[best]
        return traced(best, tokens, log_prior, MEMORY_PRIOR, members)

    def _score(self, question: str, hits: Sequence[Hit], answer: str) -> tuple[Sequence[str], Logs] | None:
        """The answer's tokens and (k+1, m) their log-probabilities, the null passage last."""
        prompts = [scored_prompt(passage, question) for passage in (*(hit.passage for hit in hits), None)]
        scored = self._model.score(prompts, as_continuation(answer))
        return (scored[0].tokens, np.stack([s.log_probs for s in scored])) if scored else None

    def _traced(self, question: str, hits: Sequence[Hit], text: str, statements: Sequence[Statement]) -> Traced | None:
        """Where each piece comes from: by the mixture where the server scores, else by the citations that hold."""
        if not text or is_refusal(text):
            return None
        if self._model.scores and (scored := self._score(question, hits, text)):
            return traced(text, scored[0], _log_prior(hits), MEMORY_PRIOR, scored[1])
        found = provenance(text, statements, [hit.passage for hit in hits], question)
        return Traced(found.words, np.zeros(len(found.words)), found.posterior, found.posterior.mean(axis=1))

    def _answer(
        self, question: str, hits: Sequence[Hit], found: Traced | None, decoding: Decoding, clock: Clock
    ) -> Answer:
        if found is None or found.weights[-1] >= MEMORY_CARRIES_FROM:
            return self._refuse(question, hits, clock, found)
        text, memory = "".join(found.pieces), float(found.weights[-1])
        order = _by_weight(found.weights[:-1])
        posterior = found.posterior[[*order, len(hits)]].T.tolist()
        logs = found.log_probs.tolist()
        return Answer(
            question=question,
            text=text,
            abstained=False,
            confidence=float(np.exp(found.log_probs.mean())) * (1 - memory),
            decoding=decoding,
            tokens=tuple(Token(t, log, tuple(p)) for t, log, p in zip(found.pieces, logs, posterior, strict=True)),
            sources=tuple(_source(hits[z], float(found.weights[z]), text, question) for z in order),
            memory_weight=memory,
            timing=clock.timing(),
        )

    def _refuse(self, question: str, hits: Sequence[Hit], clock: Clock, found: Traced | None = None) -> Answer:
        weights = found.weights if found else np.exp(with_memory(_log_prior(hits), MEMORY_PRIOR))
        weights = weights if hits else np.ones(1)
        return Answer(
            question=question,
            text=REFUSAL,
            abstained=True,
            confidence=0.0,
            decoding=self._settings.decoding,
            tokens=(),
            sources=tuple(_source(hits[z], float(weights[z]), "", question) for z in _by_weight(weights[:-1])),
            memory_weight=float(weights[-1]),
            timing=clock.timing(),
        )


def _log_prior(hits: Sequence[Hit]) -> Logs:
    return np.array([hit.log_prior for hit in hits])


def _by_weight(weights: Logs) -> list[int]:
    """The members' indexes, highest weight first; of equals, the better hit first."""
    return sorted(range(len(weights)), key=lambda z: -weights[z])


def _source(hit: Hit, weight: float, answer: str, question: str) -> Source:
    start, end = find_quote(hit.passage, answer, question)
    offset = hit.passage.start
    return Source(hit.passage, hit.passage.text[start - offset : end - offset], start, end, weight)
