"""What an embedding is: vectors in, what is stored and compared out."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quoth.errors import StoreError, UsageError
from quoth.types import Vectors

Rows = NDArray[np.float32]
"""(n, d) float32, rows of any length."""

Layer = tuple[Rows, NDArray[np.float32]]
"""(out, in) weights and (out,) biases."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was fitted on what.

    kind: "pca", "autoencoder", "siamese"; encoder: the identity of what computed the vectors.
    pictures: how many it was fitted on; options: how; figures: what the fitting said of itself.
    """

    kind: str
    encoder: str
    pictures: int
    options: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A fitted transformation: unit vectors through affine layers with a ReLU between them, then to unit length.

    PCA is one layer, the encoding half of an autoencoder and a Siamese head are one or more: whatever it was fitted
    with, to use it takes numpy alone.
    """

    record: Record
    layers: tuple[Layer, ...]

    @property
    def dimension(self) -> int:
        """Of the embeddings."""
        return len(self.layers[-1][1])

    def project(self, vectors: Rows) -> Rows:
        """(n, d) float32 of any length -> (n, e) float32, before they are brought to unit length."""
        rows = unit(vectors)
        for index, (weights, biases) in enumerate(self.layers):
            rows = (np.maximum(rows, 0) if index else rows) @ weights.T + biases
        return np.asarray(rows, np.float32)

    def transform(self, vectors: Rows) -> Vectors:
        """(n, d) float32 of any length -> (n, e) float32, unit rows."""
        return unit(self.project(vectors))

    def noted(self, **figures: float) -> Embedding:
        """The same with more figures in its record."""
        return replace(self, record=replace(self.record, figures={**self.record.figures, **figures}))

    def save(self, path: Path) -> None:
        """Write it, at one stroke. Raises StoreError."""
        weights = {f"w{i}": layer[0] for i, layer in enumerate(self.layers)}
        biases = {f"b{i}": layer[1] for i, layer in enumerate(self.layers)}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, record=np.array(json.dumps(asdict(self.record))), **weights, **biases)
        part = path.with_name(f"{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(buffer.getvalue())
            part.replace(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be written ({error})", "check its rights and room") from error


def load_embedding(path: Path) -> Embedding:
    """Read what `Embedding.save` wrote. Raises StoreError."""
    try:
        with np.load(path, allow_pickle=False) as held:
            record = Record(**json.loads(str(held["record"])))
            count = sum(name.startswith("w") for name in held.files)
            return Embedding(record, tuple((held[f"w{i}"], held[f"b{i}"]) for i in range(count)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"the embedding {path} cannot be read ({error})", "fit it again: quoth embed fit") from error


def unit(rows: NDArray[np.floating]) -> Vectors:
    """(n, d) -> (n, d) float32, rows of unit length; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def checked(vectors: Rows, least: int, what: str) -> Rows:
    """Vectors to fit on. Raises UsageError if they are too few."""
    if len(vectors) < least:
        raise UsageError(f"{len(vectors)} pictures are too few to fit {what} on", f"add pictures: it needs {least}")
    return vectors
