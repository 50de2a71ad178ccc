"""Context-aware decoding: what a passage adds to memory, made louder (Shi et al. 2023, arXiv 2305.14739).

    log p'(y_i|x,z)  =  (1+a) log p(y_i|x,z,y_<i) - a log p(y_i|x,y_<i),  normalised over the vocabulary

A reading that changes another reading's probabilities so: every decoding works on it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from quoth.generators.base import Reading
from quoth.types import LogProbs


class Contrast:
    """k+1 prompts, the null passage last, seen with strength `a`; see `quoth.generators.base.Reading`.

    Each row has a twin that reads the same answer behind the null passage; the null passage itself stays as it is.
    """

    def __init__(self, reading: Reading, strength: float, prompts: Sequence[int] | None = None) -> None:
        """See `reading` (it stays open and untouched) through the contrast.

        Args:
            reading: k+1 prompts, the null passage last.
            strength: `a`, 0 or more; 0 changes nothing.
            prompts: which of the prompts; by default all.
        """
        self._reading = reading
        self._strength = strength
        self._null = len(reading.tails) - 1
        self._prompts = list(range(self._null + 1)) if prompts is None else list(prompts)
        self._rows = reading.fork([*self._prompts, *[self._null] * len(self._prompts)])
        self.tails = [reading.tails[i] for i in self._prompts]
        self._stack = ExitStack()
        self._stack.enter_context(self._rows)
        self.log_probs = self._contrasted()

    def __enter__(self) -> Contrast:
        return self

    def __exit__(self, *exc: object) -> None:
        """Give its rows back; the reading below stays open."""
        self._stack.close()

    def step(self, tokens: Sequence[int | None]) -> None:
        """Append one token to each sequence; a None leaves its sequence as it is."""
        self._rows.step([*tokens, *tokens])
        self.log_probs = self._contrasted()

    def reorder(self, index: Sequence[int]) -> None:
        """Row i becomes what row `index[i]` was."""
        rows = len(self.log_probs)
        self._rows.reorder([*index, *(rows + i for i in index)])
        self.log_probs = self.log_probs[list(index)]

    def fork(self, index: Sequence[int]) -> Contrast:
        """These of its prompts as they were read, with the same contrast."""
        return Contrast(self._reading, self._strength, [self._prompts[i] for i in index])

    def score(self, continuations: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """For each continuation (k, m) float32: log p' of each token; step by step, for it needs whole rows."""
        return [self._score(tokens) for tokens in continuations]

    def _score(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        k = len(self._prompts)
        scores = np.empty((k, len(tokens)), np.float32)
        with self.fork(range(k)) as fork:
            for m, token in enumerate(tokens):
                scores[:, m] = fork.log_probs[:, token]
                if m + 1 < len(tokens):
                    fork.step([token] * k)
        return scores

    def _contrasted(self) -> LogProbs:
        rows = len(self._rows.log_probs) // 2
        with_passage, twins = self._rows.log_probs[:rows], self._rows.log_probs[rows:]
        raised = with_passage + self._strength * (with_passage - twins)
        raised -= raised.max(axis=1, keepdims=True)
        return np.asarray(raised - np.log(np.exp(raised).sum(axis=1, dtype=np.float64))[:, None], np.float32)
