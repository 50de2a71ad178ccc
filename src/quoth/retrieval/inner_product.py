"""Exact search by inner product over vectors in memory, and the paper's prior."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from quoth.retrieval.prior import log_prior
from quoth.types import Hit, Passage


class InnerProductRetriever:
    """The passages nearest to a question; see `quoth.retrieval.base.Retriever`.

    The prior is that of Lewis et al. 2020: the softmax of the inner products, which are not scaled.
    """

    def __init__(
        self,
        encode: Callable[[str], NDArray[np.float32]],
        passages: Sequence[Passage],
        vectors: NDArray[np.float32],
    ) -> None:
        """Search `passages`.

        Args:
            encode: a question -> (d,) float32.
            passages: (n,).
            vectors: (n, d) float32, theirs; of any length.
        """
        self._encode = encode
        self._passages = list(passages)
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._passages)

    def retrieve(self, question: str, k: int) -> list[Hit]:
        """At most k hits, best first; of equals, the passage that came first."""
        scores = self._vectors @ self._encode(question)
        best = np.argsort(-scores, kind="stable")[:k]
        prior = log_prior(scores[best].tolist(), temperature=1.0)
        return [
            Hit(self._passages[i], rank, float(scores[i]), float(log))
            for rank, (i, log) in enumerate(zip(best, prior, strict=True), start=1)
        ]
