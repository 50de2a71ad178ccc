"""How soon an answer begins and ends, beside LlamaIndex and Haystack with their own llama.cpp integrations.

    python benchmarks/first_token.py --questions 20

The same model file, passages, threads, batch size and flash attention, one process, question by question in turn.
Each question has five passages of 150 words, its nearest in a pool that was read before, with another question:
Quoth keeps their states, in memory or (one row) only on disk, in files that the system still has in its cache. The
peers put all five into one prompt (see `answerers.py`). Finding the passages counts for nobody. Answers are greedy, end
at a newline and have at most 12 tokens; because a longer answer takes longer, a peer's answer is also timed until it
has as many tokens as that of RAG-Sequence.

RAG-Token sends each token as it is chosen. RAG-Sequence knows its first token when its proposals agree on it or are
compared, so it sends it later. Targets against the faster peer: first token 8 times, whole answer 3 times as fast.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from answerers import Answerer, QuothAnswerer, Run, peers
from common import Table, tell
from pool import Asked, read_questions
from quoth.generators import find_model
from quoth.generators.llama import LlamaModel
from quoth.generators.state_folder import StateFolder
from quoth.types import Hit

PASSAGES = 5
FIRST_FROM, WHOLE_FROM = 8, 3
STATE_BYTES, DISK_BYTES = 512 << 20, 4 << 30
OTHER_QUESTION = "What is this passage about?"
Runs = dict[str, Run]


def read_all(answerer: Answerer, asked: Sequence[Asked]) -> None:
    """Let Quoth read every passage once, with a question that is not among those timed."""
    hits = list({hit.passage.id: hit for one in asked for hit in one.hits}.values())
    for start in range(0, len(hits), PASSAGES):
        tell(f"reading the pool: {start}/{len(hits)}")
        answerer.run(OTHER_QUESTION, as_near(hits[start : start + PASSAGES]))


def as_near(hits: Sequence[Hit]) -> list[Hit]:
    """The hits as if they were near, so that they are read whatever is asked."""
    return [Hit(hit.passage, rank, 1.0, hit.log_prior, 1.0) for rank, hit in enumerate(hits, start=1)]


def ask_in_turn(answerers: Sequence[Answerer], asked: Sequence[Asked], wanted: int) -> list[Runs]:
    """The runs of the first `wanted` questions that Quoth does not refuse; who begins changes at each."""
    counted: list[Runs] = []
    for turn, one in enumerate(asked):
        if len(counted) == wanted:
            break
        first = turn % len(answerers)
        order = [*answerers[first:], *answerers[:first]]
        runs = {answerer.name: answerer.run(one.text, one.hits) for answerer in order}
        refused = any(run.abstained for run in runs.values())
        tell(f"{one.text} {'(refused, not counted)' if refused else ''}")
        for answerer in answerers:
            run = runs[answerer.name]
            tell(f"  {answerer.name}: {run.first:.3f} s, {run.total:.3f} s: {run.text}")
        counted += [] if refused else [runs]
    return counted


def print_table(counted: Sequence[Runs], ours: Sequence[str], theirs: Sequence[str], threads: int) -> None:
    """Medians over the questions, and how many times as fast as the faster peer."""

    def middle(name: str, of: Callable[[Run], float]) -> float:
        return median(of(runs[name]) for runs in counted)

    def faster(of: Callable[[Run], float]) -> float:
        return min((middle(name, of) for name in theirs), default=float("nan"))

    sizes = [runs[ours[0]].tokens for runs in counted]
    title = f"{len(counted)} questions, medians ({threads} threads)"
    table = Table(title, "first token s", "times", "whole answer s", "times", "as long as ours s", "tokens")
    first, whole = faster(lambda run: run.first), faster(lambda run: run.total)
    for name in [*ours, *theirs]:
        begun, ended = middle(name, lambda run: run.first), middle(name, lambda run: run.total)
        alike = median(runs[name].until(size) for runs, size in zip(counted, sizes, strict=True))
        cells = (f"{begun:.3f}", f"{first / begun:.1f}", f"{ended:.3f}", f"{whole / ended:.1f}")
        reached = first / begun >= FIRST_FROM and whole / ended >= WHOLE_FROM
        aim = (f"{FIRST_FROM} and {WHOLE_FROM} times", reached) if theirs and name in ours else None
        same = "" if name in ours else f"{alike:.3f}"
        table.row(name, *cells, same, f"{middle(name, lambda run: run.tokens):.0f}", aim=aim)


def load_ours(threads: int, folder: Path) -> tuple[list[QuothAnswerer], int]:
    """Quoth with states in memory, and with none there but on disk; and the threads that all use."""
    states = StateFolder(folder, DISK_BYTES, "benchmark")
    in_memory = LlamaModel(find_model(""), threads, STATE_BYTES, states)
    on_disk = LlamaModel(find_model(""), in_memory.threads, 0, states)
    ours = [QuothAnswerer(decoding, in_memory, PASSAGES) for decoding in ("sequence", "token")]
    return [*ours, QuothAnswerer("token", on_disk, PASSAGES, ", states on disk")], in_memory.threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--threads", type=int, default=0, help="0: what Quoth measures to be fastest, for all")
    arguments = parser.parse_args()
    asked = read_questions(2 * arguments.questions, PASSAGES)
    with tempfile.TemporaryDirectory() as folder:
        ours, threads = load_ours(arguments.threads, Path(folder))
        theirs = peers(find_model(""), threads)
        if not theirs:
            tell("neither LlamaIndex nor Haystack is installed: see README.md")
        read_all(ours[0], asked)
        for answerer in theirs:
            answerer.run(OTHER_QUESTION, asked[-1].hits)
        counted = ask_in_turn([*ours, *theirs], asked, arguments.questions)
    if not counted:
        raise SystemExit("Quoth refused every question: nothing to compare")
    print_table(counted, [one.name for one in ours], [one.name for one in theirs], threads)


if __name__ == "__main__":
    main()
