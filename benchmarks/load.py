"""Many who ask at the same time: answers a second, the wait of each, and what batches there were.

    python benchmarks/load.py --askers 1 2 4 8 16 32

Each asker asks a question, waits for its answer, asks the next; all share one knowledge base, whose passage states were
read before. Where an asker is sent away (429) it counts and comes back later. Questions and documents are those of
`examples/`, or others: a file with a JSON object {"question": ...} a line, and a folder. With --url the askers are
clients of a running `quoth serve`; its documents are then its own.

CPU s is processor time for an answer: it counts all threads and does not mind that a machine is busy with other things.
The last table is the bound: what llama.cpp's own decode takes for a step of so many sequences. Target: with 8 askers at
least 2.5 times the answers a second of one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import quoth
from common import Table, folder_for, tell
from quoth.assistants.desk import Desk
from quoth.errors import BusyError

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MANY, TIMES = 8, 2.5
# How long who was sent away stays away, in seconds.
PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Served:
    """Seconds to the first piece and to the end of an answer; `is_busy` if there was none."""

    first: float
    total: float
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Processor seconds, batches and tokens decoded so far."""

    cpu: float
    batches: int = 0
    tokens: int = 0


class Server(Protocol):
    """Who answers."""

    def ask(self, question: str, client: str) -> Served:
        """Ask, and wait for the end of the answer."""

    def work(self) -> Work:
        """What it has done so far."""


class InProcess:
    """A knowledge base in this process behind a desk, as a server has it."""

    def __init__(self, kb: quoth.KnowledgeBase, at_once: int, waiting: int) -> None:
        self._kb = kb
        self._desk = Desk(at_once, waiting)

    def ask(self, question: str, client: str) -> Served:
        """Ask, and wait for the end of the answer."""
        start = time.perf_counter()
        first = 0.0
        try:
            with self._desk.place(client), self._kb.stream(question) as stream:
                for _ in stream:
                    first = first or time.perf_counter() - start
        except BusyError:
            return Served(0, 0, is_busy=True)
        total = time.perf_counter() - start
        return Served(first or total, total)

    def work(self) -> Work:
        """What it has done so far."""
        model: Any = self._kb._model
        loop = model.admission.loop
        return Work(time.process_time(), loop.batches, loop.tokens)


def serve(server: Server, askers: int, questions: Iterator[str], enough: Callable[[int], bool]) -> list[Served]:
    """Let so many ask at the same time until it is enough."""
    served: list[Served] = []

    def ask(client: str) -> None:
        while not enough(len(served)):
            one = server.ask(next(questions), client)
            served.append(one)
            if one.is_busy:
                time.sleep(PAUSE)

    threads = [threading.Thread(target=ask, args=(f"client {n}",)) for n in range(askers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return served


def measure(table: Table, server: Server, askers: int, texts: Sequence[str], answers: int, base: float) -> float:
    """One row of the table; returns the answers a second."""
    tell(f"{askers} askers")
    before, start = server.work(), time.perf_counter()
    served = serve(server, askers, _endless(texts), lambda done: done + askers > answers)
    seconds, after = time.perf_counter() - start, server.work()
    told = [one for one in served if not one.is_busy]
    rate, batches = len(told) / seconds, max(1, after.batches - before.batches)
    cells = [f"{rate:.2f}", f"{rate / (base or rate):.2f}"]
    for values in ([one.first for one in told], [one.total for one in told]):
        cells += [f"{statistics.median(values):.2f}", f"{_p95(values):.2f}"]
    cells += [f"{(after.cpu - before.cpu) / len(told):.2f}", f"{(after.tokens - before.tokens) / batches:.1f}"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    aim = (f">= {TIMES} times", rate / base >= TIMES) if base and askers == MANY else None
    table.row(askers, *cells, len(served) - len(told), f"{peak:.0f}", aim=aim)
    return rate


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


class _Endless:
    """The questions again and again, for any number of threads."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = itertools.cycle(texts)
        self._lock = threading.Lock()

    def __iter__(self) -> _Endless:
        return self

    def __next__(self) -> str:
        with self._lock:
            return next(self._texts)


def _endless(texts: Sequence[str]) -> Iterator[str]:
    return _Endless(texts)


def print_bound(threads: int, sizes: Sequence[int]) -> None:
    """What a step and a question's reading take in the runtime alone."""
    from bare_llama import BareLlama
    from quoth.generators import Prompt, find_model

    table = Table("sequences a step", "ms a step", "ms a sequence")
    head, passage = tuple(range(1000, 1900)), tuple(range(2000, 2200))
    for size in sizes:
        bare = BareLlama(find_model(""), threads, size, cells=16384)
        bare.read([Prompt((head, (*passage, n))) for n in range(size)])
        seconds = min(bare.timed_step([5] * size) for _ in range(5))
        bare.close()
        table.row(size, f"{seconds * 1e3:.0f}", f"{seconds * 1e3 / size:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--askers", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--answers", type=int, default=48, help="for each row")
    parser.add_argument("--decoding", default="sequence")
    parser.add_argument("--threads", type=int, default=0, help="0: what Quoth measures to be fastest")
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--waiting", type=int, default=32)
    parser.add_argument("--kb", type=Path, help="keep the knowledge base and its states here")
    parser.add_argument("--documents", type=Path, default=EXAMPLES / "documents")
    parser.add_argument("--questions", type=Path, default=EXAMPLES / "questions.jsonl")
    arguments = parser.parse_args()
    texts = [json.loads(line)["question"] for line in arguments.questions.read_text("utf-8").splitlines()]
    with folder_for(arguments.kb) as folder:
        kb = quoth.open(folder, threads=arguments.threads, decoding=arguments.decoding)
        kb.add(arguments.documents)
        server = InProcess(kb, arguments.at_once, arguments.waiting)
        tell("reading the passages")
        for text in texts:
            server.ask(text, "")
        title = f"askers, {arguments.decoding}"
        waits = ("first s", "p95", "whole s", "p95")
        table = Table(title, "answers/s", "times", *waits, "CPU s", "tokens a batch", "busy", "peak MB")
        base = 0.0
        for askers in arguments.askers:
            rate = measure(table, server, askers, texts, max(arguments.answers, askers), base)
            base = base or (rate if askers == 1 else 0.0)
        print_bound(kb._model.threads, [5, 10, 20, 40])


if __name__ == "__main__":
    main()
