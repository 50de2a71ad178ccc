"""Answers that are verbatim spans of the passages: RAG-Sequence, with each passage's beam held to its own spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Decoding, Limits, Search, finish, nothing
from quoth.rag.marginal import Logs, with_memory
from quoth.rag.memory import Memory
from quoth.rag.sequence import decode_sequence
from quoth.rag.spans import Spans, apart

# A quote begins at one place of many: one hypothesis a passage is too few to find it (docs/experiments.md).
STARTS = 4


def widened(search: Search) -> Search:
    """The search for quotes that are apart: more answers than are wanted, for some will overlap; none is drawn."""
    return replace(search, temperature=0.0, beams=max(search.beams, STARTS), answers=2 + 2 * search.answers)


def decode_quotes(
    reading: Reading, log_prior: Logs, memory: Memory, limits: Limits, search: Search, spans: Sequence[Spans]
) -> Decoding:
    """Decode spans of k passages, of which none overlaps a better one; the best is told whole.

    Args:
        reading: k prompts that have been read, one for each passage.
        log_prior: (k,) log p(z|x).
        memory: the null passage; it has no say in the answer.
        limits: where an answer ends.
        search: how to look for answers; quotes are searched, never drawn.
        spans: those of the k passages.
    """
    found = finish(decode_sequence(reading, log_prior, memory, limits, widened(search), spans))
    kept = [found[i] for i in apart([[one.place(answer.tokens) for one in spans] for answer in found])]
    answers = kept[: search.answers] or [nothing(with_memory(log_prior, memory.prior), 0.0)]
    yield answers[0].tokens
    return answers
