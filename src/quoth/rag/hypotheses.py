"""What the decodings share: the limits of an answer, and the answer as they hand it on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.rag.marginal import Logs


@dataclass(frozen=True, slots=True)
class Limits:
    """Where an answer ends: at a token that `stops`, which is not part of it, or after `tokens`."""

    tokens: int
    stops: Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Decoded:
    """An answer and the evidence of where it came from.

    tokens: the m tokens, without the one that stopped them.
    log_probs: (m,) the log-probability of each under the decoding's own mixture.
    posterior: (k+1, m) over the passages and, last, the null passage; columns sum to 1.
    weights: (k+1,) of each member in the whole answer; sum to 1.
    log_prob: log p(y|x) under the mixture of the passages, the stop included.
    """

    tokens: tuple[int, ...]
    log_probs: Logs
    posterior: Logs
    weights: Logs
    log_prob: float


def nothing(log_prior: Logs, log_prob: float) -> Decoded:
    """The empty answer: nothing was said, so that the weights are the prior's."""
    empty: NDArray[np.float64] = np.zeros(0)
    return Decoded((), empty, np.zeros((len(log_prior), 0)), np.exp(log_prior), log_prob)


Decoding = Generator[tuple[int, ...], None, Decoded]
"""A decoding at work: yields tokens as soon as they are sure to be in the answer, returns the whole."""
