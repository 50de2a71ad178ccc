"""Server-sent events, and the response that frees a question's place whatever becomes of it."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from quoth.errors import QuothError
from quoth.interfaces.http.desk import Asking
from quoth.interfaces.http.refusals import error_shape, status_of

_LOG = logging.getLogger(__name__)


def event(data: dict[str, Any], name: str = "") -> str:
    """One event: JSON in one line, under a name if it has one."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False, allow_nan=False)}\n\n"


class Spoken(StreamingResponse):
    """An answer told as events while it comes.

    A client that hangs up cancels it; then, as at its end, the question is closed.
    """

    def __init__(self, asking: Asking, events: AsyncIterator[str], error_name: str = "") -> None:
        self._asking = asking
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(_telling_errors(events, error_name), media_type="text/event-stream", headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        # Not in the generator: one that was never begun is never ended.
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._asking.close()


async def _telling_errors(events: AsyncIterator[str], name: str) -> AsyncIterator[str]:
    """The status is sent already: an error is an event."""
    try:
        async for one in events:
            yield one
    except QuothError as error:
        yield event(error_shape(status_of(error), error.cause, error.cure), name)
    except Exception:  # noqa: BLE001 - a bug: logged here, as what is raised now closes the connection without a word
        _LOG.exception("an answer broke off")
        yield event(error_shape(500, "something went wrong here", "look into the server's log"), name)
