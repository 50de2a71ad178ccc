"""RAG-Token, greedy (Lewis et al. 2020, section 2.5): at each step the likeliest token of the mixture.

All sequences take the same token, so each token's provenance is exact as soon as it is chosen.
"""

from __future__ import annotations

import numpy as np

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Decoded, Decoding, Limits, nothing
from quoth.rag.marginal import Logs, next_token, token_posterior, with_memory


def decode_token(reading: Reading, log_prior: Logs, memory_prior: float, limits: Limits) -> Decoding:
    """Decode one answer from k passages and the null passage, token by token.

    Args:
        reading: k+1 prompts that have been read, the null passage last.
        log_prior: (k,) log p(z|x).
        memory_prior: the prior of the null passage in the provenance; it has no say in the answer.
        limits: where an answer ends.
    """
    k = len(log_prior)
    tokens: list[int] = []
    logs: list[float] = []
    members = []
    total = 0.0
    while len(tokens) < limits.tokens:
        token, log_prob = next_token(log_prior, reading.log_probs[:k])
        total += log_prob
        if limits.stops(token):
            break
        tokens.append(token)
        logs.append(log_prob)
        members.append(reading.log_probs[:, token].copy())
        yield (token,)
        if len(tokens) < limits.tokens:
            reading.step([token] * (k + 1))
    prior = with_memory(log_prior, memory_prior)
    if not tokens:
        return nothing(prior, total)
    posterior = token_posterior(prior, np.stack(members, axis=1))
    return Decoded(tuple(tokens), np.array(logs), posterior, posterior.mean(axis=1), total)
