"""Where questions wait for their turn, and the answers that are under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

import anyio
from anyio import to_thread

from quoth.answer import Answer
from quoth.assistants import desk
from quoth.errors import QuothError, StoppedError
from quoth.interfaces.http.metrics import Meters
from quoth.interfaces.http.turns import LOOK_S, Gone, called, hung_up

AT_ONCE = 4
"""Questions that are answered at a time: so many fill the batches (benchmarks/load.py)."""
WAITING = 32
"""Questions that may wait besides; the next is sent away."""


class Stream(Protocol):
    """An answer that is being written: of a question or of a conversation."""

    def __iter__(self) -> Iterator[str]:
        """Its pieces."""

    @property
    def answer(self) -> Answer:
        """The whole."""

    def close(self) -> None:
        """Stop it."""


class Desk:
    """Takes so many questions and no more; a few at a time are answered, by clients in turn."""

    def __init__(self, meters: Meters, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._queue = desk.Desk(at_once, waiting)
        meters.questions.set_function(lambda: self._queue.taken + self._queue.waiting)
        self._meters = meters

    async def take(self, begin: Callable[[], Stream], gone: Gone, client: str = "") -> Asking:
        """A question's place, and its turn: what `begin` gives is being answered until it is closed.

        Raises:
            BusyError: too many wait already.
            RefusedError: nobody waits for it any more.
            QuothError: what `begin` raises; the place is free again.
        """
        ticket = await called(self._queue, client, gone)
        try:
            return Asking(await to_thread.run_sync(begin), ticket.leave, self._meters)
        except BaseException:
            ticket.leave()
            raise


class Asking:
    """A question that has the model: iterate over its pieces, take its answer, close it whatever happens.

    It is answered at the model's pace, however slowly the pieces are read: the place is free when the answer is made.
    """

    def __init__(self, stream: Stream, leave: Callable[[], None], meters: Meters) -> None:
        """Begin; in an event loop."""
        self._stream = stream
        self._leave: Callable[[], None] | None = leave
        self._meters = meters
        self._said: asyncio.Queue[str | None] = asyncio.Queue()
        self._making = asyncio.create_task(self._make())

    async def pieces(self) -> AsyncIterator[str]:
        """The text as it comes, once; an error is told by `answer`."""
        while (piece := await self._said.get()) is not None:
            yield piece

    async def answer(self, gone: Gone | None = None) -> Answer:
        """The whole answer.

        Args:
            gone: tells whether nobody waits for it any more: it is stopped then.

        Raises:
            RefusedError: nobody waits.
            QuothError: it could not be finished.
        """
        async with _watched(gone, self._stream):
            found = await asyncio.shield(self._making)
            if isinstance(found, QuothError):
                raise found
            return found

    async def close(self) -> None:
        """Free the place, once."""
        leave, self._leave = self._leave, None
        if leave is None:
            return
        try:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._stream.close)
        finally:
            leave()

    async def _make(self) -> Answer | QuothError:
        """The answer, or why there is none: for who asks, and nobody may."""
        try:
            found = await to_thread.run_sync(self._speak, asyncio.get_running_loop(), time.perf_counter())
            self._meters.count(found)
            return found
        except QuothError as error:
            return error
        finally:
            self._said.put_nowait(None)
            await self.close()

    def _speak(self, loop: asyncio.AbstractEventLoop, start: float) -> Answer:
        """In a thread: the pieces go to who reads them, in `loop`."""
        for i, piece in enumerate(self._stream):
            if i == 0:
                self._meters.first_token.observe(time.perf_counter() - start)
            loop.call_soon_threadsafe(self._said.put_nowait, piece)
        return self._stream.answer


@asynccontextmanager
async def _watched(gone: Gone | None, stream: Stream) -> AsyncIterator[None]:
    """Close the stream as soon as nobody waits for it.

    Raises:
        RefusedError: nobody waited any more.
    """

    async def watch() -> None:
        while gone and not await gone():
            await asyncio.sleep(LOOK_S)
        if gone:
            await to_thread.run_sync(stream.close)

    watching = asyncio.create_task(watch())
    try:
        yield
    except StoppedError as error:
        raise hung_up() from error
    finally:
        watching.cancel()
