"""How sure an answer is: what the mixture says of it, and a calibrated probability made of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from quoth.answer import Signals
from quoth.rag.hypotheses import Decoded
from quoth.rag.marginal import Logs
from quoth.types import Hit

# The most that support counts, for or against: beyond a millionth nothing is told.
_MOST = 14.0


def row(signals: Signals) -> Logs:
    """(6,) the figures, in the order in which they stand in `Signals`."""
    return np.array(astuple(signals), np.float64)


def signals(
    answer: Decoded, tails: Sequence[NDArray[np.float32]], memory: NDArray[np.float32], hits: Sequence[Hit]
) -> Signals:
    """The signals of the best answer.

    Args:
        answer: over k passages and the null passage.
        tails: k times (m,) log p of tokens of the question after each passage.
        memory: (m,) the same after no passage.
        hits: the k passages.
    """
    best = int(answer.weights[:-1].argmax())
    gains = tails[best] - memory
    passages = answer.weights[:-1]
    return Signals(
        similarity=max(hit.similarity or 0.0 for hit in hits),
        gain=float(gains.mean()) if len(gains) else 0.0,
        weakest=float(gains.min()) if len(gains) else 0.0,
        fluency=float(answer.log_probs.mean()) if len(answer.log_probs) else -10.0,
        support=float(np.clip(answer.support, -_MOST, _MOST)),
        agreement=float(passages.max() / max(passages.sum(), 1e-9)),
    )
