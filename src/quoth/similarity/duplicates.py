"""Near-duplicates: groups of pictures that are the same one, cropped, recompressed, mirrored, brightened or scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quoth.similarity.neighbours import blocks
from quoth.types import Vectors

# Cosines of unrelated pictures lie around their median. Copies of one lie this much of the way from there to 1, and so
# many of their standard deviations above it; encoders and embeddings differ in where the median is, less in these
# (docs/experiments.md).
WAY, DEVIATIONS = 0.6, 5.4
HIGHEST = 0.97
# So many pairs tell where the cosines lie.
_SAMPLE = 2000
_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Groups of indices, the largest first; in a group the centre comes first, then by cosine with it.

    threshold: the least cosine with a group's centre; median, deviation: of the cosines of all pairs.
    """

    groups: tuple[tuple[int, ...], ...]
    threshold: float
    median: float
    deviation: float


def find_duplicates(vectors: Vectors, threshold: float | None = None) -> Duplicates:
    """Group what is nearly the same.

    Star clustering (Aslam, Pelekhov and Rus 2004): the row with most rows within the threshold is a centre, these are
    its group, and so on with the rest. So the members of a group are alike, and not only each like the next.

    Args:
        vectors: (n, d) float32, unit rows.
        threshold: the least cosine of a group's members with its centre; by default so high that unrelated pictures do
            not reach it.
    """
    median, deviation = _spread(vectors)
    bar = min(HIGHEST, median + max(WAY * (1 - median), DEVIATIONS * deviation)) if threshold is None else threshold
    near = _near(vectors, bar)
    groups, taken = [], set[int]()
    for centre in sorted(near, key=lambda i: (-len(near[i]), i)):
        if centre not in taken:
            group = [centre, *(i for i in near[centre] if i not in taken)]
            taken.update(group)
            groups += [tuple(group)] if len(group) > 1 else []
    return Duplicates(tuple(sorted(groups, key=lambda g: -len(g))), float(bar), median, deviation)


def _near(vectors: Vectors, bar: float) -> dict[int, list[int]]:
    """For each row the others within the threshold, nearest first."""
    near: dict[int, list[int]] = {}
    for start, block in blocks(vectors):
        for row, cosines in enumerate(block, start=start):
            others = np.flatnonzero(cosines >= bar)
            order = others[np.argsort(-cosines[others], kind="stable")]
            near[row] = [int(i) for i in order if i != row]
    return near


def _spread(vectors: Vectors) -> tuple[float, float]:
    """The median cosine of two rows and its standard deviation, both as if there were no duplicates."""
    rows = vectors[np.random.default_rng(0).permutation(len(vectors))[:_SAMPLE]]
    cosines = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    if not len(cosines):
        return 0.0, 0.0
    median = float(np.median(cosines))
    return median, float(_MAD * np.median(np.abs(cosines - median)))
