"""Passage states: their size, the time to load them instead of reading, and what keeping them in 8 bits costs.

    python benchmarks/states.py --threads 1

For sets of five passages of `examples/documents` and a question: the seconds until the next token's probabilities are
there, with the states read anew, loaded from disk, and at hand in memory; and how far these probabilities are apart.
Then whole answers, greedy: the same ones with states kept, without, and in 8 bits? And the F1 of f16 and q8 on our
development questions. Targets: log p with and without kept states within 1e-3 and the same answers; q8 at most .55 of
the size.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

import quoth
from common import Table, tell
from quoth.evaluation import evaluate_qa, fill, read_beir
from quoth.generators import Prompt, StateFolder
from quoth.generators.llama import LlamaModel
from quoth.generators.llama_identity import state_identity
from quoth.generators.models import find_model
from quoth.generators.states import StateCache
from quoth.rag import prompt_maker
from quoth.types import Hit, LogProbs, StateType

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, DEVELOPMENT = ROOT / "examples", ROOT / "tools" / "dev"
MEMBERS, ROOM = 5, 2 << 30
# Nobody says a token that is less likely: its log p is not compared.
LIKELY = 1e-3
NONE_KEPT = {"state_megabytes": 0, "state_disk_megabytes": 0}


@dataclass(frozen=True, slots=True)
class Timed:
    """One set of passages: seconds and (k, V) log p, read anew, from disk and from memory; bytes a passage."""

    seconds: tuple[float, float, float]
    rows: tuple[LogProbs, LogProbs, LogProbs]
    bytes: float


def questions() -> list[str]:
    """Those of the examples."""
    lines = (EXAMPLES / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


@contextmanager
def opened(folder: Path, state_type: StateType, threads: int) -> Iterator[LlamaModel]:
    """The default model with its states in a folder."""
    path = find_model("")
    states = StateFolder(folder, ROOM, state_identity(path, state_type))
    model = LlamaModel(path, threads, ROOM, states, state_type)
    yield model
    model.close()


def read(model: LlamaModel, prompts: Sequence[Prompt]) -> tuple[float, LogProbs]:
    """Seconds until the next token's probabilities are there, and what they are."""
    start = time.perf_counter()
    with model.read(prompts) as reading:
        return time.perf_counter() - start, reading.log_probs.copy()


def measure(model: LlamaModel, prompts: Sequence[Prompt]) -> Timed:
    """One set of passages."""
    folder, model.bodies.folder, model.bodies.cache = model.bodies.folder, None, StateCache(ROOM)
    anew = read(model, prompts)
    size = model.bodies.cache.size / len(model.bodies.cache)
    model.bodies.folder = folder
    read(model, prompts)  # writes them
    model.bodies.cache = StateCache(ROOM)
    disk, memory = read(model, prompts), read(model, prompts)
    seconds, rows = zip(anew, disk, memory, strict=True)
    return Timed(seconds, rows, size)


def measure_all(sets: Sequence[tuple[str, Sequence[Hit]]], state_type: StateType, threads: int) -> list[Timed]:
    """All sets, after one that pays for the instructions."""
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "states", state_type, threads) as model:
        maker = prompt_maker(model)
        read(model, [maker.without("Who?")])
        timed = []
        for n, (question, hits) in enumerate(sets):
            tell(f"{state_type}: {n + 1}/{len(sets)}")
            timed.append(measure(model, [maker.with_passages([hit.passage], question) for hit in hits]))
        return timed


def apart(ours: Sequence[LogProbs], theirs: Sequence[LogProbs]) -> tuple[float, float]:
    """The largest and the mean difference of log p, over the tokens that are likely in either."""
    differences = []
    for a, b in zip(ours, theirs, strict=True):
        likely = np.maximum(a, b) > np.log(LIKELY)
        differences.append(np.abs(a - b)[likely])
    every = np.concatenate(differences)
    return float(every.max()), float(every.mean())


