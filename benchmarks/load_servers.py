"""Who answers in `load.py`: a knowledge base in this process, or `quoth serve` in another."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx

import quoth
from quoth.assistants.desk import Desk
from quoth.errors import BusyError

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Served:
    """An answer: seconds to its first piece and to its end, its text, log p of all its tokens.

    error: "busy" for who was sent away, else what went wrong.
    """

    question: str
    first: float = 0.0
    total: float = 0.0
    text: str = ""
    log_prob: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """Processor seconds, batches and tokens decoded so far (0 where they are not told), and MB of memory now."""

    cpu: float
    batches: int
    tokens: int
    megabytes: float


class Server(Protocol):
    """Who answers."""

    def ask(self, question: str, client: str, /) -> Served:
        """Ask, and wait for the end of the answer."""

    def work(self) -> Work:
        """What it has done so far."""


class InProcess:
    """A knowledge base in this process behind a desk, as a server has it."""

    def __init__(self, kb: quoth.KnowledgeBase, at_once: int, waiting: int) -> None:
        self._kb = kb
        self._desk = Desk(at_once, waiting)

    def ask(self, question: str, client: str, /) -> Served:
        """Ask, and wait for the end of the answer."""
        start, first = time.perf_counter(), 0.0
        try:
            with self._desk.place(client), self._kb.stream(question) as stream:
                for _ in stream:
                    first = first or time.perf_counter() - start
                answer = stream.answer
        except BusyError:
            return Served(question, error="busy")
        total = time.perf_counter() - start
        return Served(question, first or total, total, answer.text, sum(token.logprob for token in answer.tokens))

    def work(self) -> Work:
        """What it has done so far."""
        model: Any = self._kb._model
        loop = model.admission.loop
        return Work(time.process_time(), loop.batches, loop.tokens, megabytes(os.getpid()))


class OverHttp:
    """A server: `POST /answers`, streamed."""

    def __init__(self, url: str, pid: int) -> None:
        self._client = httpx.Client(base_url=url, timeout=600, limits=httpx.Limits(max_connections=None))
        self._pid = pid

    def ask(self, question: str, _client: str, /) -> Served:
        """Ask, and wait for the end of the answer."""
        start, first, found = time.perf_counter(), 0.0, ""
        with self._client.stream("POST", "/answers", json={"question": question, "stream": True}) as reply:
            if reply.status_code != httpx.codes.OK:
                is_busy = reply.status_code == httpx.codes.TOO_MANY_REQUESTS
                return Served(question, error="busy" if is_busy else str(reply.status_code))
            event = ""
            for line in reply.iter_lines():
                event = line.removeprefix("event: ") if line.startswith("event: ") else event
                if line.startswith("data: "):
                    first = first or time.perf_counter() - start
                    found = line.removeprefix("data: ")
        total, answer = time.perf_counter() - start, json.loads(found)
        if event != "answer":
            return Served(question, error=found)
        return Served(question, first, total, answer["answer"], sum(token["logprob"] for token in answer["tokens"]))

    def work(self) -> Work:
        """What it has done so far."""
        fields = Path(f"/proc/{self._pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return Work((int(fields[11]) + int(fields[12])) / TICKS, 0, 0, megabytes(self._pid))


def megabytes(pid: int) -> float:
    """What a process has in memory, in MB of 10^6 bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def served(folder: Path) -> Iterator[OverHttp]:
    """`quoth serve` over a knowledge base, until the end of the block."""
    script = Path(sys.executable).with_name("quoth")
    command = [script, "serve", "--kb", folder, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            url = next(found[0] for line in lines if (found := re.search(r"http://[\d.:]+", line)))
            _drain(lambda: any(lines))
            yield OverHttp(url, process.pid)
        finally:
            process.terminate()


def _drain(read: Callable[[], object]) -> None:
    """Let nobody wait for its words to be read."""
    threading.Thread(target=read, daemon=True).start()
