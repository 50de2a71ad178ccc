"""A question to an answer by a server's model: the passages numbered in one prompt, and what it cites checked.

Where the server gives the log-probabilities of a prompt, the answer is scored under each passage alone, as RAG-Sequence
does; with the decoding "sequence" the candidates are what the model says of each passage and of all together.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from quoth.answer import Alternative, Answer, Token
from quoth.assistants.answers import by_weight, refusal_of, source_of
from quoth.assistants.ask import AnswerStream, check_question
from quoth.assistants.streaming import Clock
from quoth.errors import SettingsError
from quoth.generators import Stop
from quoth.rag import MEMORY_PRIOR, nothing_relevant
from quoth.rag.abstain import MEMORY_CARRIES_FROM
from quoth.rag.citations import CitationReader, Statement, read_citations
from quoth.rag.marginal import Logs
from quoth.rag.numbered import (
    STOP,
    as_continuation,
    is_refusal,
    may_become_refusal,
    numbered_prompt,
    numbered_turn,
    scored_prompt,
)
from quoth.rag.rescoring import Traced, ranked, traced
from quoth.rag.support import provenance
from quoth.retrieval import Retriever
from quoth.settings import Settings
from quoth.store import Previews, no_previews
from quoth.types import Decoding, Hit

if TYPE_CHECKING:
    from quoth.generators.remote import RemoteModel

Files = Mapping[str, bytes]
"""Passage id -> the picture that it is, as a JPEG file."""

LONGEST = 256
DECODINGS = ("sequence", "concat-best-first", "concat-best-last")
# They change a search that happens in the server here, or need probabilities that it does not show.
_NOT_HERE = ("beams", "length_penalty", "contrast", "likelihood_weight", "robust")


class _Said:
    """What a model says, piece by piece, until it is stopped; `looked` tells then whether it was sent the pictures."""

    def __init__(self, pieces: Generator[str, None, bool], stop: Stop) -> None:
        self.looked = False
        self._pieces = pieces
        self._stop = stop

    def __iter__(self) -> Iterator[str]:
        with closing(self._pieces):
            for piece in self._whole():
                self._stop.check()
                yield piece

    def _whole(self) -> Iterator[str]:
        self.looked = yield from self._pieces


class RemoteAsker:
    """Answers questions from a retriever's passages with a model of an OpenAI-compatible server."""

    def __init__(
        self, retriever: Retriever, model: RemoteModel, settings: Settings, previews: Previews = no_previews
    ) -> None:
        """Put them together; `previews` gives the pictures, for a server whose model looks at them.

        Raises:
            SettingsError: a setting needs more of a model than a server gives.
        """
        check_settings(settings)
        self._retriever = retriever
        self._model = model
        self._settings = settings
        self._previews = previews

    def stream(self, question: str) -> AnswerStream:
        """Answer `question`, piece by piece; the best of scored candidates comes whole, at the end.

        Raises:
            UsageError: the question is empty or longer than 500 words.
        """
        check_question(question)
        stop = Stop()
        return AnswerStream(self._stream(question, stop), stop)

    def _stream(self, question: str, stop: Stop) -> Generator[str, None, Answer]:
        clock = Clock()
        hits = self._retriever.retrieve(question, self._settings.passages)
        clock.retrieved()
        if nothing_relevant(hits):
            return refusal_of(question, hits, None, 0.0, self._settings.decoding, clock)
        files = self._pictures(hits)
        # Prompts are scored as text: that would not be the mixture in which pictures are looked at.
        if not files and self._settings.decoding == "sequence" and self._model.scores:
            found = self._candidates(question, hits, stop)
            if found and not self._withheld(found[0]):
                clock.told()
                yield "".join(found[0].pieces)
            return self._answer(question, hits, found, "sequence", clock)
        said = self._say(question, hits, stop, files)
        text, statements = yield from self._spoken(said, clock)
        stop.check()
        seen = files.keys() if said.looked else set()
        found = self._traced(question, hits, text, statements, seen)
        return self._answer(question, hits, found, self._order, clock, seen)

    def _pictures(self, hits: Sequence[Hit]) -> Files:
        """The files of those passages that are pictures, unless the server is known to read words alone."""
        ids = [hit.passage.id for hit in hits if hit.passage.picture]
        return self._previews(ids) if ids and self._model.looks is not False else {}

    @property
    def _order(self) -> Decoding:
        """How the passages stand in one prompt: best last unless it is said otherwise (docs/decisions.md)."""
        return "concat-best-last" if self._settings.decoding == "sequence" else self._settings.decoding

    def _spoken(self, said: _Said, clock: Clock) -> Generator[str, None, tuple[str, list[Statement]]]:
        """The answer from all passages as it comes, without its citations; a refusal is not spoken."""
        reader, text, told = CitationReader(), "", 0
        for piece in said:
            text += reader.feed(piece)
            if len(text) > told and not may_become_refusal(text) and not is_refusal(text):
                clock.told()
                yield text[told:]
                told = len(text)
        text += reader.close()
        if len(text) > told and not is_refusal(text):
            clock.told()
            yield text[told:]
        return text, reader.statements()

    def _say(self, question: str, hits: Sequence[Hit], stop: Stop, files: Files = MappingProxyType({})) -> _Said:
        stop.check()
        numbered = [(hit.rank, hit.passage) for hit in hits]
        if self._order == "concat-best-last":
            numbered.reverse()
        settings = self._settings
        drawn = {"top_p": settings.top_p, "seed": settings.seed} if settings.temperature else {}
        pieces = self._model.complete(
            numbered_turn(numbered, question, files) if files else numbered_prompt(numbered, question),
            max_tokens=settings.max_tokens or LONGEST,
            stop=[end for end in (STOP, settings.stop) if end],
            temperature=settings.temperature,
            **drawn,
        )
        return _Said(pieces, stop)

    def _candidates(self, question: str, hits: Sequence[Hit], stop: Stop) -> list[Traced]:
        """What the model says of all passages together and of each, by its probability under the mixture."""
        alone = ([hit] for hit in hits)
        said = [read_citations("".join(self._say(question, some, stop)))[0] for some in (hits, *alone)]
        answers = [answer for answer in dict.fromkeys(said) if answer and not is_refusal(answer)]
        scored = {}
        for answer in answers:
            stop.check()
            if found := self._score(question, hits, answer):
                scored[answer] = found
        prior = _log_prior(hits)
        order = ranked(prior, {answer: members for answer, (_, members) in scored.items()})
        return [traced(y, scored[y][0], prior, MEMORY_PRIOR, scored[y][1]) for y in order[: self._settings.answers]]

    def _score(self, question: str, hits: Sequence[Hit], answer: str) -> tuple[Sequence[str], Logs] | None:
        """The answer's tokens and (k+1, m) their log-probabilities, the null passage last."""
        prompts = [scored_prompt(passage, question) for passage in (*(hit.passage for hit in hits), None)]
        scored = self._model.score(prompts, as_continuation(answer))
        return (scored[0].tokens, np.stack([s.log_probs for s in scored])) if scored else None

    def _traced(
        self, question: str, hits: Sequence[Hit], text: str, statements: Sequence[Statement], seen: Collection[str]
    ) -> list[Traced]:
        """Where each piece comes from: by the mixture where the server scores, else by the citations that hold."""
        if not text or is_refusal(text):
            return []
        if not seen and self._model.scores and (scored := self._score(question, hits, text)):
            return [traced(text, scored[0], _log_prior(hits), MEMORY_PRIOR, scored[1])]
        shown = [z for z, hit in enumerate(hits) if hit.passage.id in seen]
        found = provenance(text, statements, [hit.passage for hit in hits], question, shown)
        return [Traced(found.words, np.zeros(len(found.words)), found.posterior, found.posterior.mean(axis=1))]

    def _withheld(self, best: Traced) -> bool:
        """Whether an answer is the memory's, or less sure than is wanted."""
        return best.weights[-1] >= MEMORY_CARRIES_FROM or _confidence(best) < self._settings.min_confidence

    def _answer(
        self,
        question: str,
        hits: Sequence[Hit],
        found: Sequence[Traced],
        decoding: Decoding,
        clock: Clock,
        seen: Collection[str] = (),
    ) -> Answer:
        """The first as the answer, the others as its alternatives; or a refusal."""
        if not found or self._withheld(found[0]):
            best, confidence = (found[0], _confidence(found[0])) if found else (None, 0.0)
            return refusal_of(question, hits, best, confidence, decoding, clock, seen=seen)
        best = found[0]
        order = by_weight(best.weights[:-1])
        posterior = best.posterior[[*order, len(hits)]].T.tolist()
        logs = best.log_probs.tolist()
        text = "".join(best.pieces)
        return Answer(
            question=question,
            text=text,
            abstained=False,
            confidence=_confidence(best),
            decoding=decoding,
            tokens=tuple(Token(t, log, tuple(p)) for t, log, p in zip(best.pieces, logs, posterior, strict=True)),
            sources=tuple(source_of(hits[z], float(best.weights[z]), text, question, None, seen) for z in order),
            memory_weight=float(best.weights[-1]),
            timing=clock.timing(),
            probability=best.probability,
            alternatives=tuple(_alternative(question, hits, other) for other in found[1:]),
        )


def check_settings(settings: Settings) -> None:
    """Refuse settings that a server's model cannot follow.

    Raises:
        SettingsError: one of them.
    """
    if settings.decoding not in DECODINGS:
        cause = f"a server's model cannot do the decoding {settings.decoding!r}"
        raise SettingsError(cause, f"choose one of: {', '.join(DECODINGS)}")
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name in _NOT_HERE and value != field.default:
            raise SettingsError(f"{field.name} = {value} has no effect on a server's model", "leave it out")


def _confidence(found: Traced) -> float:
    """The share of the documents; not calibrated, as a server shows too little for that."""
    return float(1 - found.weights[-1])


def _alternative(question: str, hits: Sequence[Hit], found: Traced) -> Alternative:
    text, z = "".join(found.pieces), by_weight(found.weights[:-1])[0]
    return Alternative(text, found.probability, source_of(hits[z], float(found.weights[z]), text, question, None))


def _log_prior(hits: Sequence[Hit]) -> Logs:
    return np.array([hit.log_prior for hit in hits])