def compare_readings(table: Table, sets: Sequence[tuple[str, Sequence[Hit]]], threads: int) -> None:
    """Print the rows about sizes, times and probabilities."""
    f16, q8 = (measure_all(sets, kind, threads) for kind in ("f16", "q8"))
    sizes = [median(t.bytes for t in timed) for timed in (f16, q8)]
    ratio = sizes[1] / sizes[0]
    table.row("a passage's state", *(f"{size / 1e6:.2f} MB" for size in sizes), aim=("q8 <= .55", ratio <= 0.55))
    for i, name in enumerate(("read anew", "states from disk", "states in memory")):
        cells = (f"{1000 * median(t.seconds[i] for t in timed):.0f} ms" for timed in (f16, q8))
        table.row(f"{MEMBERS} passages and a question, {name}", *cells)
    base = [t.rows[0] for t in f16]
    for i, name in ((1, "from disk"), (2, "in memory")):
        found = [apart([t.rows[i] for t in timed], [t.rows[0] for t in timed])[0] for timed in (f16, q8)]
        table.row(f"largest difference of log p, {name} or anew", *found, aim=("<= 1e-3", max(found) <= 1e-3))
    largest, mean = apart([t.rows[0] for t in q8], base)
    table.row("difference of log p from f16: largest, mean", "", f"{largest:.2f}, {mean:.3f}")
    same = np.mean([np.mean(a.argmax(1) == t.rows[0].argmax(1)) for a, t in zip(base, q8, strict=True)])
    table.row("likeliest token that of f16", "", f"{same:.0%}")


def answers(folder: Path, asked: Sequence[str], **settings: object) -> list[str]:
    """What is answered to each question; "" is a refusal."""
    knowledge = quoth.open(folder, **settings)
    found = []
    for n, question in enumerate(asked):
        tell(f"{settings}: {n + 1}/{len(asked)}")
        answer = knowledge.ask(question)
        found.append("" if answer.abstained else answer.text)
    return found


def compare_answers(table: Table, folder: Path, asked: Sequence[str], threads: int) -> None:
    """Print the row about identical answers: kept states are asked twice, so that the second time they are loaded."""
    anew = answers(folder, asked, threads=threads, **NONE_KEPT)
    answers(folder, asked, threads=threads)
    kept = answers(folder, asked, threads=threads)
    coarse = answers(folder, asked, threads=threads, state_type="q8")
    same = [sum(a == b for a, b in zip(anew, other, strict=True)) for other in (kept, coarse)]
    aim = ("f16: all", same[0] == len(asked))
    table.row("the same answer as f16 read anew", *(f"{n} of {len(asked)}" for n in same), aim=aim)


def compare_f1(table: Table, folder: Path, count: int, threads: int) -> None:
    """Print the row about the development questions."""
    data = read_beir(DEVELOPMENT)
    fill(quoth.open(folder), data)
    asked = [query for query in data.queries if query.answers and not query.is_impossible][:count]
    kinds: tuple[StateType, ...] = ("f16", "q8")
    reports = [
        evaluate_qa(quoth.open(folder, threads=threads, state_type=kind), asked, lambda done, _: tell(f"F1: {done}"))
        for kind in kinds
    ]
    table.row(f"F1, exact match, {len(asked)} questions", *(f"{r.f1:.1f}, {r.exact_match:.1f}" for r in reports))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=10, help="sets of five passages for times and probabilities")
    parser.add_argument("--questions", type=int, default=30, help="of examples/questions.jsonl")
    parser.add_argument("--dev", type=int, default=40, help="of tools/dev")
    parser.add_argument("--threads", type=int, default=0, help="0: what Quoth measures to be fastest")
    arguments = parser.parse_args()
    asked = questions()
    with tempfile.TemporaryDirectory() as folder:
        knowledge = quoth.open(Path(folder) / "examples")
        knowledge.add(EXAMPLES / "documents")
        sets = [(question, knowledge.search(question, MEMBERS)) for question in asked[: arguments.sets]]
        table = Table("what", "f16", "q8")
        compare_readings(table, sets, arguments.threads)
        compare_answers(table, knowledge.folder, asked[: arguments.questions], arguments.threads)
        compare_f1(table, Path(folder) / "dev", arguments.dev, arguments.threads)


if __name__ == "__main__":
    main()
