"""A section word for word: which runs of sentences say most of its heading, and least of what is said already.

Each is judged by how near it is to the heading and by how likely its passage makes the heading under the generator, as
the mixture's prior is (`quoth.rag.relevance`), on the scale of a cosine, and by what has been chosen:

    value(u) = a (cos(u, x) + T w gain(z)) - (1 - a) max_chosen cos(u, v)

which is maximal marginal relevance (Carbonell & Goldstein 1998) on T log p(z|x) with p(z|x) ~ exp(cos / T) p(x|z)^w.
A small model that writes freely repeats itself and makes things up (docs/experiments.md); this is what it can do well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.answer import Source
from quoth.encoders import Encoder
from quoth.generators import LanguageModel, Stop
from quoth.rag import gains, prompt_maker
from quoth.rag.quote import LONGEST
from quoth.types import Hit, Vectors
from quoth.writing.code import language, without_fence
from quoth.writing.planning import INTRODUCTION, sought
from quoth.writing.prose import Span, Unit, units
from quoth.writing.text import Block, Code, Paragraph, Sentence

RELEVANCE = 0.7
TEMPERATURE, LIKELIHOOD = 0.05, 0.5
# The most that the generator's word on a passage may change its cosine, up or down.
_BOUND = 0.15
# A run nearer to another section's heading by this much is left to it; the introduction may say of all a little.
_OTHERS, _FIRST_OTHERS = 0.05, 0.2
# So near a run must be to its heading, and no more behind the nearest one; runs this near to each other say the same.
_NEAR, _BEHIND, _SAME = 0.35, 0.2, 0.88
_CODES = 1
# A section has no more than this times the words that are wanted.
_OVER = 1.15
_PARAGRAPH = 90


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Runs of sentences with (n, d) their vectors and (n,) how well each fits the heading, on the scale of a cosine."""

    units: Sequence[Unit]
    vectors: Vectors
    fit: NDArray[np.float32]


class Quoter:
    """Makes sections of the documents' own sentences; remembers what has been said."""

    def __init__(self, encoder: Encoder, model: LanguageModel | None) -> None:
        """`model` says how likely passages make headings; without one their vectors decide."""
        self._encoder = encoder
        self._model = model
        self._said: list[Unit] = []
        self._vectors: list[NDArray[np.float32]] = []

    def section(self, topic: str, heading: str, others: Sequence[str], hits: Sequence[Hit], words: int) -> list[Block]:
        """About `words` words on a heading; fewer, or nothing, if the passages hold no more.

        Args:
            topic: of the whole text.
            heading: what the section is about.
            others: the other sections' headings, to which is left what fits them better.
            hits: passages, best first.
            words: how many are wanted.
        """
        found = self._candidates(topic, heading, others, hits)
        chosen = self._choose(found, words)
        rank = {hit.passage.document: hit.rank for hit in reversed(hits)}
        chosen.sort(key=lambda unit: (rank[unit.place[0]], unit.place))
        return list(_blocks(chosen))

    def _candidates(self, topic: str, heading: str, others: Sequence[str], hits: Sequence[Hit]) -> Candidates:
        is_first = heading == INTRODUCTION
        pairs = [
            (unit, z)
            for z, hit in enumerate(hits)
            for unit in units(hit.passage)
            if self._is_new(unit) and not (is_first and unit.code)
        ]
        if not pairs:
            return Candidates([], np.empty((0, 0), np.float32), np.empty(0, np.float32))
        vectors = self._encoder.encode([_as_read(unit) for unit, _ in pairs])
        headings = self._encoder.encode([_as_asked(one, topic) for one in (heading, *others)])
        near = vectors @ headings.T
        told = self._told(sought(heading, topic), hits)
        best_other = near[:, 1:].max(axis=1, initial=-1.0)
        enough = max(_NEAR, float(near[:, 0].max()) - _BEHIND)
        margin = _FIRST_OTHERS if is_first else _OTHERS
        kept = [i for i in range(len(pairs)) if near[i, 0] >= max(enough, best_other[i] - margin)]
        fit = np.array([near[i, 0] + told[pairs[i][1]] for i in kept], np.float32)
        return Candidates([pairs[i][0] for i in kept], vectors[kept], fit)

    def _told(self, question: str, hits: Sequence[Hit]) -> NDArray[np.float64]:
        """(k,) what the generator adds to the cosine of each passage."""
        if self._model is None or len(hits) < 2:
            return np.zeros(len(hits))
        maker = prompt_maker(self._model)
        prompts = [maker.with_passages([hit.passage], question) for hit in hits]
        with self._model.reserve(prompts, 0, 0, Stop()) as reader, reader.read(prompts) as reading:
            heard = gains(reading.tails)
        return np.asarray(np.clip(TEMPERATURE * LIKELIHOOD * heard, -_BOUND, _BOUND))

    def _choose(self, found: Candidates, words: int) -> list[Unit]:
        chosen: list[Unit] = []
        left = list(range(len(found.units)))
        codes = count = 0
        while left and count < words:
            said = np.array(self._vectors[-len(chosen) :] if chosen else []).reshape(-1, found.vectors.shape[1])
            again = (found.vectors @ said.T).max(axis=1, initial=0.0)
            best = max(left, key=lambda i: RELEVANCE * found.fit[i] - (1 - RELEVANCE) * again[i])
            left.remove(best)
            unit = found.units[best]
            if count and count + unit.words > _OVER * words:
                continue
            if self._is_said(found.vectors[best]) or not self._is_new(unit) or (unit.code and codes == _CODES):
                continue
            codes += unit.code is not None
            count += unit.words
            chosen.append(unit)
            self._said.append(unit)
            self._vectors.append(found.vectors[best])
        return chosen

    def _is_new(self, unit: Unit) -> bool:
        """Whether no sentence of it has been said: at this place, or in the same words."""
        said = {text for one in self._said for text in one.texts}
        return not said & set(unit.texts) and not any(_overlap(unit, one) for one in self._said)

    def _is_said(self, vector: NDArray[np.float32]) -> bool:
        return any(float(vector @ other) >= _SAME for other in self._vectors)


