"""`/v1`: what clients of OpenAI call."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from quoth.interfaces.http.events import Spoken
from quoth.interfaces.http.openai.completions import Reply
from quoth.interfaces.http.openai.requests import ChatRequest, EmbeddingRequest
from quoth.interfaces.http.refusals import RefusedError
from quoth.interfaces.http.replies import Errors
from quoth.interfaces.http.service import TheService, TheVisitor, room_for, rooms_of
from quoth.knowledge import KnowledgeBase

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], responses=Errors)


@router.get("/models", summary="List the collections")
async def models(service: TheService, visitor: TheVisitor) -> dict[str, Any]:
    """The names that go into `model`: "quoth" is the first collection."""
    names = dict.fromkeys(["quoth", *(room.name for room in rooms_of(service, visitor))])
    return {"object": "list", "data": [_model(name) for name in names]}


@router.get("/models/{model}", summary="Tell of a collection")
async def model(model: str, service: TheService, visitor: TheVisitor) -> dict[str, Any]:
    """One of them."""
    room_for(service, visitor, model)
    return _model(model)


@router.post(
    "/chat/completions",
    summary="Answer the last message of a conversation",
    responses={200: {"content": {"text/event-stream": {}}, "description": "A completion; with `stream`, in chunks."}},
)
async def chat(wanted: ChatRequest, service: TheService, visitor: TheVisitor, request: Request) -> Response:
    """As OpenAI's, from the documents.

    The message, and in a stream the last chunk with a choice, has a field `quoth`: the tokens with their posteriors,
    the sources, the confidence, whether the documents say it, and the question that stands alone. Done: `temperature`,
    `top_p`, `max_tokens`, `max_completion_tokens`, `n`, `seed`, one `stop`, `logprobs`. Messages of the system are
    not read; tools, penalties, formats and pictures are refused.
    """
    wanted.check()
    history, message = wanted.conversation
    room = room_for(service, visitor, wanted.model)
    asking = await service.desk.take(
        lambda: room.asked(**wanted.settings).chat(history).say(message), request.is_disconnected, visitor.id
    )
    reply = Reply(wanted)
    if wanted.stream:
        return Spoken(asking, reply.chunks(asking))
    try:
        return JSONResponse(reply.whole(await asking.answer(request.is_disconnected)))
    finally:
        await asking.close()


@router.post("/embeddings", summary="Embed texts")
async def embeddings(wanted: EmbeddingRequest, service: TheService, visitor: TheVisitor) -> dict[str, Any]:
    """(n,) texts to vectors of unit length, by the encoder of texts."""
    room = room_for(service, visitor, wanted.model)
    return await room.take(lambda: _embedded(room.base, wanted))


def _embedded(base: KnowledgeBase, wanted: EmbeddingRequest) -> dict[str, Any]:
    dimension = base.embed([]).shape[1]
    if wanted.dimensions not in (None, dimension):
        raise RefusedError(400, f"the encoder has {dimension} dimensions, not {wanted.dimensions}", "leave it out")
    vectors = base.embed(wanted.texts)
    as_base64 = wanted.encoding_format == "base64"
    data = [
        {
            "object": "embedding",
            "index": i,
            "embedding": base64.b64encode(vector.astype("<f4").tobytes()).decode() if as_base64 else vector.tolist(),
        }
        for i, vector in enumerate(vectors)
    ]
    words = sum(len(text.split()) for text in wanted.texts)
    counts = {"prompt_tokens": words, "total_tokens": words}
    return {"object": "list", "model": wanted.model, "data": data, "usage": counts}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "quoth"}
