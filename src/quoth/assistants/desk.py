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
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from quoth.errors import BusyError
from quoth.generators import Stop

# How much of a place's last duration goes into the mean.
_FRESH = 0.2


class Ticket:
    """One in the queue, or with a place: until it leaves."""

    def __init__(self, desk: Desk, client: str, called: Callable[[], None]) -> None:
        self.client = client
        self.has_place = False
        self.refusal: BusyError | None = None
        self._desk = desk
        self._called = called

    def check(self) -> None:
        """Say it if there is no place any more.

        Raises:
            BusyError: it was sent away for another.
        """
        if self.refusal:
            raise self.refusal

    def leave(self) -> None:
        """Give the place back, or leave the queue; once is enough."""
        self._desk.leave(self)

    def call(self, refusal: BusyError | None = None) -> None:
        """Its turn has come, or a refusal."""
        self.has_place, self.refusal = refusal is None, refusal
        self._called()


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
        self._queues: dict[str, deque[Ticket]] = {}
        self._since: dict[Ticket, float] = {}
        self._lock = threading.RLock()
        self._seconds = 1.0

    @property
    def taken(self) -> int:
        """How many have a place now."""
        return len(self._since)

    @property
    def waiting(self) -> int:
        """How many wait now."""
        with self._lock:
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
        stop, called = stop or Stop(), threading.Event()
        ticket = self.line_up(client, called.set)
        try:
            with stop.tells(called.set):
                if not stop.is_set:
                    called.wait()
            stop.check()
            ticket.check()
            yield
        finally:
            ticket.leave()

    def line_up(self, client: str, called: Callable[[], None]) -> Ticket:
        """Join the queue without waiting, for who waits in another way than a thread does.

        Args:
            client: who asks.
            called: is called, from any thread and perhaps before this returns, when the ticket has its place, or has
                lost it to another (`Ticket.check` says so).

        Raises:
            BusyError: the queue is full.
        """
        ticket = Ticket(self, client, called)
        with self._lock:
            if self.taken + self.waiting >= self._at_once + self._room:
                self._make_room(client)
            self._queues.setdefault(client, deque()).append(ticket)
            self._call()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """See `Ticket.leave`."""
        with self._lock:
            since = self._since.pop(ticket, None)
            if since is not None:
                self._seconds += _FRESH * (time.monotonic() - since - self._seconds)
            elif ticket in self._queues.get(ticket.client, ()):
                self._remove(ticket)
            self._call()

    def _make_room(self, client: str) -> None:
        """The last of the longest queue goes for a newcomer with less; else the newcomer itself."""
        longest = max(self._queues.values(), key=len, default=deque())
        if len(longest) <= len(self._queues.get(client, ())) + 1:
            raise self._busy()
        last = longest[-1]
        self._remove(last)
        last.call(self._busy())

    def _call(self) -> None:
        """Fill the free places: the client whose turn it is, then it goes behind the others."""
        while self.taken < self._at_once and self._queues:
            client = next(iter(self._queues))
            queue = self._queues.pop(client)
            ticket = queue.popleft()
            if queue:
                self._queues[client] = queue
            self._since[ticket] = time.monotonic()
            ticket.call()

    def _remove(self, ticket: Ticket) -> None:
        queue = self._queues[ticket.client]
        queue.remove(ticket)
        if not queue:
            del self._queues[ticket.client]

    def _busy(self) -> BusyError:
        """In how many whole seconds those before it will have been served."""
        seconds = math.ceil(max(1.0, self._seconds * (self.waiting + 1) / self._at_once))
        cause = f"{self.taken} questions are being answered and {self.waiting} wait"
        return BusyError(cause, f"ask again in {seconds} seconds", seconds)
