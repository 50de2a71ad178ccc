"""RAG-Sequence over answers that came as text: each is scored under every passage, and the likeliest is taken.

    p(y|x) = sum_z p(z|x) p(y|x,z)        Lewis et al. 2020, arXiv 2005.11401, section 2.1

What a server gives of it are the log-probabilities of the tokens of its own, which are text here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quoth.rag.marginal import Logs, sequence_log_prob, sequence_posterior, sequence_token_log_probs, with_memory


@dataclass(frozen=True, slots=True)
class Traced:
    """An answer in pieces and where each comes from.

    pieces: joined they are the answer.
    log_probs: (m,) natural log, of each under the mixture of the passages.
    posterior: (k+1, m) over the passages and, last, the model's memory; columns sum to 1.
    weights: (k+1,) of each in the whole answer; sum to 1.
    probability: p(y|x) of the answer and its end under the mixture of the passages, in [0, 1]; 0 if it is not known.
    """

    pieces: tuple[str, ...]
    log_probs: Logs
    posterior: Logs
    weights: Logs
    probability: float = 0.0


def ranked(log_prior: Logs, members: Mapping[str, Logs]) -> list[str]:
    """The answers by p(y|x), highest first; of equals, the first.

    Args:
        log_prior: (k,) log p(z|x).
        members: answer -> (k+1, m) log p of its tokens under each passage and, last, the null passage.
    """
    return sorted(members, key=lambda answer: -sequence_log_prob(log_prior, members[answer][:-1]))


def traced(answer: str, tokens: Sequence[str], log_prior: Logs, memory_prior: float, members: Logs) -> Traced:
    """The provenance of an answer by Bayes' rule on the mixture, as that of RAG-Sequence.

    Args:
        answer: without white space around it.
        tokens: m texts, the answer's and what ends it; where they do not join to the answer (half characters, other
            white space), it is one piece.
        log_prior: (k,) log p(z|x).
        memory_prior: the prior of the null passage.
        members: (k+1, m) log p of the tokens, the null passage last.
    """
    posterior = sequence_posterior(with_memory(log_prior, memory_prior), members)
    log_probs = sequence_token_log_probs(log_prior, members[:-1])
    pieces, kept = _pieces(tokens)
    weights = posterior[:, kept[-1] if kept else -1]
    probability = math.exp(log_probs.sum())
    if "".join(pieces) != answer:
        return Traced((answer,), log_probs.sum(keepdims=True), weights[:, None], weights, probability)
    return Traced(tuple(pieces), log_probs[kept], posterior[:, kept], weights, probability)


def _pieces(tokens: Sequence[str]) -> tuple[list[str], list[int]]:
    """The tokens that say something, without white space around the whole; and which they are."""
    said = [i for i, token in enumerate(tokens) if token.strip()]
    kept = list(range(said[0], said[-1] + 1)) if said else []
    pieces = [tokens[i] for i in kept]
    if pieces:
        pieces[0] = pieces[0].lstrip()
        pieces[-1] = pieces[-1].rstrip()
    return pieces, kept
