"""The prior, once the generator has read the passages: how well each explains the question.

    p(z|x)  ~  p_retriever(z|x) exp(w gain(z))
    gain(z)  =  sum_i min(log p(x_i|z,x_<i) - median_z' log p(x_i|z',x_<i), c)

Without the bound c this is p(x|z)^w: the query likelihood under the generator is a strong reranker (UPR, Sachan et
al. 2022, arXiv 2204.07496) and nearly free here, for the question is read after each passage anyway. The bound keeps
one rare name, which the passage happens to repeat, from deciding alone, and limits what copying the question wins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quoth.rag.marginal import Logs

# The passages that are left out have at most this prior together.
NEGLIGIBLE = 1e-3
# The most that one token of the question may say for a passage, in nats; fitted on tools/dev (docs/experiments.md).
BOUND = 4.0


def gains(tails: Sequence[NDArray[np.float32]]) -> Logs:
    """(k,) how much better each passage explains the question than the median of them, in nats.

    Args:
        tails: k times (m,) log p of the question's tokens after each passage.
    """
    said = np.array(tails, np.float64)
    return np.asarray(np.minimum(said - np.median(said, axis=0), BOUND).sum(axis=1))


def relevance(log_prior: Logs, gain: Logs, weight: float) -> Logs:
    """(k,) log p(z|x) with the generator heard, log-sum-exp 0.

    Args:
        log_prior: (k,) the retriever's log p(z|x).
        gain: (k,) as `gains` gives it; what is added to all of them makes no difference.
        weight: w, of the generator's word beside the retriever's; 0 leaves the prior as it is.
    """
    joint = log_prior + weight * gain
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
