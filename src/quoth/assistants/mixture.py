"""Passages and a question to answers: which decoding, over which passages, with which prior."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import numpy as np

from quoth.generators import LanguageModel, Reading
from quoth.rag import (
    MEMORY_PRIOR,
    Contrast,
    Decoded,
    Decoding,
    Limits,
    Search,
    Spans,
    decode_concat,
    decode_quotes,
    decode_sequence,
    decode_token,
    prompt_maker,
    query_likelihood,
    relevance,
    signals,
    weighty,
)
from quoth.rag.hypotheses import Tokens
from quoth.rag.marginal import Logs
from quoth.settings import Settings
from quoth.types import Hit, Signals


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decoded from `hits`, best first, and what the mixture says about the best.

    hits: the passages that took part; those with a negligible prior did not.
    places: for each answer, for each of the hits, the span of its text that the answer is, for quotes only.
    """

    hits: tuple[Hit, ...]
    answers: tuple[Decoded, ...]
    signals: Signals
    places: tuple[tuple[tuple[int, int] | None, ...], ...]


class Mixture:
    """Decodes answers from a language model and passages, as the settings say."""

    def __init__(self, model: LanguageModel, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._prompts = prompt_maker(model, settings.stop)
        self._limits = Limits(settings.max_tokens or self._prompts.longest, self._prompts.stops)

    def decode(self, question: str, hits: Sequence[Hit]) -> Generator[Tokens, None, Outcome]:
        """Decode answers; yields the tokens of the best as soon as they are sure.

        Raises:
            ModelError: the prompts do not fit the model.
        """
        prompts = [self._prompts.with_passages([hit.passage], question) for hit in hits]
        with ExitStack() as stack:
            reading: Reading = stack.enter_context(self._model.read([*prompts, self._prompts.without(question)]))
            likelihood = query_likelihood(reading.tails)
            prior = np.array([hit.log_prior for hit in hits])
            prior = relevance(prior, likelihood[:-1], self._settings.likelihood_weight)
            kept = weighty(prior)
            if len(kept) < len(hits):
                reading = stack.enter_context(reading.fork([*kept, len(hits)]))
            prior = prior[kept] - np.logaddexp.reduce(prior[kept])
            members = tuple(hits[z] for z in kept)
            if self._settings.contrast:
                reading = stack.enter_context(Contrast(reading, self._settings.contrast))
            spans = [Spans(self._model, hit.passage.text, self._limits) for hit in members] if self._quotes else []
            found = yield from self._decoding(question, members, reading, prior, spans)
            return self._outcome(members, found, spans, signals(found[0], reading.tails, members))

    @property
    def _quotes(self) -> bool:
        return self._settings.decoding == "quote"

    def _decoding(
        self, question: str, hits: Sequence[Hit], reading: Reading, prior: Logs, spans: Sequence[Spans]
    ) -> Decoding:
        search, limits = self._search(), self._limits
        if self._settings.decoding == "token":
            return (yield from decode_token(reading, prior, MEMORY_PRIOR, limits, search))
        if self._settings.decoding in ("concat-best-first", "concat-best-last"):
            order = hits if self._settings.decoding == "concat-best-first" else hits[::-1]
            whole = self._prompts.with_passages([hit.passage for hit in order], question)
            with self._model.read([whole]) as together:
                return (yield from decode_concat(together, reading, prior, MEMORY_PRIOR, limits))
        if self._quotes:
            explain = partial(self._explain, question)
            return (yield from decode_quotes(reading, prior, MEMORY_PRIOR, limits, search, spans, explain))
        return (yield from decode_sequence(reading, prior, MEMORY_PRIOR, limits, search))

    def _explain(self, question: str, sentences: Sequence[str]) -> Logs:
        """(n,) log p(x|s) for each sentence."""
        with self._model.read([self._prompts.with_texts([one], question) for one in sentences]) as reading:
            return query_likelihood(reading.tails)

    def _search(self) -> Search:
        settings = self._settings
        return Search(
            beams=settings.beams,
            answers=settings.answers,
            length_penalty=settings.length_penalty,
            temperature=settings.temperature,
            top_p=settings.top_p,
            seed=settings.seed,
            thorough=settings.decoding != "sequence-fast",
            robust=settings.robust,
        )

    def _outcome(
        self, hits: tuple[Hit, ...], found: Sequence[Decoded], spans: Sequence[Spans], said: Signals
    ) -> Outcome:
        places = tuple(tuple(one.place(answer.tokens) for one in spans) for answer in found)
        return Outcome(hits, tuple(found), said, places)
