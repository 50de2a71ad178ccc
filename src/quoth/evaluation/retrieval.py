"""How well a knowledge base finds: nDCG@10 and recall, by trec_eval's own code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean

import pytrec_eval

from quoth.errors import UsageError
from quoth.evaluation.beir import BeirSet
from quoth.ingestion import Progress, silent
from quoth.knowledge import KnowledgeBase
from quoth.types import Hit

# Several passages may be of one document, and recall is counted at 100 documents.
PASSAGES = 300


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Means over the queries, in [0, 1]."""

    ndcg_at_10: float
    recall_at_10: float
    recall_at_100: float
    queries: int


def fill(knowledge: KnowledgeBase, data: BeirSet, progress: Progress = silent) -> None:
    """Put the corpus in, each document under its own id."""
    names = list(data.corpus)
    titles, texts = zip(*(data.corpus[name] for name in names), strict=True)
    written = [i for i, text in enumerate(texts) if text.strip()]
    knowledge.add_texts(
        [texts[i] for i in written], [names[i] for i in written], [titles[i] for i in written], progress
    )


def evaluate_retrieval(
    knowledge: KnowledgeBase, data: BeirSet, on_query: Callable[[int, int], None] = lambda _done, _total: None
) -> RetrievalReport:
    """Search for each judged query in a knowledge base that holds the corpus.

    A document's score is that of its best passage.
    """
    queries = [query for query in data.queries if query.id in data.qrels]
    if not queries:
        raise UsageError("no query has a relevance judgement", "give a split whose qrels name the queries")
    run = {}
    for done, query in enumerate(queries):
        on_query(done, len(queries))
        run[query.id] = _by_document(knowledge.search(query.text, PASSAGES))
    return measure(data.qrels, run)


def measure(qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]]) -> RetrievalReport:
    """The metrics of a run: query -> document -> score, higher is nearer."""
    judged = {query: dict(qrels[query]) for query in run}
    evaluator = pytrec_eval.RelevanceEvaluator(judged, {"ndcg_cut.10", "recall.10,100"})
    rows = list(evaluator.evaluate({query: dict(scores) for query, scores in run.items()}).values())
    ndcg, recall_10, recall_100 = (
        fmean(row[name] for row in rows) for name in ("ndcg_cut_10", "recall_10", "recall_100")
    )
    return RetrievalReport(ndcg, recall_10, recall_100, len(rows))


def _by_document(hits: list[Hit]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for hit in hits:
        scores[hit.passage.document] = max(hit.score, scores.get(hit.passage.document, 0.0))
    return scores
