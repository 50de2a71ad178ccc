"""A bounded, fair queue before what can serve only a few at a time.

    desk = Desk(at_once=4, waiting=32)
    with desk.place("client"):
        ...

Clients take turns, whatever each has in the queue (round robin; Nagle 1987, "On packet switches with infinite
storage"). When the queue is full a newcomer goes before the last of the client with the most in it, if that has more
than the newcomer would have (the longest queue drops; Suter et al. 1999): nobody fills the queue for the others.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quoth.errors import BusyError
from quoth.generators import Stop

# How much of a place's last duration goes into the mean.
_FRESH = 0.2


@dataclass(slots=True, eq=False)
class _Ticket:
    """One who waits: called in when it is its turn, or sent away for another."""

    client: str
    is_called: bool = False
    is_sent_away: bool = False


class Desk:
    """Places for a few, and a queue for some more; any number of threads."""

    def __init__(self, at_once: int, waiting: int) -> None:
        """Open it.

        Args:
            at_once: how many have a place at a time, at least 1.
            waiting: how many may wait for one, 0 or more.
        """
        self._at_once = at_once
        self._room = waiting
        self._queues: dict[str, deque[_Ticket]] = {}
        self._turn = threading.Condition()
        self._seconds = 1.0
        self.taken = 0

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return sum(map(len, self._queues.values()))

    @contextmanager
    def place(self, client: str = "", stop: Stop | None = None) -> Iterator[None]:
        """A place, as soon as it is this client's turn; given back at the end of the block.

        Args:
            client: who asks; clients take turns.
            stop: once it is set, who waits leaves the queue.

        Raises:
            BusyError: the queue is full; it says when to come again.
            StoppedError: `stop` was set while it waited.
        """
        self._wait(client, stop or Stop())
        start = time.monotonic()
        try:
            yield
        finally:
            self._leave(time.monotonic() - start)

    def _wait(self, client: str, stop: Stop) -> None:
        ticket = _Ticket(client)
        with self._turn, stop.tells(self._wake):
            self._line_up(ticket)
            self._call()
            try:
                self._turn.wait_for(lambda: ticket.is_called or ticket.is_sent_away or stop.is_set)
                if ticket.is_sent_away:
                    raise self._busy()
                stop.check()
            except BaseException:
                self._withdraw(ticket)
                raise

    def _line_up(self, ticket: _Ticket) -> None:
        mine = self._queues.get(ticket.client, ())
        if self.taken + self.waiting >= self._at_once + self._room:
            longest = max(self._queues.values(), key=len, default=deque())
            if len(longest) <= len(mine) + 1:
                raise self._busy()
            longest[-1].is_sent_away = True
            self._remove(longest[-1])
            self._turn.notify_all()
        self._queues.setdefault(ticket.client, deque()).append(ticket)

    def _call(self) -> None:
        """Fill the free places: the client whose turn it is, then it goes behind the others."""
        while self.taken < self._at_once and self._queues:
            client = next(iter(self._queues))
            queue = self._queues.pop(client)
            queue.popleft().is_called = True
            if queue:
                self._queues[client] = queue
            self.taken += 1
            self._turn.notify_all()

    def _withdraw(self, ticket: _Ticket) -> None:
        """Take back what was asked for, or given meanwhile."""
        if ticket.is_called:
            self.taken -= 1
            self._call()
        elif not ticket.is_sent_away:
            self._remove(ticket)

    def _remove(self, ticket: _Ticket) -> None:
        queue = self._queues[ticket.client]
        queue.remove(ticket)
        if not queue:
            del self._queues[ticket.client]

    def _leave(self, seconds: float) -> None:
        with self._turn:
            self._seconds += _FRESH * (seconds - self._seconds)
            self.taken -= 1
            self._call()

    def _busy(self) -> BusyError:
        """In how many whole seconds those before it will have been served."""
        seconds = math.ceil(max(1.0, self._seconds * (self.waiting + 1) / self._at_once))
        cause = f"{self.taken} questions are being answered and {self.waiting} wait"
        return BusyError(cause, f"ask again in {seconds} seconds", seconds)

    def _wake(self) -> None:
        with self._turn:
            self._turn.notify_all()
