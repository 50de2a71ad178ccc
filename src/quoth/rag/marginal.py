"""The mixture over passages, in log space (Lewis et al. 2020, arXiv 2005.11401, section 2.1).

    RAG-Sequence   p(y|x) = sum_z p(z|x) prod_i p(y_i|x,z,y_<i)
    RAG-Token      p(y|x) = prod_i sum_z p(z|x) p(y_i|x,z,y_<i)

and the posterior over passages that Bayes' rule gives from either: the provenance.
A *member* of the mixture is a passage `z`, or the null passage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quoth.types import LogProbs

Logs = NDArray[np.float64]

# The smallest normal float32: what a mixture gives to a token that it never says.
_LEAST = np.float32(np.finfo(np.float32).tiny)


def sequence_log_prob(log_prior: Logs, member: NDArray[np.floating]) -> float:
    """RAG-Sequence: log p(y|x).

    Args:
        log_prior: (k,) log p(z|x).
        member: (k, m) log p(y_i|x,z,y_<i) of each of the answer's m tokens.
    """
    return float(np.logaddexp.reduce(log_prior + member.sum(axis=1, dtype=np.float64)))


def token_log_probs(log_prior: Logs, member: NDArray[np.floating]) -> Logs:
    """RAG-Token: (m,) log sum_z p(z|x) p(y_i|x,z,y_<i), of each token by itself."""
    return np.asarray(np.logaddexp.reduce(log_prior[:, None] + member.astype(np.float64), axis=0))


def sequence_token_log_probs(log_prior: Logs, member: NDArray[np.floating]) -> Logs:
    """RAG-Sequence: (m,) log p(y_i|x,y_<i); they sum to `sequence_log_prob`."""
    so_far = np.logaddexp.reduce(log_prior[:, None] + np.cumsum(member, axis=1, dtype=np.float64), axis=0)
    return np.diff(so_far, prepend=np.logaddexp.reduce(log_prior))


def mass(joint: Logs, *, robust: bool = False) -> float:
    """What k passages give an answer together, in log space; all of it, or `robust`: without the strongest's.

        sum_z p(z|x) p(y|x,z)  -  max_z p(z|x) p(y|x,z)

    The second bounds what any one passage can do, whatever it says: an answer that no other passage gives has
    none of it (isolate, then aggregate: RobustRAG, Xiang et al. 2024, arXiv 2405.15556; here on the mixture).

    Args:
        joint: (k,) log p(z|x) + log p(y|x,z).
        robust: leave the strongest out.
    """
    if not robust:
        return float(np.logaddexp.reduce(joint, initial=-np.inf))
    return float(np.logaddexp.reduce(np.sort(joint)[:-1], initial=-np.inf))


def mixture(log_prior: Logs, log_probs: LogProbs, *, robust: bool = False) -> LogProbs:
    """RAG-Token: (V,) float32 log of the mixture's next token; `robust` as in `mass`, not normalised then.

    Args:
        log_prior: (k,) log p(z|x).
        log_probs: (k, V) log p(.|x,z,y_<i).
        robust: leave the strongest passage of each token out.
    """
    # One exp and one matrix product over the vocabulary: logaddexp over (k, V) is ten times slower.
    weights, probabilities = np.exp(log_prior).astype(np.float32), np.exp(log_probs)
    mixed = weights @ probabilities
    if robust:
        mixed -= (weights[:, None] * probabilities).max(axis=0)
    return np.log(np.maximum(mixed, _LEAST))


def sequence_posterior(log_prior: Logs, member: NDArray[np.floating]) -> Logs:
    """RAG-Sequence provenance: (k, m) p(z|x,y_1..i) after each token; columns sum to 1.

    One passage writes the whole answer, so each token adds evidence to those before it; the last column
    is p(z|x,y), the weight of each source.
    """
    return _normalise(log_prior[:, None] + np.cumsum(member, axis=1, dtype=np.float64))


def token_posterior(log_prior: Logs, member: NDArray[np.floating]) -> Logs:
    """RAG-Token provenance: (k, m) p(z|x,y_<i,y_i), of each token by itself; columns sum to 1."""
    return _normalise(log_prior[:, None] + member.astype(np.float64))


def support(posterior: Logs) -> float:
    """The log odds of the passages against memory, over some columns of evidence that add up; within +-14 a column.

    Args:
        posterior: (k+1, m) over the passages and, last, the null passage: the last column of RAG-Sequence, in which all
            tokens have been heard; all columns of RAG-Token, in which each token is by itself.
    """
    memory = np.clip(posterior[-1], 1e-6, 1 - 1e-6)
    return float((np.log1p(-memory) - np.log(memory)).sum())


def with_memory(log_prior: Logs, memory_prior: float) -> Logs:
    """(k+1,) the prior with the null passage put last, which has `memory_prior` in (0, 1) of the mass."""
    return np.append(log_prior + np.log1p(-memory_prior), np.log(memory_prior))


def _normalise(joint: Logs) -> Logs:
    return np.asarray(np.exp(joint - np.logaddexp.reduce(joint, axis=0)))
