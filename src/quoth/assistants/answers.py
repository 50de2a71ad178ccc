"""What was decoded as an answer with its sources, or as a refusal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from quoth.answer import Alternative, Answer, Signals, Source, Token
from quoth.assistants.mixture import Outcome
from quoth.assistants.streaming import Clock, texts_of
from quoth.generators import LanguageModel
from quoth.rag import MEMORY_PRIOR, REFUSAL, Decoded, find_quote, with_memory
from quoth.rag.rescoring import Traced
from quoth.types import Decoding, Hit


def answer_of(
    model: LanguageModel, question: str, outcome: Outcome, confidence: float, decoding: Decoding, clock: Clock
) -> Answer:
    """The best answer with its evidence, the others as alternatives."""
    best = outcome.answers[0]
    texts = texts_of(model, best.tokens)
    order = by_weight(best.weights[:-1])
    posterior = best.posterior[[*order, len(outcome.hits)], : len(texts)].T.tolist()
    logs = best.log_probs[: len(texts)].tolist()
    return Answer(
        question=question,
        text="".join(texts),
        abstained=False,
        confidence=confidence,
        decoding=decoding,
        tokens=tuple(Token(t, log, tuple(p)) for t, log, p in zip(texts, logs, posterior, strict=True)),
        sources=_sources(model, question, outcome, 0),
        memory_weight=float(best.weights[-1]),
        timing=clock.timing(),
        probability=float(np.exp(best.log_prob)),
        alternatives=_alternatives(model, question, outcome),
        signals=outcome.signals,
        cut=len(best.tokens) >= outcome.longest,
    )


def refusal_of(
    question: str,
    hits: Sequence[Hit],
    best: Decoded | Traced | None,
    confidence: float,
    decoding: Decoding,
    clock: Clock,
    signals: Signals | None = None,
    seen: Collection[str] = (),
) -> Answer:
    """That the documents do not say it; `best` is what was decoded from the `hits`, of which some were `seen`."""
    prior = np.exp(with_memory(np.array([hit.log_prior for hit in hits]), MEMORY_PRIOR))
    weights = best.weights if best else prior if hits else np.ones(1)
    order = by_weight(weights[:-1])
    return Answer(
        question=question,
        text=REFUSAL,
        abstained=True,
        confidence=confidence,
        decoding=decoding,
        tokens=(),
        sources=tuple(source_of(hits[z], float(weights[z]), "", question, None, seen) for z in order),
        memory_weight=float(weights[-1]),
        timing=clock.timing(),
        signals=signals,
    )


def _sources(model: LanguageModel, question: str, outcome: Outcome, i: int) -> tuple[Source, ...]:
    """The sources of answer i, by weight."""
    answer = outcome.answers[i]
    text = "".join(texts_of(model, answer.tokens))
    places = outcome.places[i] or (None,) * len(outcome.hits)
    order = by_weight(answer.weights[:-1])
    hits, weights, seen = outcome.hits, answer.weights.tolist(), outcome.seen
    return tuple(source_of(hits[z], weights[z], text, question, places[z], seen) for z in order)


def _alternatives(model: LanguageModel, question: str, outcome: Outcome) -> tuple[Alternative, ...]:
    """The answers after the best."""
    return tuple(
        Alternative(
            "".join(texts_of(model, one.tokens)),
            float(np.exp(one.log_prob)),
            _sources(model, question, outcome, i)[0],
            len(one.tokens) >= outcome.longest,
        )
        for i, one in enumerate(outcome.answers[1:], start=1)
    )


def by_weight(weights: np.ndarray) -> list[int]:
    """The members' indexes, highest weight first; of equals, the better hit first."""
    return sorted(range(len(weights)), key=lambda z: -weights[z])


def source_of(
    hit: Hit, weight: float, answer: str, question: str, place: tuple[int, int] | None, seen: Collection[str] = ()
) -> Source:
    """A source with the words that say the answer: the answer itself where it was quoted, at its `place`.

    `seen` are the ids of the pictures that the model looked at.
    """
    offset = hit.passage.start
    start, end = find_quote(hit.passage, answer, question) if place is None else (place[0] + offset, place[1] + offset)
    passage = hit.passage
    return Source(passage, passage.text[start - offset : end - offset], start, end, weight, passage.id in seen)
