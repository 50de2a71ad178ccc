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

from quoth.encoders.base import Encoder, PictureEncoder, Seen
from quoth.encoders.batches import BLACK
from quoth.encoders.fingerprint import fingerprint
from quoth.encoders.onnx import CURE, open_session
from quoth.encoders.views import View, make_view
from quoth.errors import ModelError
from quoth.types import Pixels

# What hubs call the vector of a picture; else it is the first output.
_VECTORS = ("image_embeds", "pooler_output")


@dataclass(frozen=True, slots=True)
class Card:
    """What model.json says of the graph in `file`. Of one's own model the last three may be left out.

    version: "" for a digest of the graph.
    dimension: 0 for what a first run gives.
    sha256: "" for a graph that may change; else one that has changed is refused.
    """

    name: str
    file: str
    view: View
    version: str = ""
    dimension: int = 0
    sha256: str = ""


class OnnxPictureEncoder(PictureEncoder):
    """A graph that takes one picture and gives its vector; what it calls `logits` and `spread` is as in `Seen`.

    The picture is (1, size, size, 3) uint8 where the graph takes bytes, else float32 after `View.normalise`, with the
    channels where the graph has them. The vector is the output `image_embeds` or `pooler_output`, else the first one.
    """

    def __init__(self, folder: Path, card: Card, words: Encoder | None = None, threads: int | None = None) -> None:
        """Load the graph that `card` describes.

        Raises:
            ModelError: there is none, or it takes no such pictures.
        """
        path = folder / card.file
        self._view = card.view
        self._session = open_session(path, card.sha256)
        wanted = self._session.get_inputs()[0]
        self._input = wanted.name
        self._wants_bytes = wanted.type == "tensor(uint8)"
        self._channels_first = len(wanted.shape) == 4 and wanted.shape[1] == 3
        self._outputs = _outputs([output.name for output in self._session.get_outputs()])
        self._threads = threads or os.cpu_count() or 1
        names = folder / "classes.txt"
        self.classes = names.read_text("utf-8").splitlines() if names.is_file() else []
        self.words = words
        self.name = card.name
        self.version = card.version or fingerprint([path, *sorted(path.parent.glob(f"{path.name}[._]data*"))])
        self.dimension = card.dimension if card.sha256 and card.dimension else self._try(path)

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

    def _try(self, path: Path) -> int:
        """How long a vector is, seen on a black picture: nobody has tried a graph that has no digest."""
        cure = "mend the view in model.json; the graph must take one picture and give (1, d)"
        try:
            vector = self.run(self.prepare(BLACK))[0]
        except Exception as error:  # onnxruntime's errors have no common class
            raise ModelError(f"the encoder {path} takes no such pictures: {error}", cure) from error
        if vector.ndim != 2 or len(vector) != 1:
            raise ModelError(f"the encoder {path} gives {vector.shape} for a picture, no vector", cure)
        return int(vector.shape[1])


def load_onnx_pictures(folder: Path, threads: int | None = None) -> OnnxPictureEncoder:
    """The encoder in a folder with a model.json. Raises ModelError."""
    return OnnxPictureEncoder(folder, read_card(folder), threads=threads)


def read_card(folder: Path) -> Card:
    """Read model.json; its `view` holds the fields of `View`. Raises ModelError."""
    path = folder / "model.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = {key: content[key] for key in Card.__dataclass_fields__ if key in content}
        return Card(**{**known, "view": make_view(content["view"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"no usable picture encoder in {folder}: {path.name}: {error!r}", CURE) from error


def _outputs(names: Sequence[str]) -> list[str]:
    """The vector's, then those of `logits` and `spread` that there are."""
    vector = next((name for name in _VECTORS if name in names), names[0])
    return [vector, *(name for name in ("logits", "spread") if name in names)]