def _as_asked(heading: str, topic: str) -> str:
    return topic if heading == INTRODUCTION else sought(heading, topic)


def _as_read(unit: Unit) -> str:
    """A run with the last heading over it, which often names what it is about."""
    return "\n".join([*unit.passage.headings[-1:], unit.text])


def _overlap(one: Unit, other: Unit) -> bool:
    (a, start, end), (b, begin, stop) = one.place, other.place
    return a == b and start < stop and begin < end


def _blocks(chosen: Sequence[Unit]) -> Iterator[Block]:
    """Paragraphs, each of runs under one heading, and code after the run that leads to it."""
    sentences: list[Sentence] = []
    for unit, after in zip(chosen, [*chosen[1:], None], strict=False):
        said = zip(unit.texts, _sources(unit), strict=True)
        sentences += [Sentence(text, (source,), 0.0, verbatim=True) for text, source in said]
        goes_on = after is not None and not unit.code and _home(after) == _home(unit)
        if not goes_on or sum(one.words for one in sentences) + (after.words if after else 0) > _PARAGRAPH:
            yield Paragraph(tuple(sentences))
            sentences = []
        if unit.code:
            yield _code(unit)


def _home(unit: Unit) -> tuple[str, ...]:
    return unit.passage.document, *unit.passage.headings


def _sources(unit: Unit) -> list[Source]:
    """For each sentence of a run the piece that holds it, with as many of those beside it as a quote has room for."""
    pieces: list[list[Span]] = []
    for span in unit.spans:
        if pieces and span[1] - pieces[-1][0][0] <= LONGEST:
            pieces[-1].append(span)
        else:
            pieces.append([span])
    return [_quote(unit, piece[0][0], piece[-1][1]) for piece in pieces for _ in piece]


def _quote(unit: Unit, start: int, end: int) -> Source:
    passage = unit.passage
    return Source(passage, passage.text[start:end], passage.start + start, passage.start + end, 1.0)


def _code(unit: Unit) -> Code:
    assert unit.code is not None  # asked by who calls
    text = without_fence(unit.passage.text[slice(*unit.code)])
    return Code(text, language(text), _quote(unit, *unit.code))
