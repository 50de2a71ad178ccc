"""How well questions are answered, by each decoding, and what the answers' confidence and sources are worth.

    python benchmarks/qa.py ../shared/data/squad2/beir --questions 200 --unanswerable 200 --results qa.jsonl

Answerable and unanswerable questions (seed 0, the same for all decodings), five passages each, one model. The
concatenations are what frameworks do: the same passages, model and examples, all in one prompt. A refusal counts as
a wrong answer. Unanswerable questions are asked with the first decoding only; they are told from the others by
confidence. Each answer is written to `--results` as a line of JSON: a broken run goes on with the same file.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np

import quoth
from common import Table, folder_for, tell, tell_progress
from quoth.answer import Answer, Signals
from quoth.assistants.ask import Asker
from quoth.evaluation import BeirSet, Query, auroc, exact_match, f1, fill, read_beir, sample_answerable
from quoth.generators import load_generator
from quoth.rag.calibration import SHIPPED
from quoth.settings import Settings, make_settings
from quoth.types import Hit

DECODINGS = "quote,sequence,token,concat-best-first,concat-best-last"
Asked = tuple[Query, Sequence[str]]
"""A question, and the decodings with which it is asked."""
MIXTURES = ("sequence", "sequence-fast", "token", "quote")
F1_FROM, AUROC_FROM, GOLD_FROM = 58.0, 0.80, 95.0


@dataclass(frozen=True, slots=True)
class Record:
    """One answer; `source` is the document with the largest posterior, `verbatim` whether its quote stands there."""

    query: str
    decoding: str
    answer: str
    abstained: bool
    exact_match: float
    f1: float
    source: str
    verbatim: bool
    seconds: float
    signals: dict[str, float] | None

    @property
    def sure(self) -> float:
        """The answer's confidence by the calibration that ships; 0 where nothing was decoded."""
        return SHIPPED.probability(Signals(**self.signals)) if self.signals else 0.0

    @property
    def refused(self) -> bool:
        """Whether the default settings withhold the answer."""
        return self.abstained or self.sure < Settings().min_confidence


def record_of(query: Query, answer: Answer, data: BeirSet) -> Record:
    """What is counted of an answer."""
    said = "" if answer.abstained else answer.text
    best = answer.sources[0]
    text = data.corpus[best.passage.document][1]
    quoted = answer.decoding != "quote" or answer.abstained or best.quote == answer.text
    return Record(
        query=query.id,
        decoding=answer.decoding,
        answer=answer.text,
        abstained=answer.abstained,
        exact_match=100 * exact_match(said, query.answers),
        f1=100 * f1(said, query.answers),
        source=best.passage.document,
        verbatim=quoted and text[best.start : best.end] == best.quote,
        seconds=answer.timing.total_s,
        signals=answer.signals and asdict(answer.signals),
    )


class Results:
    """The records, also as lines of a file; what it holds already is not asked again."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        lines = file.read_text("utf-8").splitlines() if file and file.is_file() else []
        self._known = {(r.query, r.decoding): r for r in (Record(**json.loads(line)) for line in lines)}

    def known(self, query: Query, decoding: str) -> bool:
        """Whether this was asked."""
        return (query.id, decoding) in self._known

    def put(self, record: Record) -> None:
        """Keep it."""
        self._known[record.query, record.decoding] = record
        if self._file:
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(record)) + "\n")

    def of(self, queries: Sequence[Query], decoding: str) -> list[Record]:
        """Those of these queries."""
        return [r for query in queries if (r := self._known.get((query.id, decoding)))]


class Searching:
    """`quoth.retrieval.Retriever` over a knowledge base's own search."""

    def __init__(self, knowledge: quoth.KnowledgeBase) -> None:
        self._knowledge = knowledge

    def retrieve(self, question: str, k: int) -> list[Hit]:
        """The k passages found."""
        return self._knowledge.search(question, k)


def ask_all(knowledge: quoth.KnowledgeBase, data: BeirSet, asked: Sequence[Asked], results: Results) -> None:
    """Ask each question with each of its decodings, all with one model: a question's passages are read once."""
    model = load_generator(knowledge.settings)
    askers: dict[str, Asker] = {}
    start = time.perf_counter()
    for done, (query, decodings) in enumerate(asked):
        for decoding in decodings:
            if results.known(query, decoding):
                continue
            if decoding not in askers:
                # Nothing is withheld here: what the bar would withhold is counted afterwards.
                settings = make_settings({"decoding": decoding, "min_confidence": 0.0})
                askers[decoding] = Asker(Searching(knowledge), model, settings)
            results.put(record_of(query, askers[decoding].stream(query.text).answer, data))
        if done % 10 == 0:
            tell(f"  {done}/{len(asked)} questions, {time.perf_counter() - start:.0f} s")


