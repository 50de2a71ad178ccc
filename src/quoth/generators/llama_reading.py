"""Prompts that llama.cpp has read, and what may come next after each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.generators.llama_batches import Entry, entries
from quoth.generators.llama_share import Share
from quoth.types import LogProbs

Tokens = tuple[int, ...]
Pair = tuple[int, Tokens, range]
"""A prompt, what may follow it, and the places of the tokens to be scored."""

# So many tokens are scored at a time, two full batches: more would be no faster, and each takes a cell.
ROUND = 1024


@dataclass(slots=True)
class _Row:
    """A stepping copy of a prompt's sequence: the prompt's own cells stay, for `score` and `fork`."""

    stepping: int
    length: int


class LlamaReading:
    """k prompts that have been read; see `quoth.generators.base.Reading`."""

    def __init__(
        self,
        share: Share,
        sequences: Sequence[int],
        lengths: Sequence[int],
        after: LogProbs,
        tails: Sequence[NDArray[np.float32]],
    ) -> None:
        self._share = share
        self._prompts = list(sequences)
        self._lengths = list(lengths)
        self._after = after
        self._columns: dict[Tokens, NDArray[np.float32]] = {}
        self.tails = tails
        self._log_probs = after.copy()
        self._stepped: list[_Row] | None = None

    def __enter__(self) -> LlamaReading:
        return self

    def __exit__(self, *exc: object) -> None:
        """Give the sequences back."""
        self._share.release([row.stepping for row in self._stepped or []] + self._prompts)
        self._stepped, self._prompts = None, []

    @property
    def log_probs(self) -> LogProbs:
        """(k, V) float32, natural log, rows normalised: the next token of each sequence."""
        return self._log_probs

    def step(self, tokens: Sequence[int | None]) -> None:
        """Append one token to each sequence, all in one batch; a None leaves its sequence as it is."""
        moving = [(i, token) for i, token in enumerate(tokens) if token is not None]
        rows = self._rows()
        batch = [Entry(rows[i].stepping, rows[i].length, token, True) for i, token in moving]
        self._log_probs[[i for i, _ in moving]] = self._share.decode(batch)
        for i, _ in moving:
            rows[i].length += 1

    def score(self, continuations: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """For each continuation (k, m) float32: log p of each of its m tokens under every prompt.

        Most of its time goes into the vocabulary, a product of a row with all of it for each token: what was
        asked before, or begins like another continuation, is not asked again.
        """
        new = self._new([tuple(tokens) for tokens in continuations])
        pairs = [(i, *one) for one in new for i in range(len(self._lengths))]
        self._keep(new, np.concatenate([np.empty(0, np.float32), *map(self._learn, self._rounds(pairs))]))
        return [self._known_columns(tuple(tokens)) for tokens in continuations]

    def reorder(self, index: Sequence[int]) -> None:
        """Row i becomes what row `index[i]` was."""
        old = self._rows()
        # What is left out makes room for what is taken again: no more is held than before or after.
        self._stepped = [row for i, row in enumerate(old) if i in index]
        self._share.release([row.stepping for i, row in enumerate(old) if i not in index])
        again = [i for n, i in enumerate(index) if i in index[:n]]
        forks = self._share.acquire(len(again))
        self._share.copy([(old[i].stepping, fork, old[i].length) for i, fork in zip(again, forks, strict=True)])
        places = (forks.pop(0) if i in index[:n] else old[i].stepping for n, i in enumerate(index))
        self._stepped = [_Row(place, old[i].length) for place, i in zip(places, index, strict=True)]
        self._log_probs = self._log_probs[list(index)]

    def fork(self, index: Sequence[int]) -> LlamaReading:
        """These of its prompts as they were read, as a reading of its own."""
        lengths = [self._lengths[i] for i in index]
        tails = [self.tails[i] for i in index]
        return LlamaReading(self._share, self._fork(index), lengths, self._after[list(index)], tails)

    def _rows(self) -> list[_Row]:
        """What steps; made when the first step is taken, for there are few sequences and some readings never step."""
        if self._stepped is None:
            forks = self._fork(range(len(self._prompts)))
            self._stepped = [_Row(fork, length) for fork, length in zip(forks, self._lengths, strict=True)]
        return self._stepped

    def _fork(self, prompts: Iterable[int]) -> list[int]:
        """For each of these prompts a sequence that shares its cells."""
        wanted = list(prompts)
        forks = self._share.acquire(len(wanted))
        pairs = zip(wanted, forks, strict=True)
        self._share.copy([(self._prompts[prompt], fork, self._lengths[prompt]) for prompt, fork in pairs])
        return forks

    def _new(self, continuations: Sequence[Tokens]) -> list[tuple[Tokens, range]]:
        """What is not known of them: the beginning of each, and the places of the tokens to be scored."""
        new, seen = [], set(self._columns)
        for tokens in continuations:
            places = [i for i in range(1, len(tokens)) if tokens[: i + 1] not in seen]
            seen.update(tokens[: i + 1] for i in places)
            if places:
                new.append((tokens, range(places[0], len(tokens))))
        return new

    def _rounds(self, pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
        """As many at a time as there are sequences, and not many cells."""
        room = max(1, self._share.free_sequences)
        start = cells = 0
        for end, (_, tokens, _) in enumerate(pairs):
            cells += len(tokens)
            if end > start and (end - start == room or cells > ROUND):
                yield pairs[start:end]
                start, cells = end, len(tokens)
        if pairs:
            yield pairs[start:]

    def _learn(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """Score these in one batch, each in a sequence of its own."""
        forks = self._fork([i for i, _, _ in pairs])
        batch: list[Entry] = []
        targets: list[int] = []
        for fork, (i, tokens, places) in zip(forks, pairs, strict=True):
            batch += entries(fork, self._lengths[i], tokens[:-1], outputs=len(places))
            targets += tokens[places.start :]
        try:
            return self._share.score(batch, targets)
        finally:
            self._share.release(forks)

    def _keep(self, new: Sequence[tuple[Tokens, range]], scores: NDArray[np.float32]) -> None:
        done, k = 0, len(self._lengths)
        for tokens, places in new:
            rows = scores[done : done + k * len(places)].reshape(k, -1)
            self._columns.update({tokens[: i + 1]: rows[:, n] for n, i in enumerate(places)})
            done += rows.size

    def _known_columns(self, tokens: Tokens) -> NDArray[np.float32]:
        """(k, m): the first token's log p, known from the reading, then those of the others."""
        rest = [self._columns[tokens[: i + 1]] for i in range(1, len(tokens))]
        return np.concatenate([self._after[:, list(tokens[:1])], *(column[:, None] for column in rest)], axis=1)
