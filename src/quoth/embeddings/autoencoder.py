"""An autoencoder by torch (extra `train`): vectors through a narrow code and back (Hinton and Salakhutdinov 2006).

    code = W2 relu(W1 u(x) + b1) + b2,  u(x) = x / |x|, and the same backwards; the embedding is the first half.

It starts as a PCA, not at random (see `training.double`): what training adds is what a PCA cannot do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quoth.embeddings.base import Embedding, Layer, Record, Rows, checked, unit
from quoth.embeddings.pca import fit_pca
from quoth.embeddings.training import Course, Progress, double, find_device, get_layers, import_torch, split, train

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Sequential

CODE = 100
HIDDEN = 512
EPOCHS = 200
HELD_OUT = 0.1
"""The part that is not trained on: it tells when to stop."""

LEAST = 20
"""Pictures to fit on."""

_BATCH = 64
_ROUNDING = 1e-6
_RATE = 3e-4


@dataclass(frozen=True, slots=True)
class _Scale:
    """From unit vectors to what is trained on: the mean is 0, the variance of all numbers together 1."""

    mean: Rows
    deviation: float

    def apart(self, rows: Rows) -> Rows:
        return np.asarray((rows - self.mean) / self.deviation, np.float32)

    def fold(self, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        """The same layers for unit vectors as they are."""
        (weights, biases), *rest = layers
        own = np.asarray(weights / self.deviation, np.float32)
        return (own, np.asarray(biases - own @ self.mean, np.float32)), *rest


def fit_autoencoder(
    vectors: Rows,
    encoder: str,
    code: int = CODE,
    hidden: int = HIDDEN,
    seed: int = 0,
    epochs: int = EPOCHS,
    progress: Progress | None = None,
) -> Embedding:
    """The code of so many numbers from which unit vectors are best told again.

    A tenth of the pictures is held out: training stops when its error no longer falls, and is at its best then. The
    record's figures are that part's, and so a little flattered: `error`, the mean squared error of a number of a unit
    vector; `unexplained`, the same as a share of the variance (1 - R2); `error_pca`, `unexplained_pca`: those of a PCA
    with as many numbers; `epochs`, until the best.

    Args:
        vectors: (n, d) float32, of any length.
        encoder: the identity of what computed them.
        code: the dimension of the embeddings; never more than the pictures or the vectors allow.
        hidden: the units of the layer before and behind the code, at least twice as many.
        seed: of what is held out, of the order and of the first weights: the same seed, the same embedding on a CPU.
        epochs: at most.
        progress: receives the number of epochs done so far.

    Raises:
        UsageError: fewer than `LEAST` pictures.
        MissingExtraError: torch or scikit-learn is missing.
    """
    import_torch()
    rows = unit(checked(vectors, LEAST, "an autoencoder"))
    own, held = split(len(rows), seed, 2, HELD_OUT)
    pca = fit_pca(rows[own], encoder, code)
    mean = np.asarray(rows[own].mean(axis=0), np.float32)
    deviation = float((rows[own] - mean).std())
    # Where all pictures are the same there is nothing to scale.
    scale = _Scale(mean, deviation if deviation > _ROUNDING else 1.0)
    hidden = max(hidden, 2 * pca.dimension)
    model = _start(pca.layers[0][0], hidden, seed)
    course = _trained(model, scale.apart(rows[own]), scale.apart(rows[held]), (seed, epochs), progress)
    options = {"wanted": code, "components": pca.dimension, "hidden": hidden, "seed": seed, "epochs": epochs}
    figures = _figures(course, scale, float(((rows[held] - mean) ** 2).mean()))
    layers = scale.fold(get_layers(model)[:2])
    return Embedding(Record("autoencoder", encoder, len(rows), options, figures), layers)


def _start(axes: Rows, hidden: int, seed: int) -> Sequential:
    """A model that does what the PCA with these (code, d) axes does, there and back."""
    same, zeros = np.eye(len(axes), dtype=np.float32), np.zeros(len(axes), np.float32)
    there, back = double((axes, zeros), same, hidden, seed), double((same, zeros), axes.T, hidden, seed)
    return import_torch().nn.Sequential(*there, *back)


def _trained(model: Sequential, own: Rows, held: Rows, plan: tuple[int, int], progress: Progress | None) -> Course:
    """Adam on the mean squared error; `plan`: the seed and the epochs."""
    torch = import_torch()
    device, (seed, epochs) = find_device(), plan
    model.to(device)
    inner, outer = torch.from_numpy(own).to(device), torch.from_numpy(held).to(device)
    optimizer = torch.optim.Adam(model.parameters(), _RATE)
    order = np.random.default_rng(seed)

    def loss(rows: Tensor) -> Tensor:
        return torch.nn.functional.mse_loss(model(rows), rows)

    def epoch() -> None:
        for part in np.array_split(order.permutation(len(own)), -(-len(own) // _BATCH)):
            optimizer.zero_grad()
            loss(inner[torch.from_numpy(part).to(device)]).backward()
            optimizer.step()

    def score() -> float:
        with torch.no_grad():
            return -float(loss(outer))

    return train(model, epoch, score, epochs, progress)


def _figures(course: Course, scale: _Scale, variance: float) -> dict[str, float]:
    """variance: the mean squared error of the mean."""
    error, pca = (-score * scale.deviation**2 for score in (course.best, course.start))
    shares = {"unexplained": error / variance, "unexplained_pca": pca / variance} if variance else {}
    return {"error": error, "error_pca": pca, **shares, "epochs": course.epoch}
