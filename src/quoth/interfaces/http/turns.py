"""Where searches and embeddings wait for their turn: short work, but enough of it at once would stop the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import to_thread

from quoth.assistants.desk import Desk

AT_ONCE = 2
"""Done at a time: a search uses several cores, and a picture that is searched by may take 300 MB while it is read."""
WAITING = 64
"""May wait besides; the next is sent away."""

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
        called, loop = anyio.Event(), asyncio.get_running_loop()

        def call() -> None:
            loop.call_soon_threadsafe(called.set)

        ticket = self._queue.line_up(client, call)
        try:
            await called.wait()
            ticket.check()
            return await to_thread.run_sync(work)
        finally:
            ticket.leave()
