"""What is said of an error over HTTP: one shape everywhere, that which clients of OpenAI read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from quoth.errors import BusyError, DocumentError, NotFoundError, QuothError, StoreError, TooLongError, UsageError

_STATUSES: tuple[tuple[type[QuothError], int], ...] = (
    (NotFoundError, 404),
    (UsageError, 400),
    (DocumentError, 422),
    (TooLongError, 400),
    (BusyError, 429),
    (StoreError, 503),
    (QuothError, 500),
)
_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class RefusedError(QuothError):
    """A request that is not served: with its status, and the headers that go with it."""

    def __init__(self, status: int, cause: str, cure: str = "", **headers: str) -> None:
        super().__init__(cause, cure)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def status_of(error: QuothError) -> int:
    """The status that stands for an error of ours."""
    return (
        error.status
        if isinstance(error, RefusedError)
        else next(code for kind, code in _STATUSES if isinstance(error, kind))
    )


def error_shape(status: int, cause: str, cure: str = "", param: str | None = None) -> dict[str, Any]:
    """OpenAI's shape of an error, with our cause and cure."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    message = f"{cause}; {cure}" if cure else cause
    return {"error": {"message": message, "type": kind, "param": param, "code": None, "cause": cause, "cure": cure}}


def reply(
    status: int, cause: str, cure: str = "", param: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The whole response."""
    return JSONResponse(error_shape(status, cause, cure, param), status, headers=dict(headers or {}))


def reply_to(error: QuothError) -> JSONResponse:
    """The response to an error of ours."""
    headers = error.headers if isinstance(error, RefusedError) else {}
    if isinstance(error, BusyError):
        headers = {"Retry-After": f"{error.retry_after:.0f}"}
    return reply(status_of(error), error.cause, error.cure, headers=headers)


def tell_errors(app: FastAPI) -> None:
    """Let the application answer every error in this shape; what is no error of ours is a bug, and logged."""

    @app.exception_handler(QuothError)
    async def ours(_: Request, error: QuothError) -> JSONResponse:
        return reply_to(error)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        status = 400 if request.url.path.startswith("/v1/") else 422
        return reply(status, f"{where}: {first['msg']}" if where else first["msg"], "see /docs", where or None)

    @app.exception_handler(HTTPException)
    async def theirs(_: Request, error: HTTPException) -> JSONResponse:
        return reply(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, _error: ClientDisconnect) -> JSONResponse:
        return reply(400, "the request broke off", "send it again")

    @app.exception_handler(Exception)
    async def bug(_: Request, _error: Exception) -> JSONResponse:
        return reply(500, "something went wrong here", "look into the server's log, and tell its keeper")
