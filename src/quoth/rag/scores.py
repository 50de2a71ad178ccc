"""Answers under every passage, and what the mixture makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Search, Tokens
from quoth.rag.marginal import Logs, mass

Members = NDArray[np.float32]


class Scores:
    """RAG-Sequence scores; what is known is not computed again."""

    def __init__(self, reading: Reading, log_prior: Logs, search: Search) -> None:
        self._reading = reading
        self._log_prior = log_prior
        self._search = search
        self._known: dict[Tokens, Members] = {}

    def learn(self, answers: Sequence[Tokens]) -> None:
        """Score these in one batch."""
        new = [tokens for tokens in dict.fromkeys(answers) if tokens not in self._known]
        if new:
            self._known.update(zip(new, self._reading.score(new), strict=True))

    def members(self, tokens: Tokens) -> Members:
        """(k, m) log p of each token under each passage."""
        self.learn([tokens])
        return self._known[tokens]

    def log_prob(self, tokens: Tokens) -> float:
        """Log p(y|x) under the passages."""
        joint = self._log_prior + self.members(tokens).sum(axis=1, dtype=np.float64)
        return mass(joint, robust=self._search.robust)

    def best(self, answers: Sequence[Tokens]) -> list[Tokens]:
        """The distinct answers by score, best first; of equals, the one that stands first."""
        distinct = list(dict.fromkeys(answers))
        self.learn(distinct)
        return sorted(distinct, key=lambda tokens: -self._search.score(self.log_prob(tokens), len(tokens)))
