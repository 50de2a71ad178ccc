"""How sure an answer is: what the mixture says of it, and a calibrated probability made of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.rag.hypotheses import Decoded
from quoth.rag.marginal import Logs
from quoth.types import Hit


@dataclass(frozen=True, slots=True)
class Signals:
    """What the mixture's own figures say of an answer; each is higher for a better one.

    similarity: the best cosine of question and passage, in [-1, 1].
    gain: how much likelier the passage that carries the answer makes the question than the null passage does,
        nats a token.
    weakest: the same of the token for which it is the least.
    fluency: the mean log-probability of the answer's tokens under the mixture.
    support: the log odds of the answer's coming from the passages, not from memory.
    agreement: the posterior of the passage that carries it, in [0, 1].
    """

    similarity: float
    gain: float
    weakest: float
    fluency: float
    support: float
    agreement: float

    def row(self) -> Logs:
        """(6,) the figures, in the order in which they stand here."""
        return np.array(astuple(self), np.float64)


def signals(answer: Decoded, tails: Sequence[NDArray[np.float32]], hits: Sequence[Hit]) -> Signals:
    """The signals of the best answer."""
    best = int(answer.weights[:-1].argmax())
    gains = tails[best] - tails[-1]
    memory = float(np.clip(answer.weights[-1], 1e-6, 1 - 1e-6))
    passages = answer.weights[:-1]
    return Signals(
        similarity=max(hit.similarity or 0.0 for hit in hits),
        gain=float(gains.mean()) if len(gains) else 0.0,
        weakest=float(gains.min()) if len(gains) else 0.0,
        fluency=float(answer.log_probs.mean()) if len(answer.log_probs) else -10.0,
        support=float(np.log1p(-memory) - np.log(memory)),
        agreement=float(passages.max() / max(passages.sum(), 1e-9)),
    )