def compare(results: Results, answerable: Sequence[Query], decodings: Sequence[str]) -> None:
    """The table of the decodings, and the best mixture beside the best concatenation."""
    table = Table("decoding", "questions", "exact match", "F1", "F1, none refused", "refused", "median s a question")
    means: dict[str, float] = {}
    for decoding in decodings:
        found = results.of(answerable, decoding)
        if not found:
            continue
        means[decoding] = fmean(0.0 if r.refused else r.f1 for r in found)
        refused, seconds = sum(r.refused for r in found), median(r.seconds for r in found)
        exact = fmean(0.0 if r.refused else r.exact_match for r in found)
        whole = f"{fmean(r.f1 for r in found):.1f}"
        table.row(decoding, len(found), f"{exact:.1f}", f"{means[decoding]:.1f}", whole, refused, f"{seconds:.2f}")
    best = max((means[d] for d in means if d in MIXTURES), default=0.0)
    table.row("best mixture", "", "", f"{best:.1f}", "", "", "", aim=(f"F1 >= {F1_FROM:.0f}", best >= F1_FROM))
    peers = [means[d] for d in means if d not in MIXTURES]
    if peers:
        ahead = best - max(peers)
        table.row("best mixture - best concat", "", "", f"{ahead:+.1f}", "", "", "", aim=("F1 > 0", ahead > 0))


def trust(
    results: Results, data: BeirSet, answerable: Sequence[Query], without: Sequence[Query], decodings: Sequence[str]
) -> None:
    """The table of what confidence, sources and quotes are worth."""
    print()
    table = Table("what", "of", "reached")
    first = decodings[0]
    yes = np.array([r.sure for r in results.of(answerable, first)])
    no = np.array([r.sure for r in results.of(without, first)])
    if len(yes) and len(no):
        found = auroc(yes, no)
        aim = (f">= {AUROC_FROM:.2f}", found >= AUROC_FROM)
        table.row("AUROC of confidence", f"{len(yes)} answerable, {len(no)} not, {first}", f"{found:.3f}", aim=aim)
        refused = fmean(r.refused for r in results.of(without, first))
        table.row("unanswerable questions refused", len(no), f"{refused:.0%}")
    for decoding in (d for d in decodings if d in MIXTURES):
        right = [r for r in results.of(answerable, decoding) if r.exact_match]
        gold = 100 * fmean(r.source in data.qrels.get(r.query, {}) for r in right) if right else 0.0
        what = f"right answers whose largest posterior is the gold passage's, {decoding}"
        table.row(what, len(right), f"{gold:.1f}%", aim=(f">= {GOLD_FROM:.0f}%", gold >= GOLD_FROM))
    quotes = [r for d in decodings for r in results.of(answerable, d) if d in MIXTURES]
    share = fmean(r.verbatim for r in quotes) if quotes else 0.0
    table.row("quotes found verbatim at their place", len(quotes), f"{share:.1%}", aim=("100%", share == 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("beir", type=Path, help="a BEIR folder whose queries carry answers")
    parser.add_argument("--questions", type=int, default=200, help="with an answer")
    parser.add_argument("--unanswerable", type=int, default=200, help="without one")
    parser.add_argument("--decodings", default=DECODINGS, help=f"by default {DECODINGS}")
    parser.add_argument("--threads", type=int, default=0, help="0: what Quoth measures to be fastest")
    parser.add_argument("--kb", type=Path, help="keep the knowledge base here, or take it from here")
    parser.add_argument("--results", type=Path, help="keep the answers here, and go on from here")
    arguments = parser.parse_args()
    data, decodings = read_beir(arguments.beir), arguments.decodings.split(",")
    answerable = sample_answerable(data, arguments.questions)
    impossible = [query for query in data.queries if query.is_impossible]
    without = random.Random(0).sample(impossible, min(arguments.unanswerable, len(impossible)))
    results = Results(arguments.results)
    with folder_for(arguments.kb) as folder:
        knowledge = quoth.open(folder, threads=arguments.threads)
        fill(knowledge, data, tell_progress)
        asked = [*((query, decodings) for query in answerable), *((query, decodings[:1]) for query in without)]
        # In the order of the data: questions about one paragraph follow each other, and find its state in memory.
        place = {query.id: i for i, query in enumerate(data.queries)}
        asked.sort(key=lambda one: place[one[0].id])
        ask_all(knowledge, data, asked, results)
    compare(results, answerable, decodings)
    trust(results, data, answerable, without, decodings)


if __name__ == "__main__":
    main()
