"""Prompts that llama.cpp has read, and what may come next after each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.generators.llama_context import Context, Entry, entries
from quoth.types import LogProbs


@dataclass(slots=True)
class _Row:
    """A prompt's sequence, and a stepping copy of it once something was appended.

    The prompt's own cells stay untouched, so that `score` can always go back to them.
    """

    prompt: int
    stepping: int
    length: int


class LlamaReading:
    """k prompts that have been read; see `quoth.generators.base.Reading`."""

    def __init__(
        self,
        context: Context,
        sequences: Sequence[int],
        lengths: Sequence[int],
        after: LogProbs,
        tails: Sequence[NDArray[np.float32]],
    ) -> None:
        self._context = context
        self._prompts = list(sequences)
        self._lengths = list(lengths)
        self._after = after
        self.tails = tails
        self._log_probs = after.copy()
        forks = self._fork(range(len(sequences)))
        self._rows = [_Row(i, fork, lengths[i]) for i, fork in enumerate(forks)]

    def __enter__(self) -> LlamaReading:
        return self

    def __exit__(self, *exc: object) -> None:
        """Give the sequences back."""
        for sequence in [row.stepping for row in self._rows] + self._prompts:
            self._context.release(sequence)
        self._rows, self._prompts = [], []

    @property
    def log_probs(self) -> LogProbs:
        """(k, V) float32, natural log, rows normalised: the next token of each sequence."""
        return self._log_probs

    def step(self, tokens: Sequence[int | None]) -> None:
        """Append one token to each sequence, all in one batch; a None leaves its sequence as it is."""
        moving = [(i, token) for i, token in enumerate(tokens) if token is not None]
        batch = [Entry(self._rows[i].stepping, self._rows[i].length, token, True) for i, token in moving]
        self._log_probs[[i for i, _ in moving]] = self._context.decode(batch)
        for i, _ in moving:
            self._rows[i].length += 1

    def score(self, continuations: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """For each continuation (k, m) float32: log p of each of its m tokens under every prompt."""
        scores: list[NDArray[np.float32]] = []
        room = max(1, self._context.free_sequences // max(1, len(self._prompts)))
        for start in range(0, len(continuations), room):
            scores += self._score(continuations[start : start + room])
        return scores

    def reorder(self, index: Sequence[int]) -> None:
        """Row i becomes what row `index[i]` was."""
        old = self._rows
        taken = [old[i] for i in index]
        forks = self._context.acquire(len(taken))
        for row, fork in zip(taken, forks, strict=True):
            self._context.copy(row.stepping, fork, row.length)
        self._rows = [_Row(row.prompt, fork, row.length) for row, fork in zip(taken, forks, strict=True)]
        self._log_probs = self._log_probs[list(index)]
        for row in old:
            self._context.release(row.stepping)

    def fork(self, index: Sequence[int]) -> LlamaReading:
        """These of its prompts as they were read, as a reading of its own."""
        lengths = [self._lengths[i] for i in index]
        tails = [self.tails[i] for i in index]
        return LlamaReading(self._context, self._fork(index), lengths, self._after[list(index)], tails)

    def _fork(self, prompts: Iterable[int]) -> list[int]:
        """For each of these prompts a sequence that shares its cells."""
        wanted = list(prompts)
        forks = self._context.acquire(len(wanted))
        for prompt, fork in zip(wanted, forks, strict=True):
            self._context.copy(self._prompts[prompt], fork, self._lengths[prompt])
        return forks

    def _score(self, continuations: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """All continuations under all prompts in one batch: each pair in a sequence of its own."""
        pairs = [(tokens, i) for tokens in continuations for i in range(len(self._lengths))]
        forks = self._fork(i for _, i in pairs)
        batch: list[Entry] = []
        targets: list[int] = []
        for (tokens, i), fork in zip(pairs, forks, strict=True):
            batch += entries(fork, self._lengths[i], tokens[:-1], outputs=max(0, len(tokens) - 1))
            targets += tokens[1:]
        try:
            scores = self._context.score(batch, targets)
        finally:
            for fork in forks:
                self._context.release(fork)
        return self._arrange(continuations, scores)

    def _arrange(
        self, continuations: Sequence[Sequence[int]], scores: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """The first token's log p, known from the reading, then those of the others; (k, m) each."""
        arranged, done, k = [], 0, len(self._lengths)
        for tokens in continuations:
            size = k * max(0, len(tokens) - 1)
            rest = scores[done : done + size].reshape(k, -1)
            arranged.append(np.concatenate([self._after[:, list(tokens[:1])], rest], axis=1))
            done += size
        return arranged
