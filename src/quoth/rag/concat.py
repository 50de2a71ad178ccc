"""The plain concatenation of all passages in one prompt: what frameworks do, kept as the baseline.

There is one reading for the answer, so the mixture has nothing to say of where a word came from: the
provenance asks afterwards how well each passage alone explains the answer, as RAG-Sequence does.
"""

from __future__ import annotations

import numpy as np

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Decoded, Decoding, Limits, nothing
from quoth.rag.marginal import Logs, sequence_posterior, support, with_memory
from quoth.rag.memory import Memory


def decode_concat(whole: Reading, members: Reading, log_prior: Logs, memory: Memory, limits: Limits) -> Decoding:
    """Decode one answer from the prompt with all passages, greedily.

    Args:
        whole: the one prompt with all passages, read.
        members: k prompts of one passage each, read.
        log_prior: (k,) log p(z|x).
        memory: the null passage, for the provenance.
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
    prior = with_memory(log_prior, memory.prior)
    if not tokens:
        return [nothing(prior, total)]
    rows = np.concatenate([reading.score([tokens])[0] for reading in (members, memory)])
    posterior = sequence_posterior(prior, rows)
    said = support(posterior[:, -1:])
    return [Decoded(tuple(tokens), np.array(logs), posterior, posterior[:, -1], said, total)]
