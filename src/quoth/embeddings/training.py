"""What torch trains, alike for all: which part is held out, the epochs, and when to stop."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quoth.embeddings.base import Layer, Rows
from quoth.errors import MissingExtraError

if TYPE_CHECKING:
    from torch import Tensor, device
    from torch.nn import Linear, Sequential

Progress = Callable[[int], None]
"""Receives the number of epochs done so far."""

PATIENCE = 10
"""So many epochs in a row may be no better than the best."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a training went: the held-out score before it, the best, and after which epoch that was (0: the start)."""

    start: float
    best: float
    epoch: int


def import_torch() -> ModuleType:
    """Raises MissingExtraError where torch is not installed."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(f"torch fits this embedding ({error})", 'pip install "quoth[train]"') from error
    module: ModuleType = torch
    return module


def find_device() -> device:
    """The GPU if there is one that CUDA knows, else the CPU."""
    torch = import_torch()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def split(count: int, seed: int, least: int, part: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of `count` things, the indices of those to train on and of the `part` that is held out, at least `least`."""
    order = np.random.default_rng(seed).permutation(count)
    held = max(least, round(count * part))
    return order[held:], order[:held]


def train(
    model: Sequential, epoch: Callable[[], None], score: Callable[[], float], epochs: int, progress: Progress | None
) -> Course:
    """Epochs until the held-out score, which is better when higher, has not risen for `PATIENCE` of them.

    The model is left as it was at its best. The start is one of the candidates: training cannot make it worse.
    """
    start = best = score()
    kept, when = copy.deepcopy(model.state_dict()), 0
    for number in range(1, epochs + 1):
        epoch()
        if (now := score()) > best:
            best, kept, when = now, copy.deepcopy(model.state_dict()), number
        if progress:
            progress(number)
        if number - when >= PATIENCE:
            break
    model.load_state_dict(kept)
    return Course(start, best, when)


def single(layer: Layer) -> Sequential:
    """A model of one affine layer."""
    return import_torch().nn.Sequential(_linear(*layer))


def double(layer: Layer, outward: Rows, hidden: int, seed: int) -> Sequential:
    """A model of two layers that does what this one and then `outward` do, with room for what is not affine.

    As relu(a) - relu(-a) = a, two hidden units carry a number through. The other units look in directions of their
    own and count for nothing yet. `hidden` is at least twice the layer's outputs.
    """
    weights, biases = layer
    nn, more, size = import_torch().nn, hidden - 2 * len(biases), weights.shape[1]
    others = np.random.default_rng(seed).normal(0, np.sqrt(2 / size), (more, size))
    inward = _linear(np.concatenate([weights, -weights, others]), np.concatenate([biases, -biases, np.zeros(more)]))
    unheard = np.zeros((len(outward), more))
    return nn.Sequential(inward, nn.ReLU(), _linear(np.concatenate([outward, -outward, unheard], axis=1)))


def _linear(weights: NDArray[np.floating], biases: NDArray[np.floating] | None = None) -> Linear:
    torch = import_torch()
    linear = torch.nn.utils.skip_init(torch.nn.Linear, weights.shape[1], weights.shape[0])
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(np.array(weights, np.float32)))
        linear.bias.copy_(torch.from_numpy(np.array(np.zeros(len(weights)) if biases is None else biases, np.float32)))
    return linear


def get_layers(model: Sequential) -> tuple[Layer, ...]:
    """The affine layers, as arrays."""
    return tuple((_array(part.weight), _array(part.bias)) for part in model if hasattr(part, "weight"))


def _array(tensor: Tensor) -> Rows:
    return np.array(tensor.detach().cpu().numpy(), np.float32)
