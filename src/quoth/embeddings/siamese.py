"""A Siamese head by pytorch-metric-learning (extra `train`): pictures of one label near, others far.

    L = mean over triplets of max(0, cos(a, n) - cos(a, p) + margin)

over all triplets of a batch (anchor a, positive p of its label, negative n of another) that violate the margin: the
triplet loss of Schroff et al. 2015 (FaceNet, arXiv 1503.03832) with the hard and semi-hard triplets mined. The encoder
stays as it is: what is fitted is one affine layer on its vectors, or two.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from quoth.embeddings.base import Embedding, Layer, Record, Rows, checked, unit
from quoth.embeddings.batches import batches, split_labels, with_partners
from quoth.embeddings.quality import Indices, found_again, numbered
from quoth.embeddings.starts import starts
from quoth.embeddings.training import Progress, double, find_device, get_layers, import_torch, single, train
from quoth.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Sequential

EPOCHS = 100
MARGIN = 0.2
LEAST = 4
"""Labels of two pictures or more to fit on: two to train on, two to hold out."""

# Of Adam, for one input: all weights of a layer step alike, so what n of them do together grows with n.
_RATE = 0.2


def fit_siamese(
    vectors: Rows,
    labels: Sequence[Hashable],
    encoder: str,
    dimension: int = 0,
    begin: str = "",
    hidden: int = 0,
    seed: int = 0,
    epochs: int = EPOCHS,
    progress: Progress | None = None,
) -> Embedding:
    """The head that finds pictures of one label by one another, also of labels that it has not seen.

    A fifth of the labels is held out. The head begins as what finds most among them: the vectors as they are, or one
    of two whitenings (see `starts`); training stops when it finds no more, and is at its best then. So with as many
    numbers as the vectors it is, on the held-out labels, never worse than these. The record's figures are of the
    held-out labels, and so a little flattered: `r1` and `map`, and with `_raw` those of the vectors, with `_start` the
    mAP of each start; `epochs`, until the best.

    Args:
        vectors: (n, d) float32, of any length.
        labels: (n,) of anything hashable. Pictures without another of their label are negatives only.
        encoder: the identity of what computed the vectors.
        dimension: of the embeddings; 0 for that of the vectors, which is the most.
        begin: the start ("raw", "whitened" or "within"); "" for what finds most. Where the labels are views of the same
            picture, "within" knows the views too well: take "whitened".
        hidden: the units of a layer between, at least twice the dimension; 0 for none.
        seed: of what is held out and of the order: the same seed, the same embedding on a CPU.
        epochs: at most.
        progress: receives the number of epochs done so far.

    Raises:
        UsageError: fewer than `LEAST` labels of two pictures or more, not a label for each picture, no such start.
        MissingExtraError: torch or pytorch-metric-learning is missing.
    """
    loss = _loss()
    rows, owners = unit(checked(vectors, 2 * LEAST, "a Siamese head")), _checked_labels(labels, len(vectors))
    own, held = split_labels(owners, seed)
    size = min(dimension or rows.shape[1], rows.shape[1])
    record = Record("siamese", encoder, len(rows))

    def score(*layers: Layer) -> tuple[float, float]:
        return found_again(Embedding(record, layers).transform(rows[held]), owners[held])

    layers = _chosen(starts(rows[own], owners[own], size), begin)
    begun = {name: score(layer)[1] for name, layer in layers.items()}
    model = _model(layers[max(begun, key=lambda name: begun[name])], hidden, seed)
    epoch = _epoch(model, rows[own], owners[own], loss, seed)
    course = train(model, epoch, lambda: score(*get_layers(model))[1], epochs, progress)
    r1, found = score(*get_layers(model))
    r1_raw, found_raw = found_again(rows[held], owners[held])
    figures = {"r1": r1, "r1_raw": r1_raw, "map": found, "map_raw": found_raw, "epochs": course.epoch}
    figures |= {f"map_start_{name}": value for name, value in begun.items()}
    options = {"labels": len(with_partners(owners)), "components": size, "hidden": hidden, "seed": seed}
    return Embedding(replace(record, options=options, figures=figures), get_layers(model))


def _chosen(layers: dict[str, Layer], begin: str) -> dict[str, Layer]:
    if begin and begin not in layers:
        raise UsageError(f"a Siamese head cannot begin with {begin!r}", f"choose one of {', '.join(layers)}")
    return {begin: layers[begin]} if begin else layers


def _model(start: Layer, hidden: int, seed: int) -> Sequential:
    if not hidden:
        return single(start)
    size = len(start[1])
    return double(start, np.eye(size, dtype=np.float32), max(hidden, 2 * size), seed)


def _checked_labels(labels: Sequence[Hashable], count: int) -> Indices:
    if len(labels) != count:
        raise UsageError(f"{len(labels)} labels for {count} pictures", "give each picture one")
    owners = numbered(labels)
    if (found := len(with_partners(owners))) < LEAST:
        cause = f"{found} labels of two pictures or more are too few to fit a Siamese head on"
        raise UsageError(
            cause, f"it needs {LEAST}; without labels, use views of each picture (quoth.embeddings.augment)"
        )
    return owners


def _loss() -> Callable[[Tensor, Tensor], Tensor]:
    """(n, d) embeddings of any length and (n,) labels -> the loss of their triplets."""
    import_torch()
    try:
        from pytorch_metric_learning import distances, losses, miners
    except ImportError as error:
        cause = f"pytorch-metric-learning fits a Siamese head ({error})"
        raise MissingExtraError(cause, 'pip install "quoth[train]"') from error
    cosine = distances.CosineSimilarity()
    miner = miners.TripletMarginMiner(margin=MARGIN, type_of_triplets="all", distance=cosine)
    triplets = losses.TripletMarginLoss(margin=MARGIN, distance=cosine)
    return lambda embeddings, labels: triplets(embeddings, labels, miner(embeddings, labels))


def _epoch(
    model: Sequential, rows: Rows, owners: Indices, loss: Callable[[Tensor, Tensor], Tensor], seed: int
) -> Callable[[], None]:
    """One pass over the pictures by Adam."""
    torch = import_torch()
    device, draw = find_device(), np.random.default_rng(seed)
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), _RATE / rows.shape[1])

    def epoch() -> None:
        for batch in batches(owners, draw):
            optimizer.zero_grad()
            embeddings = model(torch.from_numpy(rows[batch]).to(device))
            loss(embeddings, torch.from_numpy(owners[batch]).to(device)).backward()
            optimizer.step()

    return epoch
