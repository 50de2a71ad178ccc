"""Answers that are drawn, not searched: exact draws from the mixture at temperature 1 and top-p 1.

RAG-Sequence: a passage from the prior, then what that passage says. RAG-Token: each token from the mixture.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
from numpy.typing import NDArray

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Limits, Search, Tokens
from quoth.rag.marginal import Logs, mixture

NextLogs = Callable[[int], NDArray[np.floating]]


def draw_from_passages(
    reading: Reading, log_prior: Logs, limits: Limits, search: Search
) -> Generator[Tokens, None, list[Tokens]]:
    """RAG-Sequence draws: `search.answers` of them, not always distinct; a single one is yielded as it comes.

    Args:
        reading: k prompts or more, those with the passages first.
        log_prior: (k,) log p(z|x).
        limits: where an answer ends.
        search: temperature, top-p, seed, and how many.
    """
    rng = np.random.default_rng(search.seed)
    rows = rng.choice(len(log_prior), size=search.answers, p=np.exp(log_prior))
    with reading.fork([int(row) for row in rows]) as fork:
        return (yield from _draw(fork, 1, lambda i: fork.log_probs[i], limits, search, rng))


def draw_from_mixture(
    reading: Reading, log_prior: Logs, limits: Limits, search: Search
) -> Generator[Tokens, None, list[Tokens]]:
    """RAG-Token draws; see `draw_from_passages`."""
    k = len(log_prior)
    with reading.fork([*range(k)] * search.answers) as fork:
        mixed: NextLogs = lambda i: mixture(log_prior, fork.log_probs[i * k : (i + 1) * k], robust=search.robust)  # noqa: E731
        return (yield from _draw(fork, k, mixed, limits, search, np.random.default_rng(search.seed)))


def draw_token(log_probs: NDArray[np.floating], search: Search, rng: np.random.Generator) -> int:
    """A token from p ** (1 / temperature), cut to the nucleus (Holtzman et al. 2020, arXiv 1904.09751).

    The nucleus is the smallest set of the likeliest tokens with at least `top_p` of the mass.
    """
    logits = log_probs.astype(np.float64) / search.temperature
    probabilities = np.exp(logits - np.logaddexp.reduce(logits))
    if search.top_p < 1:
        order = np.argsort(-probabilities, kind="stable")
        beyond = np.cumsum(probabilities[order]) - probabilities[order] >= search.top_p
        probabilities[order[beyond]] = 0.0
    return int(rng.choice(len(probabilities), p=probabilities / probabilities.sum()))


def _draw(
    fork: Reading, rows: int, next_logs: NextLogs, limits: Limits, search: Search, rng: np.random.Generator
) -> Generator[Tokens, None, list[Tokens]]:
    """Draw all answers side by side; each has so many rows of the reading."""
    drawn: list[Tokens] = [()] * search.answers
    growing = list(range(search.answers))
    while True:
        for i in growing:
            drawn[i] += (draw_token(next_logs(i), search, rng),)
        growing = [i for i in growing if len(drawn[i]) < limits.tokens and not limits.stops(drawn[i])]
        if search.answers == 1 and not limits.stops(drawn[0]):
            yield drawn[0][-1:]
        if not growing:
            return drawn
        fork.step([drawn[i][-1] if i in growing else None for i in range(search.answers) for _ in range(rows)])
