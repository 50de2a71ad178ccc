"""When to say that the documents do not say it."""

from __future__ import annotations

from collections.abc import Sequence

from quoth.rag.hypotheses import Decoded
from quoth.types import Hit

# Below this cosine no question of `examples/` or `tools/dev` has its answer; see docs/experiments.md.
RELEVANT_FROM = 0.25
# Even odds, so that the weight says what the words themselves tell: documents or memory.
MEMORY_PRIOR = 0.5
MEMORY_CARRIES_FROM = 0.5

REFUSAL = "The documents do not say."


def nothing_relevant(hits: Sequence[Hit]) -> bool:
    """Whether no passage is near the question, before any is read: the best cosine is too low."""
    return max((hit.similarity or 0.0 for hit in hits), default=0.0) < RELEVANT_FROM


def is_from_memory(decoded: Decoded) -> bool:
    """Whether nothing was said, or the null passage has most of the weight of what was."""
    return not decoded.tokens or float(decoded.weights[-1]) >= MEMORY_CARRIES_FROM
