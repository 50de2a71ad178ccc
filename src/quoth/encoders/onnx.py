"""A sentence encoder in ONNX, as `tools/export_minilm.py` writes it: model.json, tokenizer.json, the graph.

One text a run and as many runs at once as there are cores, one thread each: no batch, so no padding. A vector
depends on its text alone, to the last bit, and this was also the fastest way (see docs/experiments).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from quoth.encoders.base import Encoder
from quoth.errors import ModelError
from quoth.naming import whole
from quoth.types import Vectors

CURE = "reinstall quoth, or export the encoder again with tools/export_minilm.py"
# Texts tokenised and queued at once: enough to keep the cores busy, and memory does not grow with the corpus.
SLICE = 256

onnxruntime.disable_telemetry_events()  # Windows builds send usage events unless told not to.


@dataclass(frozen=True, slots=True)
class Card:
    """What model.json says: `file` is the graph, `sha256` its digest, `max_tokens` counts [CLS] and [SEP]."""

    name: str
    version: str
    dimension: int
    max_tokens: int
    file: str
    sha256: str


class OnnxEncoder(Encoder):
    """An encoder whose graph takes `input_ids` (1, t) int64 and gives (1, d) float32, a unit row."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        card = read_card(folder)
        self.name, self.version, self.dimension = card.name, card.version, card.dimension
        self._tokenizer = open_tokenizer(folder / "tokenizer.json", card.max_tokens)
        self._session = open_session(folder / card.file, card.sha256)
        self._threads = threads or os.cpu_count() or 1

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """(n,) texts -> (n, d) float32, unit rows; tokens beyond the encoder's maximum are not read."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for row, vector in enumerate(self._vectors(texts)):
            vectors[row] = vector
            if progress:
                progress(row + 1)
        return vectors

    def _vectors(self, texts: Sequence[str]) -> Iterator[Vectors]:
        """One (1, d) for each text, in order."""
        if len(texts) == 1:
            yield self._run(self._tokens(texts)[0])
            return
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, len(texts), SLICE):
                yield from pool.map(self._run, self._tokens(texts[start : start + SLICE]))

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        # A lone surrogate (a file name, a broken web page) has no UTF-8: it becomes a question mark.
        clean = [whole(text) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(clean)]

    def _run(self, tokens: list[int]) -> Vectors:
        """(t,) tokens -> (1, d) float32."""
        outputs = self._session.run(None, {"input_ids": np.array([tokens], np.int64)})
        return np.asarray(outputs[0], np.float32)


def read_card(folder: Path) -> Card:
    """Read model.json; what Quoth does not need of it (licence, source, tools) is for people."""
    path = folder / "model.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Card(**{field: content[field] for field in Card.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"no usable encoder in {folder}: {path.name}: {error!r}", CURE) from error


def open_tokenizer(path: Path, max_tokens: int) -> Tokenizer:
    """The tokenizer, with our own limit: files often say 128, or pad everything to it."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing more precise
        raise ModelError(f"the tokenizer {path} cannot be read: {error}", CURE) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def open_session(path: Path, sha256: str) -> onnxruntime.InferenceSession:
    """The graph, ready to run on CPUs from several threads at once; with an empty `sha256` it is not checked."""
    # By its path where it is not checked: then its weights may lie in files beside it.
    content = read_checked(path, sha256) if sha256 else str(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False  # it would keep a plan for every length of text
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class
        raise ModelError(f"the encoder {path} cannot be loaded: {error}", CURE) from error


def read_checked(path: Path, sha256: str) -> bytes:
    """The file's bytes, which must have this SHA-256."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"the encoder {path} cannot be read: {error}", CURE) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelError(f"the encoder {path} is damaged: SHA-256 {found}, expected {sha256}", CURE)
    return content
