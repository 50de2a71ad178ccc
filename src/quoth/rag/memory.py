"""The null passage: what the model says from memory, asked for last.

It has no say in an answer, only in where the answer is said to come from: the first word need not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from quoth.generators.base import Reading


class Memory:
    """The null passage of a mixture; a context manager that closes what it has opened."""

    def __init__(self, read: Callable[[], Reading], prior: float) -> None:
        """Wait until it is asked.

        Args:
            read: reads the one prompt without a passage; called once, when it is needed.
            prior: of the null passage in the provenance, in (0, 1).
        """
        self._read = read
        self._reading: Reading | None = None
        self.prior = prior

    @property
    def tail(self) -> NDArray[np.float32]:
        """(m,) log p of the question's tokens that are asked about."""
        return self._opened().tails[0]

    def score(self, answers: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """For each answer (1, m) float32: log p of each of its m tokens."""
        return self._opened().score(answers)

    def _opened(self) -> Reading:
        if self._reading is None:
            self._reading = self._read()
        return self._reading

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the reading, if there is one."""
        if self._reading is not None:
            self._reading.__exit__(kind, error, trace)
            self._reading = None
