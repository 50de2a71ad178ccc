"""All parsing runs in one other process, with limits of time and memory.

A file that crashes, hangs or swallows memory costs that process, not ours: it is started anew and goes on
with the next file. It works ahead, so that files are read while our process encodes.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar, cast

from quoth.errors import DocumentError
from quoth.passages.look import Look
from quoth.passages.wire import LENGTH, Answer, Parsed, pack, unpack
from quoth.sources.items import Fetched
from quoth.types import Document

_AHEAD = 4
_PER_MEGABYTE = 5.0
_LIMITS = {
    # Address space is limited: each thread's stack and heap would count, on many cores beyond any limit.
    "MALLOC_ARENA_MAX": "2",
    "RAYON_NUM_THREADS": "2",
    "TOKIO_WORKER_THREADS": "2",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
}


Item = TypeVar("Item", bound=Path | Document | Fetched | Look)


class Parser:
    """Reads and splits files in a process of its own; a context manager.

    `seconds`: the limit for one file, with five more for each MB of it, and anew for each page or picture that
    was read by OCR. `memory`: bytes, 0 for no limit.
    `max_tokens`: the size of passages.
    """

    def __init__(self, seconds: float = 60.0, memory: int = 4 << 30, max_tokens: int = 200) -> None:
        self.seconds = seconds
        self.memory = memory
        self.max_tokens = max_tokens
        self._worker: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def __enter__(self) -> Parser:
        """Start the process now, so that it is ready for the first file."""
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process. It may be used again, then it starts anew."""
        if self._worker is not None:
            self._stop()

    def parse(self, item: Path | Document | Fetched) -> Parsed:
        """Read and split one file, or split one document. Raises DocumentError."""
        [(_, answer)] = self.parse_many([item])
        if isinstance(answer, DocumentError):
            raise answer
        return answer

    def draw(self, look: Look) -> bytes:
        """Draw a page or a picture, as a JPEG file. Raises DocumentError."""
        [(_, answer)] = self.parse_many([look])
        if isinstance(answer, DocumentError):
            raise answer
        return cast(bytes, answer)

    def parse_many(self, items: Iterable[Item]) -> Iterator[tuple[Item, Answer]]:
        """Every item with its document and passages, or with the error that kept it out; in order.

        Items are taken from `items` a few ahead. Leaving the iteration early ends the process.
        """
        source = iter(items)
        sent: deque[Item] = deque()
        try:
            while True:
                for item in islice(source, _AHEAD - len(sent)):
                    sent.append(item)
                    self._send(item)
                if not sent:
                    return
                answer = self._answer(sent)
                yield sent.popleft(), answer
        finally:
            if sent:
                # Answers to these would be taken for answers to the next call.
                self.close()

    def _answer(self, sent: Sequence[Path | Document | Fetched | Look]) -> Answer:
        """The answer to the first item sent. If the worker ends instead, the others are sent to a new one."""
        limit = self.seconds + _PER_MEGABYTE * size(sent[0]) / 1e6
        try:
            return self._receive(limit)
        except TimeoutError:
            cause = f"reading it took longer than {limit:.0f} s"
            self._stop()
        except EOFError:
            cause = self._stop()
        for item in list(sent)[1:]:
            self._send(item)
        return DocumentError(cause, "save it in another format, or split it")

    def _send(self, item: Path | Document | Fetched | Look) -> None:
        worker = self._start()
        try:
            cast(IO[bytes], worker.stdin).write(pack(str(item) if isinstance(item, Path) else item))
        except BrokenPipeError:
            # It just ended: whoever waits for its answers learns that, and why.
            return

    def _receive(self, seconds: float) -> Answer:
        """The next answer. Raises TimeoutError after so many seconds without a sign of life, EOFError if it ended."""
        length = 0
        while not length:
            deadline = time.monotonic() + seconds
            [length] = LENGTH.unpack(self._read(LENGTH.size, deadline))
        return cast(Answer, unpack(self._read(length, deadline)))

    def _read(self, size: int, deadline: float) -> bytes:
        output = cast(IO[bytes], self._start().stdout).fileno()
        data = bytearray()
        while len(data) < size:
            ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            if not (piece := os.read(output, min(size - len(data), 1 << 20))):
                raise EOFError
            data += piece
        return bytes(data)

    def _start(self) -> subprocess.Popen[bytes]:
        """The process, started if there is none. `-P`: modules in the current folder are not ours."""
        if self._worker is None:
            command = [
                sys.executable,
                "-P",
                "-m",
                "quoth.passages.worker",
                str(self.memory),
                str(self.max_tokens),
            ]
            # A file, because nobody reads a pipe while it fills.
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _stop
            self._worker = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(),
            )
        return self._worker

    def _stop(self) -> str:
        """End the process; returns how it ended if it had ended by itself."""
        worker, self._worker = self._start(), None
        errors, self._errors = cast(IO[bytes], self._errors), None
        with errors, cast(IO[bytes], worker.stdin), cast(IO[bytes], worker.stdout):
            try:
                # Its output is at an end before it is.
                worker.wait(0.2)
            except subprocess.TimeoutExpired:
                worker.kill()
            return _cause(worker.wait(), errors)


def _environment() -> dict[str, str]:
    """Our environment for the process, which shall find the same quoth."""
    package = Path(__file__).parents[2]
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(package))))
    return {**os.environ, **_LIMITS, "PYTHONPATH": path}


def _cause(status: int, errors: IO[bytes]) -> str:
    """What to say of a process that ended by itself with this status."""
    if status < 0:
        return f"the parser crashed on it ({signal.Signals(-status).name})"
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 2000))
    lines = errors.read().decode(errors="replace").strip().splitlines() or [""]
    return f"the parser ended with status {status}: {lines[-1][:200]}"


def size(item: Path | Document | Fetched | Look) -> int:
    """The bytes of a file, or the characters of a document; 0 for a file that is not there."""
    if isinstance(item, Fetched):
        return len(item.data)
    file = Path(item.path) if isinstance(item, Look) else item
    try:
        return len(file.text) if isinstance(file, Document) else file.stat().st_size
    except OSError:
        return 0
