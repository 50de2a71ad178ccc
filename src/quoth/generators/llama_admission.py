"""Who uses the context when: questions come in by the order in which they asked, each with all that it needs.

A question reserves its sequences and cells before it begins, all or none: what runs never waits for another that runs,
so nothing can lock. Reservations are for the most that a question can need; most need less.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quoth.generators.base import Stop
from quoth.generators.llama_context import FEW_CELLS, Context
from quoth.generators.llama_loop import DecodingLoop, Pool
from quoth.generators.llama_share import Share

# For several questions at once; taken when two first meet.
MANY_CELLS = 16384


@dataclass(frozen=True, slots=True)
class Need:
    """What a question needs at most."""

    sequences: int
    cells: int


class Admission:
    """The loop, and the questions that wait for a share of it."""

    def __init__(self, open_context: Callable[[int], Context]) -> None:
        """Begin small.

        Args:
            open_context: makes a context of so many cells.
        """
        self._open = open_context
        self.loop = DecodingLoop(open_context(FEW_CELLS))
        self._door = threading.Condition()
        self._queue: deque[object] = deque()
        self._promised = 0
        self._is_crowded = False

    @property
    def waiting(self) -> int:
        """How many questions wait for a share."""
        return len(self._queue)

    @contextmanager
    def share(self, need: Need, stop: Stop) -> Iterator[Share]:
        """A share of the context, as soon as it is this question's turn; what is left in it is given back.

        Raises:
            StoppedError: the question was given up meanwhile.
            ModelError: there is no memory for a context of this size.
        """
        share, cells = self._enter(need, stop)
        try:
            yield share
        finally:
            self._leave(share, cells)

    def visit(self, count: int, cells: int) -> tuple[Share, list[int]]:
        """So many sequences for somebody who waits for nobody, and what they are part of: all that is not reserved.

        Raises:
            ModelError: there are not so many now.
        """
        with self._door:
            if cells > self.loop.context.cells and self.loop.is_idle():
                self._grow(cells)
            return Share(self.loop, self.loop.pool, Stop()), self.loop.pool.take(count)

    def grow(self, cells: int) -> None:
        """Take a context of at least so many cells; nobody uses the present one."""
        with self._door:
            self._grow(cells)

    def _enter(self, need: Need, stop: Stop) -> tuple[Share, int]:
        place = object()
        with self._door, stop.tells(self._wake):
            self._queue.append(place)
            try:
                self._door.wait_for(lambda: stop.is_set or (self._queue[0] is place and self._has_room(need)))
                stop.check()
                return self._admit(need, stop)
            finally:
                self._queue.remove(place)
                self._door.notify_all()

    def _has_room(self, need: Need) -> bool:
        if not self.loop.questions:
            return True
        context = self.loop.context
        fits = need.sequences <= self.loop.pool.free and self._promised + need.cells <= context.cells
        self._is_crowded = self._is_crowded or not fits
        return fits

    def _admit(self, need: Need, stop: Stop) -> tuple[Share, int]:
        """Who is alone gets all that there is, if it needs so much."""
        if self.loop.is_idle():
            self._grow(max(need.cells, MANY_CELLS if self._is_crowded else 0))
        pool = Pool(self.loop.pool.take(min(need.sequences, self.loop.pool.free)))
        cells = min(need.cells, self.loop.context.cells)
        self.loop.questions += 1
        self._promised += cells
        return Share(self.loop, pool, stop), cells

    def _leave(self, share: Share, cells: int) -> None:
        with self._door:
            share.close()
            self.loop.questions -= 1
            self._promised -= cells
            self._door.notify_all()

    def _grow(self, cells: int) -> None:
        if cells > self.loop.context.cells:
            old = self.loop.context
            self.loop = DecodingLoop(self._open(1 << (cells - 1).bit_length()))
            old.close()

    def _wake(self) -> None:
        with self._door:
            self._door.notify_all()
