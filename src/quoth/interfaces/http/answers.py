"""`POST /answers`: a question, or the next message of a conversation, to an answer with its whole provenance."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from quoth.interfaces import shapes
from quoth.interfaces.http.desk import Asking
from quoth.interfaces.http.events import Spoken, event
from quoth.interfaces.http.replies import AnswerReply, Errors
from quoth.interfaces.http.service import Reading
from quoth.types import Decoding

router = APIRouter(tags=["answers"], responses=Errors)


class AnswerRequest(BaseModel):
    """A question and how to answer it; what is left out is as the collection's settings say."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "Which tool uploads my package to PyPI?", "stream": False}]},
    )

    question: Annotated[str, Field(max_length=20_000, description="At most 500 words.")]
    stream: bool = Field(False, description="Answer with server-sent events: `piece`, then `answer`, or `error`.")
    passages: Annotated[int, Field(ge=1, le=50)] | None = None
    decoding: Decoding | None = None
    answers: Annotated[int, Field(ge=1, le=20)] | None = None
    beams: Annotated[int, Field(ge=0, le=20)] | None = None
    temperature: Annotated[float, Field(ge=0, le=10)] | None = None
    top_p: Annotated[float, Field(ge=0.01, le=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1024)] | None = None
    stop: Annotated[str, Field(max_length=100)] | None = None
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    robust: bool | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the settings that are given."""
        return self.model_dump(exclude={"question", "stream"}, exclude_none=True)


@router.post(
    "/answers",
    response_model=AnswerReply,
    summary="Answer a question",
    responses={200: {"content": {"text/event-stream": {}}, "description": "The answer; with `stream`, as events."}},
)
async def answer(wanted: AnswerRequest, room: Reading, request: Request) -> Response:
    """From the documents, with the posterior of every token over its sources and the model's memory; or a refusal.

    With `stream` the events are `piece` (`{"text": "..."}`), which are sure as they come, then `answer`, the same as
    without. A refusal may follow pieces: where an answer comes from is known in full at its end.
    """
    asking = await room.service.desk.take(
        lambda: room.asked(**wanted.settings).stream(wanted.question), request.is_disconnected, room.visitor.id
    )
    if wanted.stream:
        return Spoken(asking, _events(asking), "error")
    try:
        return JSONResponse(shapes.answer_shape(await asking.answer(request.is_disconnected)))
    finally:
        await asking.close()


async def _events(asking: Asking) -> AsyncIterator[str]:
    async for piece in asking.pieces():
        yield event({"text": piece}, "piece")
    yield event(shapes.answer_shape(await asking.answer()), "answer")
