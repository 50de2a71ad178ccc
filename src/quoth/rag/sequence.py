"""RAG-Sequence with thorough decoding (Lewis et al. 2020, section 2.5), greedy.

Each passage proposes its own likeliest answer (a beam of one); each distinct proposal is then scored
under every passage, and the one with the highest p(y|x) = sum_z p(z|x) p(y|x,z) is the answer.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Decoded, Decoding, Limits, nothing
from quoth.rag.marginal import (
    Logs,
    sequence_log_prob,
    sequence_posterior,
    sequence_token_log_probs,
    with_memory,
)

Tokens = tuple[int, ...]


def decode_sequence(reading: Reading, log_prior: Logs, memory_prior: float, limits: Limits) -> Decoding:
    """Decode one answer from k passages and the null passage.

    Yields what all proposals agree on as they grow, and the rest at the end.

    Args:
        reading: k+1 prompts that have been read, the null passage last.
        log_prior: (k,) log p(z|x).
        memory_prior: the prior of the null passage in the provenance; it has no say in the answer.
        limits: where an answer ends.
    """
    proposals = yield from _propose(reading, len(log_prior), limits)
    distinct = [list(tokens) for tokens in dict.fromkeys(proposals)]
    scores = reading.score(distinct)
    marginals = [sequence_log_prob(log_prior, member[:-1]) for member in scores]
    # Of equals the first: the proposal of the passage with the higher prior.
    best = int(np.argmax(marginals))
    tokens = tuple(distinct[best])
    spoken = len(tokens) - limits.stops(tokens[-1])
    yield tokens[_common(proposals, limits) : spoken]
    prior = with_memory(log_prior, memory_prior)
    if not spoken:
        return nothing(prior, marginals[best])
    posterior = sequence_posterior(prior, scores[best])
    return Decoded(
        tokens[:spoken],
        sequence_token_log_probs(log_prior, scores[best][:-1])[:spoken],
        posterior[:, :spoken],
        posterior[:, spoken - 1],
        marginals[best],
    )


def _propose(reading: Reading, k: int, limits: Limits) -> Generator[Tokens, None, list[Tokens]]:
    """The greedy answer of each of the k passages, its stopping token included.

    Yields the tokens on which all agree.
    """
    proposals: list[list[int]] = [[] for _ in range(k)]
    alive, told = list(range(k)), 0
    for _ in range(limits.tokens):
        likeliest = reading.log_probs[:k].argmax(axis=1)
        for row in alive:
            proposals[row].append(int(likeliest[row]))
        agreed = _common(proposals, limits)
        yield tuple(proposals[0][told:agreed])
        told = agreed
        alive = [row for row in alive if not limits.stops(proposals[row][-1])]
        if not alive:
            break
        reading.step([proposals[row][-1] if row in alive else None for row in range(k)] + [None])
    return [tuple(proposal) for proposal in proposals]


def _common(proposals: list[list[int]] | list[Tokens], limits: Limits) -> int:
    """How many tokens all proposals begin with, not counting one that stops."""
    for i, tokens in enumerate(zip(*proposals, strict=False)):
        if len(set(tokens)) > 1 or limits.stops(tokens[0]):
            return i
    return min(map(len, proposals))
