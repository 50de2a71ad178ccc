"""RAG-Sequence with thorough decoding (Lewis et al. 2020, section 2.5), greedy.

Each passage proposes its own likeliest answer (a beam of one); each distinct proposal is scored under every
passage, and the one with the highest p(y|x) = sum_z p(z|x) p(y|x,z) is the answer.

A proposal that cannot win is given up early, which changes nothing: an answer is at most as probable as its
beginning, so one whose beginning is less probable than a finished answer is out. Without this the longest
proposal, which is seldom the best, would set the time of every answer.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from quoth.generators.base import Reading
from quoth.rag.hypotheses import Decoded, Decoding, Limits, nothing
from quoth.rag.marginal import Logs, sequence_log_prob, sequence_posterior, sequence_token_log_probs, with_memory

Tokens = tuple[int, ...]
Members = NDArray[np.float32]

# Steps between two looks at what cannot win: a look costs about as much as so many steps.
LOOK_EVERY = 4


def decode_sequence(reading: Reading, log_prior: Logs, memory_prior: float, limits: Limits) -> Decoding:
    """Decode one answer from k passages and the null passage.

    Yields what all proposals agree on as they grow, and the rest at the end.

    Args:
        reading: k+1 prompts that have been read, the null passage last.
        log_prior: (k,) log p(z|x).
        memory_prior: the prior of the null passage in the provenance; it has no say in the answer.
        limits: where an answer ends.
    """
    search = _Search(reading, log_prior, limits)
    told = yield from search.run()
    tokens = search.best()
    members = search.score([tokens])[0]
    spoken = len(tokens) - limits.stops(tokens[-1])
    yield tokens[told:spoken]
    prior, log_prob = with_memory(log_prior, memory_prior), sequence_log_prob(log_prior, members[:-1])
    if not spoken:
        return nothing(prior, log_prob)
    posterior = sequence_posterior(prior, members)
    log_probs = sequence_token_log_probs(log_prior, members[:-1])
    return Decoded(tokens[:spoken], log_probs[:spoken], posterior[:, :spoken], posterior[:, spoken - 1], log_prob)


class _Search:
    """The proposals of k passages, growing side by side.

    proposals: passage -> its answer so far; those given up are gone.
    """

    def __init__(self, reading: Reading, log_prior: Logs, limits: Limits) -> None:
        self._reading = reading
        self._log_prior = log_prior
        self._limits = limits
        self._scored: dict[Tokens, Members] = {}
        self.proposals: dict[int, Tokens] = dict.fromkeys(range(len(log_prior)), ())

    def run(self) -> Generator[Tokens, None, int]:
        """Grow the proposals to their ends; yields what all agree on, returns how much that was."""
        told = 0
        for length in range(1, self._limits.tokens + 1):
            self._grow()
            agreed = _common(list(self.proposals.values()), self._limits)
            yield next(iter(self.proposals.values()))[told:agreed]
            told = max(told, agreed)
            if length % LOOK_EVERY == 0:
                self._give_up()
            growing = self._growing()
            if not growing or length == self._limits.tokens:
                break
            rows = range(len(self._log_prior))
            self._reading.step([self.proposals[row][-1] if row in growing else None for row in rows] + [None])
        return told

    def best(self) -> Tokens:
        """The proposal with the highest p(y|x); of equals, that of the passage with the higher prior."""
        distinct = list(dict.fromkeys(self.proposals.values()))
        return distinct[int(np.argmax(self._marginals(distinct)))]

    def score(self, proposals: list[Tokens]) -> list[Members]:
        """(k+1, m) log p of each proposal's tokens under every prompt; known ones are not computed again."""
        new = [tokens for tokens in dict.fromkeys(proposals) if tokens not in self._scored]
        self._scored.update(zip(new, self._reading.score(new), strict=True))
        return [self._scored[tokens] for tokens in proposals]

    def _marginals(self, proposals: list[Tokens]) -> list[float]:
        return [sequence_log_prob(self._log_prior, members[:-1]) for members in self.score(proposals)]

    def _grow(self) -> None:
        for row in self._growing():
            self.proposals[row] += (int(self._reading.log_probs[row].argmax()),)

    def _growing(self) -> set[int]:
        """The passages whose proposal has not come to its end."""
        return {row for row, said in self.proposals.items() if not said or not self._limits.stops(said[-1])}

    def _give_up(self) -> None:
        """Drop the growing proposals that are already less probable than a finished one."""
        growing = self._growing()
        finished = [said for row, said in self.proposals.items() if row not in growing]
        if not growing or not finished:
            return
        rows = sorted(growing)
        self.score([*finished, *(self.proposals[row] for row in rows)])
        bar = max(self._marginals(finished))
        for row in rows:
            if self._marginals([self.proposals[row]])[0] < bar:
                del self.proposals[row]


def _common(proposals: list[Tokens], limits: Limits) -> int:
    """How many tokens all proposals begin with, not counting one that stops."""
    for i, tokens in enumerate(zip(*proposals, strict=False)):
        if len(set(tokens)) > 1 or limits.stops(tokens[0]):
            return i
    return min(map(len, proposals))
