"""Beam search over one distribution: a passage's own, or a mixture's."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.rag.hypotheses import Limits, Search, Tokens
from quoth.rag.marginal import Logs

Allowed = Callable[[Tokens, Logs], NDArray[np.intp]]
"""Which tokens may follow what was said, given (V,) log p of each."""

# A token this much less likely than the likeliest (in nats) is looked at only if there are too few others.
_NEAR = 12.0
# Where several hypotheses are wanted, tokens that stop must not be all that is looked at: a model has many.
_FEW, _AMONG = 2, 4


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a beam has said so far, the stop included; `log_prob` = log p of all of it."""

    tokens: Tokens
    log_prob: float


class Beam:
    """The likeliest hypotheses, growing side by side; those that have stopped rest in `finished`.

    `parents[i]` is the row, in the last `advance`, of what `alive[i]` continues. As in `transformers`, a stop
    counts only if it is among the `width` likeliest continuations.
    """

    def __init__(self, search: Search, limits: Limits, allowed: Allowed | None = None) -> None:
        self._search = search
        self._limits = limits
        self._allowed = allowed
        self.alive = [Hypothesis((), 0.0)]
        self.parents = [0]
        self.finished: list[Hypothesis] = []

    def advance(self, log_probs: NDArray[np.floating]) -> None:
        """Grow by a token; row i of the (b, V) `log_probs` is of `alive[i]`."""
        width = self._search.width
        alive: list[tuple[Hypothesis, int]] = []
        for rank, (row, token, log_prob) in enumerate(self._continuations(log_probs)):
            grown = Hypothesis((*self.alive[row].tokens, token), log_prob)
            if self._ends(grown.tokens):
                if rank < width:
                    self.finished.append(grown)
            elif len(alive) < width:
                alive.append((grown, row))
        ranked = {one.tokens: one for one in sorted(self.finished, key=self._score, reverse=True)}
        self.finished = [ranked[tokens] for tokens in self._limits.distinct(ranked)[:width]]
        self._keep(alive)
        if self._is_done():
            self._keep([])

    def hypotheses(self) -> list[Hypothesis]:
        """All that are finished or alive, the finished first."""
        return [*self.finished, *self.alive]

    def drop(self, lost: Container[Tokens]) -> None:
        """Give up the hypotheses that say these, alive or finished."""
        self._keep([pair for pair in zip(self.alive, self.parents, strict=True) if pair[0].tokens not in lost])
        self.finished = [one for one in self.finished if one.tokens not in lost]

    def _keep(self, alive: Sequence[tuple[Hypothesis, int]]) -> None:
        self.alive = [hypothesis for hypothesis, _ in alive]
        self.parents = [row for _, row in alive]

    def _continuations(self, log_probs: NDArray[np.floating]) -> list[tuple[int, int, float]]:
        """The likeliest (row, token, log p of the whole): twice as many as the beam is wide."""
        found: list[tuple[int, int, float]] = []
        wanted = 2 * self._search.width
        for row, (hypothesis, logs) in enumerate(zip(self.alive, log_probs, strict=True)):
            tokens = self._next(hypothesis.tokens, logs, wanted)
            found += [(row, token, hypothesis.log_prob + float(logs[token])) for token in tokens]
        return sorted(found, key=lambda one: -one[2])[:wanted]

    def _next(self, said: Tokens, logs: Logs, wanted: int) -> Sequence[int]:
        """The likeliest tokens; of those that stop the likeliest alone, for to stop in another way says nothing new."""
        if self._allowed:
            return [int(token) for token in self._allowed(said, logs)]
        tokens = [int(token) for token in likeliest(logs, wanted if wanted <= _FEW else _AMONG * wanted)]
        stops = [token for token in tokens if self._limits.stops((*said, token))]
        return [token for token in tokens if token not in stops[1:]][:wanted]

    def _ends(self, tokens: Tokens) -> bool:
        return len(tokens) >= self._limits.tokens or self._limits.stops(tokens)

    def _is_done(self) -> bool:
        """Whether nothing alive can become better than the worst of enough finished ones."""
        if len(self.finished) < self._search.width or not self.alive:
            return False
        # log p only falls; a longer hypothesis is divided by more.
        best = max(self._search.score(one.log_prob, self._limits.tokens) for one in self.alive)
        return best <= self._score(self.finished[-1])

    def _score(self, hypothesis: Hypothesis) -> float:
        return self._search.score(hypothesis.log_prob, len(hypothesis.tokens))


def likeliest(log_probs: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """The `count` likeliest tokens of (V,) log p, likeliest first; fewer only if there are no more."""
    if count == 1:
        return np.array([log_probs.argmax()])
    near = np.flatnonzero(log_probs >= log_probs.max() - _NEAR)
    if len(near) < count:
        near = np.argpartition(-log_probs, min(count, len(log_probs)) - 1)[:count]
    return near[np.argsort(-log_probs[near], kind="stable")[:count]]


def common_prefix(hypotheses: Sequence[Tokens], limits: Limits) -> int:
    """How many tokens all begin with, not counting one that stops."""
    for i, tokens in enumerate(zip(*hypotheses, strict=False)):
        if len(set(tokens)) > 1 or limits.stops(hypotheses[0][: i + 1]):
            return i
    return min(map(len, hypotheses), default=0)
