"""Retrieval: a question to passages with a prior p(z|x)."""

from quoth.retrieval.base import Retriever
from quoth.retrieval.fusion import reciprocal_rank_fusion
from quoth.retrieval.hybrid import CANDIDATES, HybridRetriever, Ranking, with_regions
from quoth.retrieval.prior import log_prior
from quoth.retrieval.ranked import ranked

__all__ = [
    "CANDIDATES",
    "HybridRetriever",
    "Ranking",
    "Retriever",
    "log_prior",
    "ranked",
    "reciprocal_rank_fusion",
    "with_regions",
]
