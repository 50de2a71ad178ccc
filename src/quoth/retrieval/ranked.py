"""What was found, as hits with their prior."""

from __future__ import annotations

from collections.abc import Sequence

from quoth.retrieval.prior import log_prior
from quoth.types import Hit, Passage


def ranked(best: Sequence[tuple[Passage, float, float | None]], temperature: float) -> list[Hit]:
    """Hits from passages with their scores and cosines, best first.

    The prior is at this temperature of the scores, times each passage's trust: what is trusted less weighs less, but
    comes where its nearness puts it.
    """
    prior = log_prior([score for _, score, _ in best], temperature, [passage.trust for passage, _, _ in best])
    return [
        Hit(passage, rank, score, float(log), similarity)
        for rank, ((passage, score, similarity), log) in enumerate(zip(best, prior, strict=True), start=1)
    ]
