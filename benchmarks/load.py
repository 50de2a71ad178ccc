"""Many who ask at the same time: answers a second, the wait of each, and what batches there were.

    python benchmarks/load.py --askers 1 2 4 8 16 32
    python benchmarks/load.py --http --askers 32 --seconds 60

Each asker asks a question, waits for its answer, asks the next; all share one model, whose passage states were read
before. Who is sent away (429) comes back later. Questions and documents are those of `examples/`, or others: a file
with a JSON object {"question": ...} a line, and a folder. With --http the knowledge base is behind `quoth serve`, in a
process of its own, and the askers are its clients.

CPU s is processor time for an answer, of all threads: it does not mind a machine that is busy with other things.
"other answers": of the questions that the first row answered too, how many got another text, and how far log p of those
with the same text moved at most; with one asker in the first row that is what batches of others do to an answer. The
second table is the bound: llama.cpp's own decode alone, a step of so many sequences. Target: with 8 askers at least 2.5
times the answers a second of one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import quoth
from bare_llama import BareLlama
from common import Table, folder_for, tell
from load_servers import InProcess, Served, Server, served
from quoth.generators import Prompt, find_model

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MANY, TIMES = 8, 2.5
# How long who was sent away stays away, in seconds.
PAUSE = 0.5


class Questions:
    """The questions again and again, for any number of threads."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = itertools.cycle(texts)
        self._lock = threading.Lock()

    def next(self) -> str:
        """The next one."""
        with self._lock:
            return next(self._texts)


def ask_together(
    server: Server, askers: int, questions: Questions, enough: Callable[[int], bool]
) -> tuple[list[Served], float]:
    """What so many got who asked until it was enough, and in how many seconds."""
    found: list[Served] = []

    def ask(client: str) -> None:
        while not enough(len(found)):
            one = server.ask(questions.next(), client)
            found.append(one)
            if one.error:
                time.sleep(PAUSE)

    threads = [threading.Thread(target=ask, args=(f"client {n}",)) for n in range(askers)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found, time.perf_counter() - start


class Rows:
    """The table: a row for each number of askers, compared with the first."""

    def __init__(self, server: Server, texts: Sequence[str], title: str) -> None:
        self._server = server
        self._texts = texts
        self._rates: dict[int, float] = {}
        self._known: dict[str, Served] = {}
        waits = ("first s", "p95", "whole s", "p95")
        found = ("busy", "errors", "other answers", "log p moved", "MB before", "MB after")
        self._table = Table(title, "answers", "answers/s", "times", *waits, "CPU s", "tokens a batch", *found)

    def measure(self, askers: int, answers: int, seconds: float) -> None:
        """One row: so many answers, or as many as there are in so many seconds."""
        tell(f"{askers} askers")
        end = time.perf_counter() + seconds

        def enough(done: int) -> bool:
            return time.perf_counter() > end if seconds else done + askers > max(answers, askers)

        before = self._server.work()
        found, took = ask_together(self._server, askers, Questions(self._texts), enough)
        after, told = self._server.work(), [one for one in found if not one.error]
        self._rates[askers] = len(told) / took
        times = self._rates[askers] / self._rates.get(1, next(iter(self._rates.values())))
        waits = [of for values in ([o.first for o in told], [o.total for o in told]) for of in _middle_and_high(values)]
        busy = sum(one.error == "busy" for one in found)
        cells = [len(told), f"{self._rates[askers]:.2f}", f"{times:.2f}", *waits]
        cells.append(f"{(after.cpu - before.cpu) / len(told):.2f}")
        batches = after.batches - before.batches
        cells.append(f"{(after.tokens - before.tokens) / batches:.1f}" if batches > 0 else "")
        cells += [busy, len(found) - len(told) - busy, *self._compared(told)]
        aim = (f">= {TIMES} times", times >= TIMES) if askers == MANY and 1 in self._rates else None
        self._table.row(askers, *cells, f"{before.megabytes:.0f}", f"{after.megabytes:.0f}", aim=aim)

    def _compared(self, told: Sequence[Served]) -> tuple[str, str]:
        """How many answers are others than in the first row, and how far log p of the same moved."""
        pairs = [(self._known.setdefault(one.question, one), one) for one in told]
        pairs = [(old, new) for old, new in pairs if old is not new]
        for old, new in pairs:
            if old.text != new.text:
                tell(f"  {new.question} {old.text} -> {new.text}")
        moved = [abs(old.log_prob - new.log_prob) for old, new in pairs if old.text == new.text]
        return f"{len(pairs) - len(moved)} of {len(pairs)}", f"{max(moved, default=0):.3f}"


def _middle_and_high(values: Sequence[float]) -> tuple[str, str]:
    """The median, and what 95 of 100 do not exceed."""
    high = sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]
    return f"{statistics.median(values):.2f}", f"{high:.2f}"


def print_bound(threads: int, sizes: Sequence[int]) -> None:
    """What a step takes in the runtime alone."""
    table = Table("sequences a step", "ms", "ms a sequence", "CPU ms a sequence")
    head, passage = tuple(range(1000, 1900)), tuple(range(2000, 2200))
    for size in sizes:
        bare = BareLlama(find_model(""), threads, size, cells=16384)
        bare.read([Prompt((head, (*passage, n))) for n in range(size)])
        start = time.process_time()
        seconds = [bare.timed_step([5] * size) for _ in range(5)]
        cpu = (time.process_time() - start) / 5
        bare.close()
        table.row(size, f"{min(seconds) * 1e3:.0f}", f"{min(seconds) * 1e3 / size:.1f}", f"{cpu * 1e3 / size:.1f}")


@contextmanager
def _server(arguments: argparse.Namespace) -> Iterator[Server]:
    with folder_for(arguments.kb) as folder:
        settings = {"threads": arguments.threads, "decoding": arguments.decoding}
        kb = quoth.open(folder, **settings)
        kb.add(arguments.documents)
        if not arguments.http:
            yield InProcess(kb, arguments.at_once, arguments.waiting)
            return
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        (folder / "settings.toml").write_text("".join(lines), "utf-8")
        with served(folder) as server:
            yield server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--askers", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--answers", type=int, default=48, help="for each row")
    parser.add_argument("--seconds", type=float, default=0, help="for each row, instead of --answers")
    parser.add_argument("--decoding", default="sequence")
    parser.add_argument("--threads", type=int, default=0, help="0: what Quoth measures to be fastest")
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--waiting", type=int, default=32)
    parser.add_argument("--http", action="store_true", help="through `quoth serve`")
    parser.add_argument("--kb", type=Path, help="keep the knowledge base and its states here")
    parser.add_argument("--documents", type=Path, default=EXAMPLES / "documents")
    parser.add_argument("--questions", type=Path, default=EXAMPLES / "questions.jsonl")
    arguments = parser.parse_args()
    texts = [json.loads(line)["question"] for line in arguments.questions.read_text("utf-8").splitlines()]
    with _server(arguments) as server:
        tell("reading the passages")
        for text in texts:
            server.ask(text, "")
        rows = Rows(server, texts, f"askers, {arguments.decoding}")
        for askers in arguments.askers:
            rows.measure(askers, arguments.answers, arguments.seconds)
    if not arguments.http:
        print()
        print_bound(arguments.threads or os.cpu_count() or 1, [5, 10, 20, 40])


if __name__ == "__main__":
    main()
