"""What k passages propose, each by a beam of its own, growing side by side.

A proposal that cannot win is given up early, which changes nothing: an answer is at most as probable as its
beginning, so one whose beginning is less probable than enough finished answers is out. Without this the
longest proposal, which is seldom the best, would set the time of every answer.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import pairwise

import numpy as np

from quoth.generators.base import Reading
from quoth.rag.beams import Allowed, Beam, common_prefix
from quoth.rag.hypotheses import Limits, Search, Tokens
from quoth.rag.marginal import Logs, mass
from quoth.rag.scores import Scores

# Steps between two looks at what cannot win: a look scores all that grows under all passages, which costs about as
# much as so many steps (docs/experiments.md).
LOOK_EVERY = 16


class Proposals:
    """The beams of k passages."""

    def __init__(
        self, log_prior: Logs, scores: Scores, limits: Limits, search: Search, allowed: Sequence[Allowed] | None
    ) -> None:
        self._log_prior = log_prior
        self._scores = scores
        self._limits = limits
        self._search = search
        self._beams = [Beam(search, limits, allowed[z] if allowed else None) for z in range(len(log_prior))]

    def grow(self, reading: Reading) -> Generator[Tokens, None, int]:
        """Grow to the ends; yields what all agree on, returns how many tokens that was.

        Args:
            reading: the k prompts with the passages, to be stepped.
        """
        told = 0
        for length in range(1, self._limits.tokens + 1):
            self._advance(reading)
            if length % LOOK_EVERY == 0:
                self._give_up()
            everything = self._all()
            agreed = common_prefix(everything, self._limits)
            if agreed > told:
                yield everything[0][told:agreed]
                told = agreed
            if not any(beam.alive for beam in self._beams):
                break
            self._step(reading)
        return told

    def ranked(self) -> list[Tokens]:
        """All proposals, best first; of equals, that of the first passage."""
        if self._search.thorough:
            return self._scores.best(self._finished())
        return sorted(dict.fromkeys(self._finished()), key=lambda tokens: -self._fast(tokens))

    def _advance(self, reading: Reading) -> None:
        ends = np.cumsum([0, *(len(beam.alive) for beam in self._beams)])
        for beam, (start, end) in zip(self._beams, pairwise(ends), strict=True):
            if beam.alive:
                beam.advance(reading.log_probs[start:end])
                beam.parents = [int(start) + row for row in beam.parents]

    def _step(self, reading: Reading) -> None:
        parents = [row for beam in self._beams for row in beam.parents]
        if parents != list(range(len(reading.log_probs))):
            reading.reorder(parents)
        reading.step([one.tokens[-1] for beam in self._beams for one in beam.alive])

    def _give_up(self) -> None:
        """Drop what is alive and less probable than as many finished answers as are wanted."""
        alive = [one.tokens for beam in self._beams for one in beam.alive]
        finished = list(dict.fromkeys(self._finished()))
        enough = len(self._limits.distinct(finished)) >= self._search.answers
        if not alive or not enough or not self._search.thorough:
            return
        self._scores.learn([*finished, *alive])
        ranked = self._limits.distinct(self._scores.best(finished))
        bar = self._score(ranked[self._search.answers - 1])
        # log p only falls as an answer grows, and a longer one is divided by more.
        lost = {t for t in alive if self._search.score(self._scores.log_prob(t), self._limits.tokens) < bar}
        lost.update(ranked[self._search.answers :])
        for beam in self._beams:
            beam.drop(lost)

    def _score(self, tokens: Tokens) -> float:
        return self._search.score(self._scores.log_prob(tokens), len(tokens))

    def _fast(self, tokens: Tokens) -> float:
        """The score with p(y|x,z) = 0 where the beam of z did not find y."""
        joint = [
            prior + one.log_prob
            for prior, beam in zip(self._log_prior, self._beams, strict=True)
            for one in beam.finished
            if one.tokens == tokens
        ]
        return self._search.score(mass(np.array(joint), robust=self._search.robust), len(tokens))

    def _finished(self) -> list[Tokens]:
        return [one.tokens for beam in self._beams for one in beam.finished]

    def _all(self) -> list[Tokens]:
        return [one.tokens for beam in self._beams for one in (*beam.finished, *beam.alive)]
