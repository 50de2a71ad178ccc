"""Where searches and embeddings wait for their turn: short work, but enough of it at once would stop the server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from anyio import to_thread

from quoth.assistants.desk import Desk, Ticket
from quoth.interfaces.http.refusals import RefusedError

AT_ONCE = 2
"""Done at a time: a search uses several cores, and a picture that is searched by may take 300 MB while it is read."""
WAITING = 64
"""May wait besides; the next is sent away."""
LOOK_S = 0.5
"""How often it is asked whether the client still waits."""

Gone = Callable[[], Awaitable[bool]]
"""Tells whether nobody waits for an answer any more."""

Result = TypeVar("Result")


class Turns:
    """Does so much at a time, in threads; clients in turn."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._queue = Desk(at_once, waiting)

    async def take(self, work: Callable[[], Result], client: str) -> Result:
        """What `work` gives, when it is this client's turn.

        Raises:
            BusyError: too many wait already.
            QuothError: what `work` raises.
        """
        ticket = await called(self._queue, client)
        try:
            return await to_thread.run_sync(work)
        finally:
            ticket.leave()


async def called(queue: Desk, client: str, gone: Gone | None = None) -> Ticket:
    """A place, when it is this client's turn; it is the caller's to leave.

    Raises:
        BusyError: too many wait already.
        RefusedError: nobody waits for it any more.
    """
    turn, loop = anyio.Event(), asyncio.get_running_loop()

    def call() -> None:
        loop.call_soon_threadsafe(turn.set)

    ticket = queue.line_up(client, call)
    try:
        while not turn.is_set():
            with anyio.move_on_after(LOOK_S):
                await turn.wait()
            if gone and not turn.is_set() and await gone():
                raise hung_up()
        ticket.check()
    except BaseException:
        ticket.leave()
        raise
    return ticket


def hung_up() -> RefusedError:
    """What is answered to nobody."""
    return RefusedError(499, "the client hung up")
