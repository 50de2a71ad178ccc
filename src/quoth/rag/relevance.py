"""The prior, once the generator has read the passages: how well each explains the question.

    p(z|x)  ~  p_retriever(z|x) p(x|z)^w

The query likelihood p(x|z) under the generator is a strong reranker (UPR, Sachan et al. 2022, arXiv 2204.07496)
and nearly free here: the question is read after each passage anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quoth.rag.marginal import Logs

# The weight of the generator's word beside the retriever's; fitted on `tools/dev`, see docs/experiments.md.
LIKELIHOOD_WEIGHT = 0.5


def query_likelihood(tails: Sequence[NDArray[np.float32]]) -> Logs:
    """(k,) log p(x|z) from the log p of the tokens of each prompt's question."""
    return np.array([tail.sum(dtype=np.float64) for tail in tails])


def relevance(log_prior: Logs, likelihood: Logs) -> Logs:
    """(k,) log p(z|x) with the generator heard, log-sum-exp 0.

    Args:
        log_prior: (k,) the retriever's log p(z|x).
        likelihood: (k,) log p(x|z) under the generator.
    """
    joint = log_prior + LIKELIHOOD_WEIGHT * likelihood
    return np.asarray(joint - np.logaddexp.reduce(joint))
