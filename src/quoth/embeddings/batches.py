"""Which pictures a Siamese head sees together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quoth.embeddings.quality import Indices
from quoth.embeddings.training import split

GROUPS = 32
"""Groups of pictures of one label in a batch."""

TOGETHER = 4
"""Pictures in a group, up to twice as many less one."""

HELD_OUT = 0.2
"""Of the labels. At most `HELD_PICTURES` pictures: all are compared with all after each epoch."""

HELD_PICTURES = 2000


def with_partners(labels: Indices) -> Indices:
    """The labels that more than one picture has."""
    found, counts = np.unique(labels, return_counts=True)
    return found[counts > 1]


def split_labels(labels: Indices, seed: int) -> tuple[Indices, Indices]:
    """The pictures that are trained on and those held out: no label is on both sides.

    Labels with partners and those without are shared out alike; at least two with partners are held out.
    """
    paired = with_partners(labels)
    single = np.setdiff1d(labels, paired)
    held = [group[split(len(group), seed, least, HELD_OUT)[1]] for group, least in ((paired, 2), (single, 0))]
    sizes = np.cumsum(np.bincount(labels)[held[0]])
    few = [held[0][: max(2, int(np.searchsorted(sizes, HELD_PICTURES, "right")))], held[1][:HELD_PICTURES]]
    out = np.isin(labels, np.concatenate(few))
    return np.flatnonzero(~out), np.flatnonzero(out)


def batches(labels: Indices, draw: np.random.Generator) -> Iterator[Indices]:
    """One epoch: each picture once, with some of its own label; those without a partner are shared out.

    Args:
        labels: (n,) integers.
        draw: where chance comes from.
    """
    paired = with_partners(labels)
    groups = [group for label in paired for group in _groups(draw.permutation(np.flatnonzero(labels == label)))]
    order = draw.permutation(len(groups))
    count = -(-len(groups) // GROUPS)
    singles = np.array_split(draw.permutation(np.flatnonzero(~np.isin(labels, paired))), count)
    for part, alone in zip(np.array_split(order, count), singles, strict=True):
        yield np.concatenate([*(groups[index] for index in part), alone])


def _groups(members: Indices) -> list[Indices]:
    return np.array_split(members, max(1, len(members) // TOGETHER))
