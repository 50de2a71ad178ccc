"""Dense and lexical search, fused: what either finds, best what both do."""

from __future__ import annotations

from collections.abc import Sequence

from quoth.encoders import Encoder
from quoth.retrieval.fusion import reciprocal_rank_fusion
from quoth.retrieval.prior import log_prior
from quoth.store import Store
from quoth.types import Hit, Kind

CANDIDATES = 100
# Fitted by `tools/fit_prior.py` on SciFact's train split; see docs/experiments.md.
TEMPERATURE = 0.0015

Ranking = Sequence[tuple[str, float]]
"""Ids of passages with their scores, best first."""


class HybridRetriever:
    """Nearest embeddings and BM25 by reciprocal rank fusion; see `quoth.retrieval.base.Retriever`."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder

    def retrieve(self, question: str, k: int) -> list[Hit]:
        """At most k hits, best first; `similarity` is set where the dense search found the passage too."""
        return self.search(question, k)

    def search(self, words: str, k: int, kind: Kind | None = None, also: Sequence[Ranking] = ()) -> list[Hit]:
        """The same of one kind of passages, or of all; `also` are rankings of pictures by how they look."""
        candidates = max(k, CANDIDATES)
        dense = self._store.nearest(self._encoder.encode([words])[0], candidates, kind)
        lexical = self._store.matching(words, candidates, kind)
        if also:
            # Where a picture without words lies is how it looks: it would count twice.
            dense = [found for found in dense if found.passage.said or not found.passage.picture]
        passages = {found.passage.id: found.passage for found in [*dense, *lexical]}
        similarity = {found.passage.id: found.score for found in dense}
        others = [[name for name, _ in ranking] for ranking in also]
        passages |= self._store.passages([name for names in others for name in names if name not in passages])
        found = [[hit.passage.id for hit in ranking] for ranking in (dense, lexical)]
        scores = reciprocal_rank_fusion([*found, *others])
        best = [(name, score) for name, score in scores.items() if name in passages][:k]
        prior = log_prior([score for _, score in best], TEMPERATURE)
        return [
            Hit(passages[name], rank, score, float(log), similarity.get(name))
            for rank, ((name, score), log) in enumerate(zip(best, prior, strict=True), start=1)
        ]
