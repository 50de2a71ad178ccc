"""CLIP and SigLIP in ONNX, without torch: a folder as model hubs lay it out.

    onnx/vision_model.onnx      pixel_values (n, 3, s, s) float32 -> image_embeds or pooler_output (n, d)
    onnx/text_model.onnx        input_ids and perhaps attention_mask (n, t) int64 -> text_embeds or pooler_output (n, d)
    preprocessor_config.json    how pictures are prepared
    tokenizer.json              with tokenizer_config.json, if it is there, for the token that fills
    config.json                 which model it is, and how long its texts may be; without it, CLIP

Without a text model pictures are found by pictures only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from quoth.encoders.base import Encoder
from quoth.encoders.fingerprint import fingerprint
from quoth.encoders.onnx import open_session, open_tokenizer
from quoth.encoders.onnx_pictures import Card, OnnxPictureEncoder
from quoth.encoders.views import View, processor_view
from quoth.errors import ModelError
from quoth.naming import whole
from quoth.types import Vectors

VISION = "onnx/vision_model.onnx"
TEXT = "onnx/text_model.onnx"
# How many tokens a text has where config.json leaves it at the default.
_LONGEST = {"clip": 77, "siglip": 64, "siglip2": 64}
# Trained on texts filled up to the full length: the last token speaks for all.
_FILLED = ("siglip", "siglip2")
_CURE = "give a whole folder: onnx/, preprocessor_config.json, tokenizer.json and config.json"


def load_onnx_clip(folder: Path, threads: int | None = None) -> OnnxPictureEncoder:
    """The two towers in `folder`. Raises ModelError."""
    config = _read(folder, "config.json") if (folder / "config.json").is_file() else {}
    kind = str(config.get("model_type", "clip"))
    words = OnnxWords(folder, kind, _longest(config, kind), threads) if (folder / TEXT).is_file() else None
    return OnnxPictureEncoder(folder, Card(f"{kind}-onnx", VISION, _view(folder)), words, threads)


class OnnxWords(Encoder):
    """The text tower: one text a run, and as many runs at once as there are cores, one thread each."""

    def __init__(self, folder: Path, kind: str, longest: int, threads: int | None = None) -> None:
        """`kind` is the type of the model, `longest` how many tokens of a text it reads.

        Raises:
            ModelError: the graph or the tokenizer cannot be loaded.
        """
        self.name, self.version = f"{kind}-onnx-words", fingerprint([folder / TEXT])
        self._tokenizer = open_tokenizer(folder / "tokenizer.json", longest)
        if kind in _FILLED:
            _fill(self._tokenizer, folder, longest)
        self._session = open_session(folder / TEXT, "")
        self._inputs = [wanted.name for wanted in self._session.get_inputs()]
        names = [output.name for output in self._session.get_outputs()]
        self._output = next((name for name in ("text_embeds", "pooler_output") if name in names), names[0])
        self._threads = threads or os.cpu_count() or 1
        self.dimension = len(self._run(self._tokenizer.encode("")))

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """(n,) texts -> (n, d) float32, unit rows; tokens beyond the model's positions are not read."""
        clean = [whole(text) for text in texts]
        vectors = np.empty((len(texts), self.dimension), np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for row, vector in enumerate(pool.map(self._run, self._tokenizer.encode_batch(clean))):
                vectors[row] = vector
                if progress:
                    progress(row + 1)
        return vectors

    def _run(self, tokens: Encoding) -> Vectors:
        """The tokens of a text -> (d,) float32 of unit length."""
        known = {"input_ids": tokens.ids, "attention_mask": tokens.attention_mask}
        given = {name: np.array([known[name]], np.int64) for name in self._inputs}
        [[vector]] = self._session.run([self._output], given)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def _view(folder: Path) -> View:
    config = _read(folder, "preprocessor_config.json")
    try:
        return processor_view(config)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(
            f"pictures cannot be prepared as {folder}/preprocessor_config.json says: {error!r}",
            "describe the view in a model.json instead (quoth.encoders.onnx_pictures)",
        ) from error


def _longest(config: dict[str, Any], kind: str) -> int:
    text = config.get("text_config") or {}
    return int(text.get("max_position_embeddings") or _LONGEST.get(kind, _LONGEST["clip"]))


def _fill(tokenizer: Tokenizer, folder: Path, longest: int) -> None:
    """Have short texts filled up with the token that the folder names for it."""
    config = _read(folder, "tokenizer_config.json")
    token = config.get("pad_token")
    name = token["content"] if isinstance(token, dict) else token
    number = tokenizer.token_to_id(name) if name else None
    if number is None:
        raise ModelError(f"the tokenizer in {folder} has no token {name!r} to fill texts with", _CURE)
    tokenizer.enable_padding(pad_id=number, pad_token=name, length=longest)


def _read(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file's object. Raises ModelError."""
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"no usable picture encoder in {folder}: {name}: {error!r}", _CURE) from error
    if not isinstance(content, dict):
        raise ModelError(f"no usable picture encoder in {folder}: {name} holds no object", _CURE)
    return content
