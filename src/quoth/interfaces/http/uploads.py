"""Uploaded files: received into a folder of their own, looked at, added by a job, and kept if they went in."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from anyio import to_thread
from fastapi import Request
from starlette.datastructures import UploadFile

from quoth.interfaces.collections import documents_of
from quoth.interfaces.http.inspecting import inspect, safe_name
from quoth.interfaces.http.jobs import Job, Jobs
from quoth.interfaces.http.refusals import RefusedError
from quoth.knowledge import KnowledgeBase
from quoth.manifest import UPLOADS_FOLDER
from quoth.sources import digest, document_id
from quoth.types import Failure

FILES = 100
"""In one upload."""

INCOMING = ".incoming"


def sweep(uploads: Path) -> None:
    """Remove what an earlier server left half received."""
    shutil.rmtree(uploads / INCOMING, ignore_errors=True)


async def receive(request: Request, folder: Path) -> list[Path]:
    """The files of a multipart request, in a new folder that is the caller's to remove; nothing is left on an error.

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


def _take(kept: Path, names: Sequence[str], uploads: Sequence[UploadFile]) -> list[Path]:
    (kept / INCOMING).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=kept / INCOMING))
    try:
        for name, upload in zip(names, uploads, strict=True):
            with (folder / name).open("wb") as file:
                shutil.copyfileobj(upload.file, file)
            inspect(folder / name)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return [folder / name for name in names]


def place_of(uploads: Path, groups: Sequence[str]) -> Path:
    """Where files are kept of those who see these groups: nobody replaces what they may not see."""
    if not groups:
        return uploads
    return uploads / hashlib.sha256("\n".join(sorted(groups)).encode()).hexdigest()[:16]


def add(base: KnowledgeBase, files: Sequence[Path], folder: Path, jobs: Jobs, job: Job) -> None:
    """The work of a job: put received files where they stay and add them; one that does not go in leaves no trace.

    A file that was there under its name comes back if the new one is not readable.
    """
    incoming = files[0].parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        former = incoming / "former"
        former.mkdir()
        placed = [_place(file, folder / file.name, former) for file in files]
        try:
            _add(base, placed, jobs, job)
        finally:
            _settle(base, placed, former)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _place(file: Path, target: Path, former: Path) -> Path:
    if target.exists():
        target.replace(former / target.name)
    return file.replace(target)


def _add(base: KnowledgeBase, files: Sequence[Path], jobs: Jobs, job: Job) -> None:
    def progress(done: int, total: int, passages: int) -> None:
        job.done, job.total, job.passages = done, total, passages
        jobs.check()

    report = base.add(*files, progress=progress)
    job.added, job.updated, job.unchanged = report.added, report.updated, report.unchanged
    job.done, job.passages = len(files), report.passages
    job.failed += [Failure(Path(one.path).name, one.cause, one.cure) for one in report.failed]


def _settle(base: KnowledgeBase, placed: Sequence[Path], former: Path) -> None:
    """Keep the files that the knowledge base has; in the others' place comes what was there before."""
    held = {known.name: known.digest for known in documents_of(base)}
    for file in placed:
        if held.get(document_id(file)) == digest(file):
            continue
        before = former / file.name
        if before.exists():
            before.replace(file)
        else:
            file.unlink()


def remove(base: KnowledgeBase, name: str, job: Job) -> None:
    """The work of a job: take a document out, and its file if it was uploaded."""
    base.remove(name)
    job.removed = job.done = 1
    if (base.folder / UPLOADS_FOLDER).resolve() in Path(name).parents:
        Path(name).unlink(missing_ok=True)
