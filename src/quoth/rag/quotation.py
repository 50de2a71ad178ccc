"""Answers that are verbatim spans of the passages, and stand in a sentence that explains the question.

    score(y) = log p(y|x) + w log p(x|s(y)),    s(y) the sentence in which y stands

p(y|x) is RAG-Sequence's, with each passage's beam held to the passage's own spans. The query likelihood (Sachan et
al. 2022, arXiv 2204.07496), which tells passages apart, tells sentences of one passage apart as well: a small model
that has found the passage often takes a name of the right kind from the wrong sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Decoded, Decoding, Limits, Search, finish, nothing
from quoth.rag.marginal import Logs, with_memory
from quoth.rag.quote import sentences
from quoth.rag.sequence import decode_sequence
from quoth.rag.spans import Spans, apart

# Fitted on tools/dev, see docs/experiments.md; anything from .05 to 1 is better than nothing there.
SENTENCE_WEIGHT = 0.3
# A quote begins at one place of many: one hypothesis a passage is too few to find it.
STARTS = 3
CANDIDATES = 6

Explain = Callable[[Sequence[str]], Logs]
"""For (n,) sentences log p(x|s), higher where the sentence makes the question likelier."""


def decode_quotes(
    reading: Reading,
    log_prior: Logs,
    memory_prior: float,
    limits: Limits,
    search: Search,
    spans: Sequence[Spans],
    explain: Explain,
) -> Decoding:
    """Decode spans of k passages, of which none overlaps a better one; the best is told whole.

    Args:
        reading: k+1 prompts that have been read, the null passage last.
        log_prior: (k,) log p(z|x).
        memory_prior: the prior of the null passage in the provenance; it has no say in the answer.
        limits: where an answer ends.
        search: how to look for answers; quotes are searched, never drawn.
        spans: those of the k passages.
        explain: how well sentences explain the question.
    """
    wide = replace(
        search, temperature=0.0, beams=max(search.beams, STARTS), answers=max(CANDIDATES, 2 * search.answers)
    )
    proposed = finish(decode_sequence(reading, log_prior, memory_prior, limits, wide, spans))
    found = [answer for answer in proposed if _where(answer, spans)]
    ranked = _ranked(found, spans, search, explain)
    kept = [ranked[i] for i in apart([[one.place(answer.tokens) for one in spans] for answer in ranked])]
    answers = kept[: search.answers] or [nothing(with_memory(log_prior, memory_prior), 0.0)]
    yield answers[0].tokens
    return answers


def _ranked(found: Sequence[Decoded], spans: Sequence[Spans], search: Search, explain: Explain) -> list[Decoded]:
    """Best first."""
    places = [place for answer in found if (place := _where(answer, spans))]
    told = [_sentence(spans[z].text, start) for z, start in places]
    distinct = list(dict.fromkeys(told))
    evidence = dict(zip(distinct, explain(distinct), strict=True)) if len(distinct) > 1 else {}

    def score(i: int) -> float:
        answer = found[i]
        likely = search.score(answer.log_prob, len(answer.tokens) + 1)
        return likely + SENTENCE_WEIGHT * float(evidence.get(told[i], 0.0))

    return [found[i] for i in sorted(range(len(found)), key=lambda i: -score(i))]


def _where(answer: Decoded, spans: Sequence[Spans]) -> tuple[int, int] | None:
    """The passage with most weight of those that hold the answer, and where in it; None if none does."""
    for z in np.argsort(-answer.weights[:-1], kind="stable"):
        place = spans[z].place(answer.tokens)
        if place:
            return int(z), place[0]
    return None


def _sentence(text: str, at: int) -> str:
    return next((text[start:end] for start, end in sentences(text) if start <= at < end), text)
