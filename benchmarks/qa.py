"""How well and how fast questions are answered, by each decoding, from one knowledge base.

    python benchmarks/qa.py ../shared/data/squad2/beir --questions 200

The concatenations are what frameworks do: the same five passages, model and examples, all in one prompt. Each
decoding starts with nothing read (no state kept). Answerable questions only, seed 0, the same for all.
Targets: F1 >= 50 for RAG-Sequence, and above each concatenation.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import quoth
from common import Table, folder_for, tell, tell_progress
from quoth.evaluation import QaReport, Query, evaluate_qa, fill, read_beir, sample_answerable

DECODINGS = "sequence,token,concat-best-first,concat-best-last"
F1_FROM = 50.0


def ask_all(folder: Path, decoding: str, questions: list[Query]) -> tuple[QaReport, float]:
    """What `quoth eval qa` counts, and the median seconds of a question (the first loads the model)."""
    stamps: list[float] = []

    def on_question(done: int, total: int) -> None:
        stamps.append(time.perf_counter())
        if done % 20 == 0:
            tell(f"  {decoding}: {done}/{total} questions")

    report = evaluate_qa(quoth.open(folder, decoding=decoding), questions, on_question)
    stamps.append(time.perf_counter())
    return report, median(end - start for start, end in pairwise(stamps))


def compare(folder: Path, decodings: list[str], questions: list[Query]) -> None:
    """Print a row for each decoding and the comparison."""
    table = Table("decoding", "questions", "exact match", "F1", "refused", "median s a question")
    f1: dict[str, float] = {}
    for decoding in decodings:
        report, seconds = ask_all(folder, decoding, questions)
        f1[decoding] = report.f1
        cells = (decoding, report.questions, f"{report.exact_match:.1f}", f"{report.f1:.1f}", report.refused)
        aim = (f"F1 >= {F1_FROM:.0f}", report.f1 >= F1_FROM) if decoding == "sequence" else None
        table.row(*cells, f"{seconds:.2f}", aim=aim)
    peers = [f1[name] for name in f1 if name.startswith("concat")]
    if "sequence" in f1 and peers:
        ahead = f1["sequence"] - max(peers)
        table.row("sequence - best concat", "", "", f"{ahead:+.1f}", "", "", aim=("F1 > 0", ahead > 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, help="a BEIR folder whose queries carry answers")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--decodings", default=DECODINGS, help=f"by default {DECODINGS}")
    parser.add_argument("--kb", type=Path, help="keep the knowledge base here, or take it from here")
    arguments = parser.parse_args()
    data = read_beir(arguments.beir)
    with folder_for(arguments.kb) as folder:
        fill(quoth.open(folder), data, tell_progress)
        compare(folder, arguments.decodings.split(","), sample_answerable(data, arguments.questions))


if __name__ == "__main__":
    main()
