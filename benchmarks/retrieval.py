"""How well is found: hybrid search beside each of its halves alone, on data sets in BEIR layout.

    python benchmarks/retrieval.py ../shared/data --kbs /tmp/kbs

Dense alone and lexical alone are the store's own two searches, of the same index. A document's score is
that of its best passage; figures by trec_eval's code on `qrels/test.tsv`. Targets: hybrid nDCG@10 .70, .55.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import quoth
from common import Table, folder_for, tell, tell_progress
from quoth.encoders import load_encoder
from quoth.evaluation import BeirSet, fill, read_beir
from quoth.evaluation.retrieval import PASSAGES, measure
from quoth.retrieval import HybridRetriever
from quoth.store import Found, open_store
from quoth.types import Hit

SETS = {"scifact": "scifact", "cranfield": "cranfield", "squad2": "squad2/beir"}
TARGETS = {"scifact": 0.70, "cranfield": 0.55}
Search = Callable[[str], Sequence[Hit | Found]]


def searches(folder: Path) -> dict[str, Search]:
    """The three ways to search the knowledge base in `folder`."""
    encoder = load_encoder()
    store = open_store(folder, encoder.dimension)
    return {
        "hybrid": lambda text: HybridRetriever(store, encoder).retrieve(text, PASSAGES),
        "dense alone": lambda text: store.nearest(encoder.encode([text])[0], PASSAGES),
        "lexical alone": lambda text: store.matching(text, PASSAGES),
    }


def by_document(found: Sequence[Hit | Found]) -> dict[str, float]:
    """Document -> the score of its best passage."""
    scores: dict[str, float] = {}
    for one in found:
        name = one.passage.document
        scores[name] = max(one.score, scores.get(name, -float("inf")))
    return scores


def measure_set(table: Table, name: str, data: BeirSet, folder: Path, limit: int) -> None:
    """Print the rows of one data set."""
    fill(quoth.open(folder), data, tell_progress)
    queries = [query for query in data.queries if query.id in data.qrels][: limit or None]
    for way, search in searches(folder).items():
        tell(f"  {name}, {way}: {len(queries)} queries")
        report = measure(data.qrels, {query.id: by_document(search(query.text)) for query in queries})
        cells = [f"{value:.3f}" for value in (report.ndcg_at_10, report.recall_at_10, report.recall_at_100)]
        bound = TARGETS.get(name) if way == "hybrid" else None
        aim = (f"nDCG >= {bound:.2f}", report.ndcg_at_10 >= bound) if bound else None
        table.row(name, way, report.queries, *cells, aim=aim)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with scifact, cranfield and squad2")
    parser.add_argument("--sets", default=",".join(SETS), help="by default all three")
    parser.add_argument("--queries", type=int, default=0, help="only the first so many; 0: all")
    parser.add_argument("--kbs", type=Path, help="keep the indexes below this folder, or take them from there")
    arguments = parser.parse_args()
    table = Table("data set", "search", "queries", "nDCG@10", "recall@10", "recall@100")
    for name in arguments.sets.split(","):
        data = read_beir(arguments.data / SETS[name])
        with folder_for(arguments.kbs and arguments.kbs / name) as folder:
            measure_set(table, name, data, folder, arguments.queries)


if __name__ == "__main__":
    main()
