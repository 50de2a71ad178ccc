"""Uploaded files: received into a folder of their own, looked at, added by a job, and kept if they went in."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from anyio import to_thread
from fastapi import Request
from starlette.datastructures import UploadFile

from quoth.interfaces import keeping
from quoth.interfaces.http.inspecting import inspect, safe_name
from quoth.interfaces.http.jobs import Job, Jobs
from quoth.interfaces.http.refusals import RefusedError
from quoth.interfaces.keeping import Incoming
from quoth.knowledge import KnowledgeBase
from quoth.store import StoredDocument
from quoth.types import Failure

FILES = 100
"""In one upload."""


async def receive(request: Request, folder: Path) -> Incoming:
    """The files of a multipart request, in a new folder that is the caller's to close; nothing is left on an error.

    Raises:
        RefusedError: the request is not what it should be, or a file is not acceptable.
    """
    async with request.form(max_files=FILES, max_fields=FILES) as form:
        uploads = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not uploads:
            raise RefusedError(
                400, "there is no file in the request", "send multipart/form-data: curl -F files=@FILE ..."
            )
        names = [safe_name(upload.filename) for upload in uploads]
        if len(set(names)) < len(names):
            raise RefusedError(400, "two files have one name", "rename one")
        return await to_thread.run_sync(_take, folder, names, uploads)


def _take(kept: Path, names: Sequence[str], uploads: Sequence[UploadFile]) -> Incoming:
    incoming = Incoming(kept)
    try:
        for name, upload in zip(names, uploads, strict=True):
            path = incoming.new(name)
            with path.open("wb") as file:
                shutil.copyfileobj(upload.file, file)
            inspect(path)
    except BaseException:
        incoming.close()
        raise
    return incoming


def place_of(uploads: Path, groups: Sequence[str]) -> Path:
    """Where files are kept of those who see these groups: nobody replaces what they may not see."""
    if not groups:
        return uploads
    return uploads / hashlib.sha256("\n".join(sorted(groups)).encode()).hexdigest()[:16]


def add(base: KnowledgeBase, incoming: Incoming, folder: Path, jobs: Jobs, job: Job) -> None:
    """The work of a job: keep received files, as `quoth.interfaces.keeping.keep` does."""

    def progress(done: int, total: int, passages: int) -> None:
        job.done, job.total, job.passages = done, total, passages
        jobs.check()

    with incoming:
        report = keeping.keep(base, incoming, folder, progress)
    job.added, job.updated, job.unchanged = report.added, report.updated, report.unchanged
    job.done, job.passages = len(incoming.files), report.passages
    job.failed += [Failure(Path(one.path).name, one.cause, one.cure) for one in report.failed]


def remove(base: KnowledgeBase, document: StoredDocument, job: Job) -> None:
    """The work of a job: take a document out, and its file if it was uploaded."""
    keeping.remove(base, document)
    job.removed = job.done = 1
