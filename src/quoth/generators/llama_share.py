"""What one question may use of the context that all share: sequences of its own, and its turn in the batches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from quoth.generators.base import Stop
from quoth.generators.llama_batches import Entry
from quoth.generators.llama_loop import DecodingLoop, Pool
from quoth.types import LogProbs


class Share:
    """Sequences of a loop's context, used by one thread at a time."""

    def __init__(self, loop: DecodingLoop, pool: Pool, stop: Stop) -> None:
        """Take part.

        Args:
            loop: who decodes.
            pool: the sequences that may be used.
            stop: once it is set nothing is read any more.
        """
        self.loop = loop
        self.pool = pool
        self._stop = stop

    @property
    def free_sequences(self) -> int:
        """How many more can be acquired."""
        return self.pool.free

    def acquire(self, count: int) -> list[int]:
        """So many empty sequences, all or none.

        Raises:
            ModelError: there are not so many.
        """
        return self.pool.take(count)

    def release(self, sequences: Sequence[int]) -> None:
        """Empty them and give them back."""
        context = self.loop.context
        self.loop.change(*(partial(context.truncate, sequence, 0) for sequence in sequences))
        self.pool.give(sequences)

    def close(self) -> None:
        """Empty what is in use; all sequences are the loop's again."""
        self.release(self.pool.taken)
        self.loop.pool.give(self.pool.take(self.pool.size))

    def copy(self, copies: Sequence[tuple[int, int, int]]) -> None:
        """Source, target, length: let each target, without tokens there, share the first cells of its source."""
        self.loop.change(*(partial(self.loop.context.copy, *one) for one in copies))

    def load(self, states: Sequence[tuple[int, bytes]]) -> None:
        """Put saved states into empty sequences, in this order.

        Raises:
            ModelError: there is no room for them.
            StoppedError: the question was given up.
        """
        self._stop.check()
        with self.loop.visit() as context:
            for sequence, state in states:
                context.load(sequence, state)

    def save(self, sequence: int, start: int) -> bytes:
        """The state of a sequence from position `start` on; what came before is forgotten."""
        with self.loop.visit() as context:
            context.forget(sequence, start)
            return context.save(sequence)

    def decode(self, batch: Sequence[Entry]) -> LogProbs:
        """Read the entries; (outputs, V) float32 log-probabilities of what follows each that asks.

        Raises:
            ModelError: the cells are used up, or the runtime failed.
            StoppedError: the question was given up.
        """
        return self.read(batch, [None] * sum(entry.output for entry in batch))[0]

    def score(self, batch: Sequence[Entry], targets: Sequence[int]) -> NDArray[np.float32]:
        """Read the entries; (outputs,) float32 log p of the token in `targets` for each that asks.

        Raises:
            ModelError: the cells are used up, or the runtime failed.
            StoppedError: the question was given up.
        """
        return self.read(batch, targets)[1]

    def read(self, batch: Sequence[Entry], targets: Sequence[int | None]) -> tuple[LogProbs, NDArray[np.float32]]:
        """Read the entries; `targets` names, for each that asks, a token to score, or None for all of them.

        Returns:
            (n, V) float32 log-probabilities for each None, (m,) float32 log p for each token.

        Raises:
            ModelError: the cells are used up, or the runtime failed.
            StoppedError: the question was given up.
        """
        kept, scores = [], []
        wanted = iter(targets)
        self._stop.check()
        for rows in self.loop.decode(batch):
            # Here, and not where it is decoded: others' batches go on meanwhile.
            _normalise(rows)
            for row, target in zip(rows, wanted, strict=False):
                if target is None:
                    kept.append(row)
                else:
                    scores.append(row[target])
            self._stop.check()
        empty = np.empty((0, self.loop.context.vocabulary), np.float32)
        return np.stack(kept) if kept else empty, np.array(scores, np.float32)


def _normalise(rows: LogProbs) -> None:
    """Logits to natural log-probabilities, where they stand."""
    rows -= rows.max(axis=1, keepdims=True)
    # float32 sums of 262,144 terms err by some 1e-6: numpy adds in pairs.
    for i in range(len(rows)):
        rows[i] -= np.log(np.exp(rows[i]).sum())
