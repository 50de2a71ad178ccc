"""Passages and a question to answers: which decoding, over which passages, with which prior."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

import numpy as np

from quoth.answer import Signals
from quoth.generators import LanguageModel, Prompt, Reader, Reading, Stop
from quoth.rag import (
    MEMORY_PRIOR,
    Contrast,
    Decoded,
    Decoding,
    Limits,
    Memory,
    Search,
    Spans,
    decode_concat,
    decode_quotes,
    decode_sequence,
    decode_token,
    gains,
    prompt_maker,
    relevance,
    signals,
    weighty,
    widened,
)
from quoth.rag.hypotheses import Tokens
from quoth.rag.images import Images, images_of
from quoth.rag.marginal import Logs
from quoth.settings import Settings
from quoth.store import Previews, no_previews
from quoth.types import Hit

CONCATENATIONS = ("concat-best-first", "concat-best-last")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decoded from `hits`, best first, and what the mixture says about the best.

    hits: the passages that took part; those with a negligible prior did not.
    places: for each answer, for each of the hits, the span of its text that the answer is, for quotes only.
    longest: how many tokens an answer may have; one that has so many was cut there.
    seen: the ids of the passages that are pictures and were looked at, not only read of.
    """

    hits: tuple[Hit, ...]
    answers: tuple[Decoded, ...]
    signals: Signals
    places: tuple[tuple[tuple[int, int] | None, ...], ...]
    longest: int
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Prompts:
    """What is read for a question: each passage alone, none of them, and for a concatenation all together."""

    singles: tuple[Prompt, ...]
    null: Prompt
    whole: tuple[Prompt, ...] = ()


class Mixture:
    """Decodes answers from a language model and passages, as the settings say."""

    def __init__(self, model: LanguageModel, settings: Settings, previews: Previews = no_previews) -> None:
        """`previews` gives the pictures to a model that can look at them."""
        self._model = model
        self._previews = previews
        self._settings = settings
        self._prompts = prompt_maker(model, settings.stop)
        longest = settings.max_tokens or self._prompts.longest
        self._limits = Limits(longest, self._prompts.stops, lambda said: model.detokenize(said).strip())

    def decode(self, question: str, hits: Sequence[Hit], stop: Stop) -> Generator[Tokens, None, Outcome]:
        """Decode answers; yields the tokens of the best as soon as they are sure.

        Raises:
            ModelError: the prompts do not fit the model.
            StoppedError: `stop` was set.
        """
        images = images_of(self._model, [hit.passage for hit in hits], self._previews)
        prompts = self._made(question, hits, images)
        with ExitStack() as stack:
            reader = stack.enter_context(self._reserve(prompts, stop))
            reading = stack.enter_context(self._read(reader, prompts))
            prior, kept = self._prior(hits, reading)
            memory = stack.enter_context(self._memory(reader, prompts, reading))
            if self._settings.contrast:
                reading = stack.enter_context(Contrast(reading, self._settings.contrast, kept))
            elif len(kept) < len(hits):
                reading = stack.enter_context(reading.fork(kept))
            members = tuple(hits[z] for z in kept)
            spans = [Spans(self._model, hit.passage.text, self._limits) for hit in members] if self._quotes else []
            found = yield from self._decoding(reader, prompts, reading, prior, memory, spans)
            said = signals(found[0], reading.tails, memory.tail, members)
            return self._outcome(members, found, spans, said, frozenset(images))

    def _made(self, question: str, hits: Sequence[Hit], images: Images) -> _Prompts:
        passages = [hit.passage for hit in hits]
        singles = tuple(self._prompts.with_passages([passage], question, images) for passage in passages)
        null = self._prompts.without(question)
        if self._settings.decoding not in CONCATENATIONS:
            return _Prompts(singles, null)
        order = passages if self._settings.decoding == CONCATENATIONS[0] else passages[::-1]
        return _Prompts(singles, null, (self._prompts.with_passages(order, question, images),))

    def _reserve(self, prompts: _Prompts, stop: Stop) -> AbstractContextManager[Reader]:
        """Room for all prompts of the question, and for their hypotheses."""
        k, search = len(prompts.singles), self._search()
        rows = (widened(search) if self._quotes else search).rows(k)
        read = [*prompts.singles, prompts.null, *prompts.whole]
        if self._settings.contrast:
            # Each row has a twin behind the null passage, also what steps while a contrast scores.
            read += [prompts.null] * k
            rows = 2 * rows + 2 * k
        return self._model.reserve(read, rows, self._limits.tokens, stop)

    def _read(self, reader: Reader, prompts: _Prompts) -> Reading:
        """The passages; for a contrast, which works with it from the first token on, the null passage too."""
        return reader.read([*prompts.singles, prompts.null] if self._settings.contrast else prompts.singles)

    def _prior(self, hits: Sequence[Hit], reading: Reading) -> tuple[Logs, list[int]]:
        """Log p(z|x) of the passages that take part, and which they are."""
        weight = self._settings.likelihood_weight
        prior = relevance(np.array([hit.log_prior for hit in hits]), gains(reading.tails[: len(hits)]), weight)
        kept = weighty(prior) if self._prunes else list(range(len(hits)))
        return prior[kept] - np.logaddexp.reduce(prior[kept]), kept

    def _memory(self, reader: Reader, prompts: _Prompts, reading: Reading) -> Memory:
        if self._settings.contrast:
            return Memory(lambda: reading.fork([len(prompts.singles)]), MEMORY_PRIOR)
        return Memory(lambda: reader.read([prompts.null]), MEMORY_PRIOR)

    @property
    def _quotes(self) -> bool:
        return self._settings.decoding == "quote"

    @property
    def _prunes(self) -> bool:
        """Whether passages with a negligible prior are left out.

        Not where the prior is not to be trusted (an attacker who repeats the question has all of it), and not from
        a concatenation, which has none.
        """
        return not self._settings.robust and self._settings.decoding not in CONCATENATIONS

    def _decoding(
        self,
        reader: Reader,
        prompts: _Prompts,
        reading: Reading,
        prior: Logs,
        memory: Memory,
        spans: Sequence[Spans],
    ) -> Decoding:
        search, limits = self._search(), self._limits
        if self._settings.decoding == "token":
            return (yield from decode_token(reading, prior, memory, limits, search))
        if prompts.whole:
            with reader.read(prompts.whole) as together:
                return (yield from decode_concat(together, reading, prior, memory, limits))
        if self._quotes:
            return (yield from decode_quotes(reading, prior, memory, limits, search, spans))
        return (yield from decode_sequence(reading, prior, memory, limits, search))

    @property
    def _default_beams(self) -> int:
        """A short answer waits for its proposals anyway; a longer one, and RAG-Token's, is told as it comes."""
        return 2 if self._settings.decoding.startswith("sequence") and not self._prompts.is_chat else 1

    def _search(self) -> Search:
        settings = self._settings
        return Search(
            beams=settings.beams or self._default_beams,
            answers=settings.answers,
            length_penalty=settings.length_penalty,
            temperature=settings.temperature,
            top_p=settings.top_p,
            seed=settings.seed,
            thorough=settings.decoding != "sequence-fast",
            robust=settings.robust,
        )

    def _outcome(
        self,
        hits: tuple[Hit, ...],
        found: Sequence[Decoded],
        spans: Sequence[Spans],
        said: Signals,
        seen: frozenset[str],
    ) -> Outcome:
        places = tuple(tuple(one.place(answer.tokens) for one in spans) for answer in found)
        return Outcome(hits, tuple(found), said, places, self._limits.tokens, seen)
