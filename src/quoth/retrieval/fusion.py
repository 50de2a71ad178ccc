"""Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

RANK_OFFSET = 60


def reciprocal_rank_fusion(rankings: Iterable[Sequence[str]]) -> dict[str, float]:
    """The score of each name: the sum over the rankings of `1 / (60 + rank)`, rank from 1.

    Args:
        rankings: names, best first; a name that a ranking does not hold gets nothing from it.

    Returns:
        name -> score, highest first; of equals, the one whose name sorts first.
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            scores[name] = scores.get(name, 0.0) + 1 / (RANK_OFFSET + rank)
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
