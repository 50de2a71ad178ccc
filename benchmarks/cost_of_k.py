"""How the time to the first token grows with the number k of passages, their states kept.

    python benchmarks/cost_of_k.py --questions 10

Passages of 150 words from `tools/dev`, all of them read before with another question; for each question its k nearest.
All k take turns, in a context that has grown for the largest. Time is from the passages to the first piece of text, as
in `first_token.py`. Target: the ratio to k = 5 is at most k/5.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from statistics import median

from answerers import QuothAnswerer, Run
from common import Table, tell
from first_token import OTHER_QUESTION, as_near, read_all
from pool import Asked, read_questions
from quoth.generators import load_generator
from quoth.settings import Settings

SIZES = (5, 10, 20, 50)
DECODINGS = ("token", "sequence")


def ask_in_turn(answerers: Mapping[int, QuothAnswerer], asked: Sequence[Asked]) -> dict[int, list[Run]]:
    """The runs of each k, over the questions that none of them refused."""
    runs: dict[int, list[Run]] = {k: [] for k in answerers}
    for one in asked:
        these = {k: answerer.run(one.text, one.hits) for k, answerer in answerers.items()}
        tell(f"  {one.text} {', '.join(f'{run.first:.2f}' for run in these.values())} s")
        if not any(run.abstained for run in these.values()):
            for k, run in these.items():
                runs[k].append(run)
    return runs


def print_rows(table: Table, decoding: str, runs: Mapping[int, Sequence[Run]]) -> None:
    """A row for each k."""
    smallest = min(runs)
    base = median(run.first for run in runs[smallest])
    for k, some in runs.items():
        first, whole = median(run.first for run in some), median(run.total for run in some)
        aim = (f"<= {k / smallest:.0f}", first / base <= k / smallest) if k > smallest else None
        cells = (f"{first:.3f}", f"{first / base:.2f}", f"{whole:.3f}")
        table.row(decoding, k, len(some), *cells, aim=aim)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10)
    parser.add_argument("--threads", type=int, default=0, help="0: what Quoth measures to be fastest")
    arguments = parser.parse_args()
    model = load_generator(Settings(threads=arguments.threads))
    asked = read_questions(arguments.questions, max(SIZES))
    read_all(QuothAnswerer("token", model, min(SIZES)), asked)
    # The context grows at the first question with many passages, once.
    QuothAnswerer("token", model, max(SIZES)).run(OTHER_QUESTION, as_near(asked[0].hits))
    table = Table("decoding", "k", "questions", "first token s", f"over k = {min(SIZES)}", "whole answer s")
    for decoding in DECODINGS:
        runs = ask_in_turn({k: QuothAnswerer(decoding, model, k) for k in SIZES}, asked)
        if not runs[min(SIZES)]:
            raise SystemExit("Quoth refused every question: nothing to compare")
        print_rows(table, decoding, runs)


if __name__ == "__main__":
    main()
