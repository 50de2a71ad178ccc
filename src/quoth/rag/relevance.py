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

# The passages that are left out have at most this prior together.
NEGLIGIBLE = 1e-3


def query_likelihood(tails: Sequence[NDArray[np.float32]]) -> Logs:
    """(k,) log p(x|z) from the log p of the tokens of each prompt's question."""
    return np.array([tail.sum(dtype=np.float64) for tail in tails])


def relevance(log_prior: Logs, likelihood: Logs, weight: float) -> Logs:
    """(k,) log p(z|x) with the generator heard, log-sum-exp 0.

    Args:
        log_prior: (k,) the retriever's log p(z|x).
        likelihood: (k,) log p(x|z) under the generator.
        weight: w, of the generator's word beside the retriever's; 0 leaves the prior as it is.
    """
    joint = log_prior + weight * likelihood
    return np.asarray(joint - np.logaddexp.reduce(joint))


def weighty(log_prior: Logs) -> list[int]:
    """The passages without those whose prior is negligible, in their order; at least one.

    What is left out has at most `NEGLIGIBLE` of the prior together, so that the p(y|x) of an answer in
    RAG-Sequence, and of a token in RAG-Token, moves by at most that much.
    """
    order = np.argsort(log_prior, kind="stable")
    left_out = np.cumsum(np.exp(log_prior[order])) <= NEGLIGIBLE
    left_out[-1:] = False
    return sorted(int(z) for z in order[~left_out])
