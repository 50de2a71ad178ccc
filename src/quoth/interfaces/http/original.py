"""A document's file, sent as it was added or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from urllib.parse import quote

from starlette.responses import StreamingResponse

from quoth.errors import NotFoundError
from quoth.interfaces.http.refusals import RefusedError
from quoth.sources.media import TEXT, media_type

_PIECE = 1 << 20
# A page from a document must not act in our name: no scripts, no forms, and no guessing of another type.
_SAFE = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


def send_original(name: str, digest: str) -> StreamingResponse:
    """The file of a document.

    Raises:
        NotFoundError: it is no file, or gone.
        RefusedError: 409, it is not what was added any more.
    """
    path = Path(name)
    file = _open(path)
    # Of the open file: what is sent is what was looked at.
    if hashlib.file_digest(file, "sha256").hexdigest() != digest:
        file.close()
        raise RefusedError(409, f"{path.name} has changed since it was added", "add it again")
    file.seek(0)
    size = os.fstat(file.fileno()).st_size
    headers = {"Content-Length": str(size), "Content-Disposition": f"inline; filename*=utf-8''{quote(path.name)}"}
    return StreamingResponse(_pieces(file), media_type=media_type(path) or TEXT, headers={**headers, **_SAFE})


def _open(path: Path) -> BufferedReader:
    missing = NotFoundError(f"there is no file {path.name}", "read its passages: GET /passages/{passage_id}")
    if not path.is_absolute():
        raise missing
    try:
        # A pipe would keep us waiting.
        file = open(path, "rb", opener=_opener)  # noqa: SIM115 - it is sent when we have returned
    except (OSError, ValueError) as error:
        raise missing from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise missing
    return file


def _opener(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _pieces(file: BufferedReader) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
