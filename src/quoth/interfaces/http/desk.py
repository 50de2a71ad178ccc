"""Where questions wait for their turn, and the answer that is under way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol

import anyio
from anyio import to_thread

from quoth.answer import Answer
from quoth.interfaces.http.metrics import Meters
from quoth.interfaces.http.refusals import RefusedError

WAITING = 32
"""Questions that may wait or be answered; the next is sent away."""


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
    """Takes so many questions and no more; one at a time has the model."""

    def __init__(self, meters: Meters, waiting: int = WAITING) -> None:
        self._meters = meters
        self._waiting = waiting
        self._taken = 0
        self._turn = anyio.Lock()

    async def take(self, begin: Callable[[], Stream]) -> Asking:
        """A question's place, and its turn: what `begin` gives is being answered until it is closed.

        Raises:
            RefusedError: 429, all places are taken.
            QuothError: what `begin` raises; the place is free again.
        """
        if self._taken >= self._waiting:
            raise RefusedError(429, f"{self._taken} questions are waiting", "ask again in a moment", Retry_After="2")
        self._count(1)
        try:
            await self._turn.acquire()
        except BaseException:
            self._count(-1)
            raise
        try:
            return Asking(await to_thread.run_sync(begin), self._leave, self._meters)
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        self._turn.release()
        self._count(-1)

    def _count(self, change: int) -> None:
        self._taken += change
        self._meters.questions.set(self._taken)


class Asking:
    """A question that has the model: iterate over its pieces, take its answer, close it whatever happens."""

    def __init__(self, stream: Stream, leave: Callable[[], None], meters: Meters) -> None:
        self._stream = stream
        self._pieces = iter(stream)
        self._leave: Callable[[], None] | None = leave
        self._meters = meters
        self._start = time.perf_counter()

    @property
    def question(self) -> str | None:
        """The question that stands alone, of a conversation."""
        return getattr(self._stream, "question", None)

    async def pieces(self) -> AsyncIterator[str]:
        """The text as it comes. Cancelled, it ends with the piece that is being made."""
        first = True
        while (piece := await to_thread.run_sync(next, self._pieces, None)) is not None:
            if first:
                self._meters.first_token.observe(time.perf_counter() - self._start)
                first = False
            yield piece

    async def answer(self, gone: Callable[[], Awaitable[bool]] | None = None) -> Answer:
        """The whole answer.

        Args:
            gone: tells whether nobody waits for it any more: it is stopped then.

        Raises:
            RefusedError: nobody waits.
            QuothError: it could not be finished.
        """
        async for _ in self.pieces():
            if gone and await gone():
                raise RefusedError(499, "the client hung up")
        found = await to_thread.run_sync(lambda: self._stream.answer)
        self._meters.count(found)
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
