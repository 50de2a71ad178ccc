"""Dense and lexical search, fused: what either finds, best what both do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import merge

import numpy as np

from quoth.encoders import Encoder
from quoth.retrieval.fusion import RANK_OFFSET, reciprocal_rank_fusion
from quoth.retrieval.ranked import ranked
from quoth.store import Near, Store
from quoth.types import Hit, Kind, Vectors

CANDIDATES = 100
# Fitted by `tools/fit_prior.py` on SciFact's train split; see docs/experiments.md.
TEMPERATURE = 0.0015

# What the encoder gives two texts that have nothing to do with each other; pictures and words have 0 then, for the
# bridge between them is centred.
UNRELATED = 0.15

Ranking = Sequence[Near]
"""Pictures with their cosines, best first."""


class HybridRetriever:
    """Nearest embeddings and BM25 by reciprocal rank fusion; see `quoth.retrieval.base.Retriever`."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder

    def retrieve(self, question: str, k: int) -> list[Hit]:
        """At most k hits, best first; `similarity` is set where the dense search found the passage too."""
        return self.search(question, k)

    def search(self, words: str, k: int, kind: Kind | None = None) -> list[Hit]:
        """The same of one kind of passages, or of all."""
        return self._fused(words, self._encoded(words), k, kind)

    def search_pictures(self, words: str, k: int, looks: Ranking, likes: Ranking = ()) -> list[Hit]:
        """Pictures: the nearer of what was said of them and how they look, BM25, and likeness to another picture.

        Args:
            words: what is looked for.
            k: how many.
            looks: pictures by how well they show the words.
            likes: pictures by how like they are to the one that was given.
        """
        return self._fused(words, self._encoded(words), k, "image", looks, likes)

    def search_all(self, words: str, k: int, looks: Ranking) -> list[Hit]:
        """Texts and pictures, each in its own order; between the two the nearer comes first."""
        vector = self._encoded(words)
        found = (self._fused(words, vector, k, "text"), self._fused(words, vector, k, "image", looks))
        merged = list(merge(*found, key=_distance))[:k]
        scores = [1 / (RANK_OFFSET + rank) for rank in range(1, len(merged) + 1)]
        hits = ranked([(h.passage, score, h.similarity) for h, score in zip(merged, scores, strict=True)], TEMPERATURE)
        return with_regions(hits, looks)

    def _encoded(self, words: str) -> Vectors:
        """(d,) float32, of unit length."""
        [vector] = self._encoder.encode([words])
        return np.asarray(vector)

    def _fused(
        self, words: str, vector: Vectors, k: int, kind: Kind | None, looks: Ranking = (), likes: Ranking = ()
    ) -> list[Hit]:
        candidates = max(k, CANDIDATES)
        dense = self._store.nearest(vector, candidates, kind)
        lexical = self._store.matching(words, candidates, kind)
        similarity = {found.passage.id: found.score for found in dense}
        if looks:
            # Of a picture that nobody described the store knows how it looks: that is in `looks`.
            similarity = {f.passage.id: f.score - UNRELATED for f in dense if f.passage.said}
        for name, cosine, _ in looks:
            similarity[name] = max(cosine, similarity.get(name, cosine))
        nearest = sorted(similarity, key=lambda name: -similarity[name])
        rankings = [nearest, [found.passage.id for found in lexical], [near.id for near in likes]]
        passages = {found.passage.id: found.passage for found in [*dense, *lexical]}
        passages |= self._store.passages([near.id for near in [*looks, *likes] if near.id not in passages])
        scores = reciprocal_rank_fusion(rankings)
        best = [(passages[name], score, similarity.get(name)) for name, score in scores.items() if name in passages]
        return with_regions(ranked(best[:k], TEMPERATURE), [*looks, *likes])


def with_regions(hits: Sequence[Hit], found: Ranking) -> list[Hit]:
    """The hits with the region by which each was found; of a picture that was found twice the last counts."""
    boxes = {near.id: near.box for near in found}
    return [replace(hit, region=boxes.get(hit.passage.id)) for hit in hits]


def _distance(hit: Hit) -> float:
    """What texts and pictures are merged by: of what only its words found, the nearness is not known."""
    nearness = hit.similarity or 0.0
    return -nearness if hit.passage.picture else UNRELATED - nearness
