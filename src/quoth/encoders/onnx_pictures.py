"""A picture encoder in ONNX: a folder with model.json, the graph and, for a classifier, the names of its classes.

One picture a run and as many runs at once as there are cores, one thread each, as for texts (docs/experiments.md): a
vector depends on its picture alone, to the last bit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quoth.encoders.base import PictureEncoder, Seen
from quoth.encoders.onnx import CURE, open_session
from quoth.encoders.views import View, make_view
from quoth.errors import ModelError
from quoth.types import Pixels


@dataclass(frozen=True, slots=True)
class Card:
    """What model.json says: `file` is the graph, `sha256` its digest."""

    name: str
    version: str
    dimension: int
    file: str
    sha256: str
    view: View


class OnnxPictureEncoder(PictureEncoder):
    """A graph that takes one picture and gives its vector first; what it calls `logits` and `spread` is as in `Seen`.

    The picture is (1, size, size, 3) uint8 where the graph takes bytes, else float32 after `View.normalise`, with the
    channels where the graph has them.
    """

    words = None

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Load it.

        Raises:
            ModelError: the folder does not hold such an encoder.
        """
        card = read_card(folder)
        self.name, self.version, self.dimension = card.name, card.version, card.dimension
        self._view = card.view
        self._session = open_session(folder / card.file, card.sha256)
        wanted = self._session.get_inputs()[0]
        self._input = wanted.name
        self._wants_bytes = wanted.type == "tensor(uint8)"
        self._channels_first = wanted.shape[1] == 3
        vector, *others = (output.name for output in self._session.get_outputs())
        self._outputs = [vector, *(name for name in ("logits", "spread") if name in others)]
        names = folder / "classes.txt"
        self.classes = names.read_text("utf-8").splitlines() if names.is_file() else []
        self._threads = threads or os.cpu_count() or 1

    def encode(self, pictures: Sequence[Pixels], progress: Callable[[int], None] | None = None) -> Seen:
        """(n,) pictures of any sizes -> (n, d) float32 vectors, and logits."""
        rows = []
        with ThreadPoolExecutor(self._threads) as pool:
            for row in pool.map(lambda picture: self.run(self.prepare(picture)), pictures):
                rows.append(row)
                if progress:
                    progress(len(rows))
        columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
        vectors = columns[0] if rows else np.empty((0, self.dimension), np.float32)
        return Seen(vectors, **dict(zip(self._outputs[1:], columns[1:], strict=bool(rows))))

    def prepare(self, picture: Pixels) -> NDArray[Any]:
        """A picture of any size -> the one (1, ...) that the graph takes."""
        square: NDArray[Any] = self._view.square(picture)
        if not self._wants_bytes:
            square = self._view.normalise(square)
        return np.ascontiguousarray((square.transpose(2, 0, 1) if self._channels_first else square)[None])

    def run(self, prepared: NDArray[Any]) -> list[NDArray[np.float32]]:
        """What `prepare` gave -> (1, d), and (1, classes) of each other output."""
        return [np.asarray(out, np.float32) for out in self._session.run(self._outputs, {self._input: prepared})]


def read_card(folder: Path) -> Card:
    """Read model.json; its `view` holds the fields of `View`. Raises ModelError."""
    path = folder / "model.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        view = make_view(content["view"])
        return Card(**{key: content[key] for key in Card.__dataclass_fields__ if key != "view"}, view=view)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"no usable picture encoder in {folder}: {path.name}: {error!r}", CURE) from error
