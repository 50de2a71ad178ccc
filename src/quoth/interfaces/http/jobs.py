"""What takes long: jobs that one thread does, one after the other, for one process may write at a time."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from typing import Literal

from quoth.errors import NotFoundError, QuothError, StoppedError
from quoth.interfaces.http.metrics import Meters
from quoth.interfaces.http.refusals import RefusedError
from quoth.types import Failure

WAITING = 100
_KEPT = 1000
_LOG = logging.getLogger(__name__)

State = Literal["waiting", "working", "done", "failed"]


@dataclass
class Job:
    """Something that changes a knowledge base.

    owner: who may see it. done, total: documents. passages: written so far. Times are seconds since 1970.
    error: what ended it, for who waits; others read of it in `failed`.
    """

    kind: Literal["add", "remove"]
    collection: str
    owner: str
    documents: list[str]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = "waiting"
    done: int = 0
    total: int = 0
    passages: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: list[Failure] = field(default_factory=list)
    created: float = field(default_factory=time.time)
    finished: float | None = None
    error: QuothError | None = None


class Jobs:
    """The jobs of one server, in the order in which they came; those that ended are remembered for a while."""

    def __init__(self, meters: Meters, waiting: int = WAITING) -> None:
        self._meters = meters
        self._waiting = waiting
        self._jobs: dict[str, Job] = {}
        self._pool = ThreadPoolExecutor(1, "quoth-jobs")
        self._stopping = False

    def submit(self, job: Job, work: Callable[[Job], None]) -> Future[None]:
        """Put a job in the queue. The future ends with it, and never fails: the job tells how it went.

        Raises:
            RefusedError: 429, the queue is full.
        """
        self.check_room()
        self._jobs[job.id] = job
        for old in [name for name, one in self._jobs.items() if one.finished][:-_KEPT]:
            del self._jobs[old]
        self._meters.jobs.inc()
        return self._pool.submit(self._do, job, work)

    def check_room(self) -> None:
        """Refuse early what would not be taken.

        Raises:
            RefusedError: 429, the queue is full.
        """
        waiting = sum(job.finished is None for job in self._jobs.values())
        if waiting >= self._waiting:
            raise RefusedError(429, f"{waiting} jobs are waiting", "try again in a minute", Retry_After="60")

    def find(self, job_id: str, owner: str) -> Job:
        """A job of this owner.

        Raises:
            NotFoundError: there is none such.
        """
        job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise NotFoundError(f"there is no job {job_id!r}", "jobs are forgotten when the server ends")
        return job

    def close(self) -> None:
        """End: the job at work stops at its next step, which is waited for; what waits is not done."""
        self._stopping = True
        self._pool.shutdown(cancel_futures=True)

    def check(self) -> None:
        """Called by a job between its steps.

        Raises:
            StoppedError: the server ends; what the job committed stays.
        """
        if self._stopping:
            raise StoppedError("the server was stopped", "upload it again")

    def _do(self, job: Job, work: Callable[[Job], None]) -> None:
        job.state = "working"
        try:
            work(job)
        except QuothError as error:
            # A copy: the error itself holds all that it passed on its way.
            job.error = copy(error)
        except Exception:  # noqa: BLE001 - a bug: it is logged, and the next job has its turn
            _LOG.exception("job %s", job.id)
            job.error = QuothError("something went wrong here", "look into the server's log")
        finally:
            if job.error:
                job.failed.append(Failure("", job.error.cause, job.error.cure))
            went_in = job.added + job.updated + job.unchanged + job.removed
            job.state = "failed" if job.failed and not went_in else "done"
            job.finished = time.time()
            self._meters.jobs.dec()
