"""The plain concatenation of all passages in one prompt: what frameworks do, kept as the baseline.

There is one reading for the answer, so the mixture has nothing to say of where a word came from: the
provenance asks afterwards how well each passage alone explains the answer, as RAG-Sequence does.
"""

from __future__ import annotations

import numpy as np

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Decoded, Decoding, Limits, nothing
from quoth.rag.marginal import Logs, sequence_posterior, with_memory


def decode_concat(whole: Reading, members: Reading, log_prior: Logs, memory_prior: float, limits: Limits) -> Decoding:
    """Decode one answer from the prompt with all passages, greedily.

    Args:
        whole: the one prompt with all passages, read.
        members: k+1 prompts of one passage each, the null passage last, read.
        log_prior: (k,) log p(z|x).
        memory_prior: the prior of the null passage in the provenance.
        limits: where an answer ends.
    """
    tokens: list[int] = []
    logs: list[float] = []
    total = 0.0
    while len(tokens) < limits.tokens:
        token = int(whole.log_probs[0].argmax())
        total += float(whole.log_probs[0, token])
        if limits.stops((*tokens, token)):
            break
        tokens.append(token)
        logs.append(float(whole.log_probs[0, token]))
        yield (token,)
        if len(tokens) < limits.tokens:
            whole.step([token])
    prior = with_memory(log_prior, memory_prior)
    if not tokens:
        return [nothing(prior, total)]
    posterior = sequence_posterior(prior, members.score([tokens])[0])
    return [Decoded(tuple(tokens), np.array(logs), posterior, posterior[:, -1], total)]
