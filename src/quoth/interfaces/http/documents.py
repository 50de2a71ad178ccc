"""`/documents` and `/jobs`: what is in a collection, what goes in and out."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import Future
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from quoth.errors import NotFoundError
from quoth.interfaces import shapes
from quoth.interfaces.collections import documents_of
from quoth.interfaces.http import uploads
from quoth.interfaces.http.jobs import Job
from quoth.interfaces.http.original import send_original
from quoth.interfaces.http.refusals import RefusedError
from quoth.interfaces.http.replies import DocumentReply, DocumentsReply, Errors, JobReply
from quoth.interfaces.http.service import Reading, Room, TheService, TheVisitor, Writing
from quoth.store import StoredDocument

router = APIRouter(tags=["documents"], responses=Errors)
jobs_router = APIRouter(tags=["jobs"], responses=Errors)

UPLOAD_BYTES = 200_000_000
"""The largest upload, of all its files together: as much as `quoth add` reads of one file."""

PATIENCE_S = 30.0
"""How long a removal waits for its turn before it answers that it will be done."""

DocumentId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["9b1f0c2d3e4a5b6c"])]
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": uploads.FILES,
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}


@router.post(
    "/documents",
    status_code=202,
    response_model=JobReply,
    openapi_extra=_UPLOAD,
    max_body_size=UPLOAD_BYTES,
    summary="Upload documents and pictures",
    responses={201: {"model": JobReply, "description": "With `wait`: done."}},
)
async def upload(
    request: Request,
    room: Writing,
    wait: Annotated[bool, Query(description="Answer when it is done, not when it has begun.")] = False,
) -> Response:
    """Put files in: `curl -F files=@notes.md -F files=@scan.pdf .../documents`.

    A file's name decides how it is read; a document that was uploaded under the same name is replaced. The answer is a
    job: ask `/jobs/{job_id}` how far it is. What cannot be read is in its `failed`, and is not kept.
    """
    room.service.jobs.check_room()
    incoming = await uploads.receive(request, room.uploads)
    names = [file.name for file in incoming.files]
    job = Job("add", room.name, room.visitor.id, names, total=len(names))
    folder = uploads.place_of(room.uploads, room.groups)
    work = partial(uploads.add, room.base, incoming, folder, room.service.jobs)
    try:
        ended = room.service.jobs.submit(job, work)
    except BaseException:
        incoming.close()
        raise
    if wait:
        await asyncio.wrap_future(ended)
        _check(job)
    return JSONResponse(_job_shape(job), 201 if wait else 202, headers={"Location": f"/jobs/{job.id}"})


@router.get("/documents", response_model=DocumentsReply, summary="List the documents")
def list_documents(
    room: Reading,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """A page of the list, by name."""
    held = documents_of(room.base)
    return {"total": len(held), "documents": [_shape(room, one) for one in held[offset : offset + limit]]}


@router.get("/documents/{document_id}", response_model=DocumentReply, summary="Tell of a document")
def get_document(document_id: DocumentId, room: Reading) -> dict[str, Any]:
    """What is known of it."""
    return _shape(room, _find(room, document_id))


@router.get(
    "/documents/{document_id}/file",
    summary="Open the source",
    response_class=Response,
    responses={200: {"content": {"*/*": {}}, "description": "The file, as it was added."}},
)
def get_file(document_id: DocumentId, room: Reading) -> Response:
    """The file of a document, if it is still what was added."""
    known = _find(room, document_id)
    return send_original(known.name, known.digest)


@router.delete(
    "/documents/{document_id}",
    response_model=JobReply,
    summary="Remove a document",
    responses={202: {"model": JobReply, "description": "It waits for its turn: ask `/jobs/{job_id}`."}},
)
async def delete_document(document_id: DocumentId, room: Writing) -> Response:
    """Take it out, and its file if it was uploaded; it is gone from every answer at once."""
    known = await asyncio.to_thread(_find, room, document_id)
    job = Job("remove", room.name, room.visitor.id, [known.name], total=1)
    ended = room.service.jobs.submit(job, partial(uploads.remove, room.base, known))
    is_done = await _wait(ended)
    if is_done:
        _check(job)
    return JSONResponse(_job_shape(job), 200 if is_done else 202)


@jobs_router.get("/jobs/{job_id}", response_model=JobReply, summary="Tell how far a job is")
def get_job(
    job_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")], service: TheService, visitor: TheVisitor
) -> dict[str, Any]:
    """A job of yours: its state, the documents done, what failed."""
    return _job_shape(service.jobs.find(job_id, visitor.id))


async def _wait(ended: Future[None]) -> bool:
    try:
        await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(ended)), PATIENCE_S)
    except TimeoutError:
        return False
    return True


def _check(job: Job) -> None:
    """Tell who waited for a job that nothing came of it.

    Raises:
        QuothError: what ended it.
        RefusedError: 422, no file could be read; with what is wrong with the first.
    """
    if job.error:
        raise job.error
    if job.state == "failed":
        first = job.failed[0]
        raise RefusedError(422, f"{first.path}: {first.cause}", first.cure)


def _find(room: Room, document_id: str) -> StoredDocument:
    for known in documents_of(room.base):
        if id_of(known.name) == document_id:
            return known
    raise NotFoundError(f"there is no document {document_id!r}", "GET /documents lists them")


def id_of(name: str) -> str:
    """What a document is called in a URL: 16 hexadecimal digits of the SHA-256 of its name."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _shape(room: Room, known: StoredDocument) -> dict[str, Any]:
    [shape] = shapes.documents_shape([known])
    # Others' groups are nobody's business.
    groups = [group for group in known.groups if room.visitor.keys is None or group in room.groups]
    return {"id": id_of(known.name), **shape, "groups": groups}


def _job_shape(job: Job) -> dict[str, Any]:
    return JobReply.model_validate(job, from_attributes=True).model_dump()
