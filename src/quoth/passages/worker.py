"""The process that reads files: `python -m quoth.passages.worker MEMORY_BYTES MAX_TOKENS`.

It takes requests on standard input, one after the other, and answers each on standard output. It ends when
its input ends, also in the middle of a file: nothing stays behind when the parent is killed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from quoth.errors import DocumentError, QuothError
from quoth.passages.figures import figure_passages
from quoth.passages.heartbeat import on_beat
from quoth.passages.look import Look
from quoth.passages.parse import parse, parse_fetched
from quoth.passages.split import split
from quoth.passages.wire import BEAT, LENGTH, Answer, Parsed, Request, pack, unpack
from quoth.sources.items import Fetched
from quoth.types import Document

try:
    import resource
except ImportError:  # Windows has no such limits.
    resource = None  # type: ignore[assignment]


def main(memory: int, max_tokens: int) -> None:
    """Answer requests until the input ends."""
    # Ctrl-C reaches every process of the terminal; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(memory)
    requests, answers = _own_channels()
    on_beat(partial(_send, answers, BEAT))
    waiting: SimpleQueue[Request] = SimpleQueue()
    threading.Thread(target=_receive, args=(requests, waiting), daemon=True).start()
    while True:
        _send(answers, pack(_answer(waiting.get(), max_tokens)))


def _send(answers: BinaryIO, message: bytes) -> None:
    answers.write(message)
    answers.flush()


def _own_channels() -> tuple[BinaryIO, BinaryIO]:
    """The two channels under new numbers: what a library prints goes to standard error instead."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, answers


def _receive(requests: BinaryIO, waiting: SimpleQueue[Request]) -> None:
    """Read requests ahead; leave at once when there are no more."""
    while header := requests.read(LENGTH.size):
        waiting.put(unpack(requests.read(*LENGTH.unpack(header))))  # type: ignore[arg-type]
    os._exit(0)


def _limit_memory(limit: int) -> None:
    """Limit the address space, in bytes, where the platform can."""
    if resource is None or limit <= 0:
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ValueError, OSError):  # macOS knows the name but may refuse; the limit of time still holds.
        return


def _answer(request: Request, max_tokens: int) -> Answer | bytes:
    try:
        if isinstance(request, Look):
            # Few look, and they wait for nothing else.
            from quoth.passages.marking import draw

            return draw(request)
        document = _read(request)
        return Parsed(document, (*split(document, max_tokens), *figure_passages(document)))
    except DocumentError as error:
        return error
    except MemoryError:
        return DocumentError("it needs more memory than the parser may use", "split the file, or raise the limit")
    except QuothError as error:
        return DocumentError(error.cause, error.cure)
    except Exception as error:  # noqa: BLE001
        # Parsers of other people's formats fail in ways that nobody lists, and one bad file stops nothing.
        cause = f"the parser failed: {type(error).__name__}: {error}"
        return DocumentError(cause[:300], "save it in another format, and report this file to the project")


def _read(request: str | Document | Fetched) -> Document:
    if isinstance(request, Fetched):
        return parse_fetched(request)
    return request if isinstance(request, Document) else parse(Path(request))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
