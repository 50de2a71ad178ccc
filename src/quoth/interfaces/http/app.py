"""The application: routes, gate and counters put together. `quoth serve` runs it; tests call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline

from quoth.interfaces.collections import Collections
from quoth.interfaces.http import answers, documents, searching
from quoth.interfaces.http.desk import Desk
from quoth.interfaces.http.gate import Gate, KeyRing
from quoth.interfaces.http.jobs import Jobs
from quoth.interfaces.http.metrics import Metering, Meters
from quoth.interfaces.http.openai import routes as openai_routes
from quoth.interfaces.http.refusals import tell_errors
from quoth.interfaces.http.replies import HealthReply
from quoth.interfaces.http.service import Service, TheService
from quoth.interfaces.http.turns import Turns
from quoth.interfaces.keeping import sweep
from quoth.knowledge import KnowledgeBase

BODY_BYTES = 30_000_000
"""The largest request but for uploads: a picture of 20 MB in base64."""

ABOUT = """Answers from your own documents, with the source of every word.

`/v1` speaks OpenAI's shapes: give `http://HOST:PORT/v1` to its clients as their base URL, and a collection's name as
the model. Beside it are Quoth's own routes. Every error is `{"error": {"message", "cause", "cure", ...}}`.
With keys, send `Authorization: Bearer KEY`."""

_plain = APIRouter(tags=["server"])


@_plain.get("/health", response_model=HealthReply, summary="Whether the server lives")
async def health() -> dict[str, Any]:
    """For load balancers; it needs no key."""
    return {"status": "ok", "version": version("quoth")}


@_plain.get(
    "/metrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus's text format."}},
)
async def metrics(service: TheService) -> Response:
    """Requests, seconds, first tokens, questions and jobs waiting, tokens, refusals; no names of anything."""
    return Response(service.meters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def make_app(bases: Sequence[KnowledgeBase], locked: bool = False) -> FastAPI:
    """The application over these knowledge bases.

    Args:
        bases: the first is the default.
        locked: nobody comes in without a key, though there may be none; else that is so as soon as there is one, and
            before everybody on this machine may do everything.
    """
    meters = Meters()
    collections = Collections(bases)
    service = Service(collections, Desk(meters), Turns(), Jobs(meters), meters)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        for collection in service.collections.all:
            sweep(collection.base)
        yield
        # Not here: a job takes its time to its next step, and the loop has others to serve.
        await to_thread.run_sync(service.jobs.close)

    app = FastAPIOffline(
        title="Quoth",
        version=version("quoth"),
        description=ABOUT,
        redoc_url=None,
        lifespan=living,
        max_body_size=BODY_BYTES,
        dependencies=[Depends(HTTPBearer(auto_error=False))],
        favicon_url="data:,",
    )
    app.state.service = service
    for router in (
        openai_routes.router,
        answers.router,
        searching.router,
        documents.router,
        documents.jobs_router,
        _plain,
    ):
        app.include_router(router)
    tell_errors(app)
    app.add_middleware(Gate, ring=KeyRing(collections, locked))
    app.add_middleware(Metering, meters=meters)
    return app
