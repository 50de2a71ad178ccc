"""The retriever prior p(z|x) (Lewis et al. 2020): softmax over the top-k of score / temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def log_prior(scores: Sequence[float], temperature: float, trust: Sequence[float] | None = None) -> NDArray[np.float64]:
    """(k,) log p(z|x): log-sum-exp 0, in the order of `scores` (higher is nearer).

    A low temperature trusts the first hit, a high one makes all alike. With the `trust` t(z) in (0, 1] of each passage,
    p(z|x) is proportional to t(z) exp(score(z) / temperature): what passages deserve before a question is asked.
    """
    logits = np.asarray(scores, np.float64) / temperature
    if trust is not None:
        logits = logits + np.log(trust)
    return np.asarray(logits - np.logaddexp.reduce(logits)) if len(logits) else logits
