"""Who uses the context when: questions come in by the order in which they asked, each with all that it needs.

A question reserves its sequences and cells before it begins, all or none: what runs never waits for another that runs,
so nothing can lock. Reservations are for the most that a question can need; most need less.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from quoth.errors import BusyError, ModelError
from quoth.generators.base import Stop
from quoth.generators.llama_context import MANY_CELLS, Context
from quoth.generators.llama_loop import DecodingLoop, Pool
from quoth.generators.llama_need import Need
from quoth.generators.llama_share import Share

# So long nothing is decoded only if those who have a place do not go on, in seconds.
STUCK_S = 30.0


class Admission:
    """The loop, and the questions that wait for a share of it."""

    def __init__(self, context: Context) -> None:
        """Begin with this one; larger ones are made like it."""
        self.loop = DecodingLoop(context)
        self._door = threading.Condition()
        self._queue: deque[object] = deque()

    @contextmanager
    def share(self, need: Need, stop: Stop) -> Iterator[Share]:
        """A share of the context, as soon as it is this question's turn; what is left in it is given back.

        Raises:
            StoppedError: the question was given up meanwhile.
            BusyError: all places are held by answers that nobody goes on with.
            ModelError: there is no memory for a context of this size.
        """
        with self._door, stop.tells(self._wake):
            share = self._admitted(need, stop)
        try:
            yield share
        finally:
            with self._door:
                share.close()
                share.loop.questions -= 1
                share.loop.promised -= need.cells
                self._door.notify_all()

    def visit(self, count: int, cells: int) -> tuple[Share, list[int]]:
        """So many sequences for somebody who waits for nobody, and what they are part of: all that is not reserved.

        Raises:
            ModelError: there are not so many now.
        """
        with self._door:
            if cells > self.loop.context.cells and self.loop.is_idle():
                self._grow(cells)
            return Share(self.loop, self.loop.pool, Stop()), self.loop.pool.take(count)

    def _admitted(self, need: Need, stop: Stop) -> Share:
        place = object()
        self._queue.append(place)
        try:
            while not (self._queue[0] is place and (self._fits(need) or self._makes_room(need))):
                self._wait(stop)
            return self._admit(need, stop)
        finally:
            self._queue.remove(place)
            self._door.notify_all()

    def _wait(self, stop: Stop) -> None:
        """Until something changes.

        A stream that was begun, is neither read nor closed, and is all that others wait for would keep them for ever.
        """
        stop.check()
        before = self.loop.progress
        if not self._door.wait(STUCK_S) and self.loop.progress == before and self.loop.is_resting():
            cause = f"{self.loop.questions} answers were begun, and nothing goes on with them"
            raise BusyError(cause, "read streams to their end, or close them", STUCK_S)
        stop.check()

    def _fits(self, need: Need) -> bool:
        cells = self.loop.promised + need.cells
        return need.sequences <= self.loop.pool.free and cells <= self.loop.context.cells

    def _makes_room(self, need: Need) -> bool:
        """Who is alone gets all that it needs, and the first who meets another a large context, if there is memory.

        If not, the others' ends are waited for: then it is alone.
        """
        if not self.loop.questions:
            self._grow(need.cells)
            return True
        if self.loop.context.cells >= MANY_CELLS:
            return False
        try:
            self._grow(max(need.cells, MANY_CELLS))
        except ModelError:
            return False
        return True

    def _admit(self, need: Need, stop: Stop) -> Share:
        loop = self.loop
        pool = Pool(loop.pool.take(min(need.sequences, loop.pool.free)))
        loop.questions += 1
        loop.promised += need.cells
        return Share(loop, pool, stop)

    def _grow(self, cells: int) -> None:
        """Whoever is at work in the present context ends there; then nothing refers to it, and it is freed."""
        if cells > self.loop.context.cells:
            batches, tokens = self.loop.batches, self.loop.tokens
            self.loop = DecodingLoop(self.loop.context.larger(1 << (cells - 1).bit_length()))
            self.loop.batches, self.loop.tokens = batches, tokens

    def _wake(self) -> None:
        with self._door:
            self._door.notify_all()
