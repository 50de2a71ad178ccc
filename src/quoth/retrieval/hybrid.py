"""Dense and lexical search, fused: what either finds, best what both do."""

from __future__ import annotations

from quoth.encoders import Encoder
from quoth.retrieval.fusion import reciprocal_rank_fusion
from quoth.retrieval.prior import log_prior
from quoth.store import Store
from quoth.types import Hit

CANDIDATES = 100
# Fitted by `tools/fit_prior.py` on SciFact's train split; see docs/experiments.md.
TEMPERATURE = 0.0015


class HybridRetriever:
    """Nearest embeddings and BM25 by reciprocal rank fusion; see `quoth.retrieval.base.Retriever`."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder

    def retrieve(self, question: str, k: int) -> list[Hit]:
        """At most k hits, best first; `similarity` is set where the dense search found the passage too."""
        candidates = max(k, CANDIDATES)
        dense = self._store.nearest(self._encoder.encode([question])[0], candidates)
        lexical = self._store.matching(question, candidates)
        passages = {found.passage.id: found.passage for found in [*dense, *lexical]}
        similarity = {found.passage.id: found.score for found in dense}
        scores = reciprocal_rank_fusion([[found.passage.id for found in ranking] for ranking in (dense, lexical)])
        best = list(scores.items())[:k]
        prior = log_prior([score for _, score in best], TEMPERATURE)
        return [
            Hit(passages[name], rank, score, float(log), similarity.get(name))
            for rank, ((name, score), log) in enumerate(zip(best, prior, strict=True), start=1)
        ]
