"""Drawing by a model behind an OpenAI-compatible server: `/images/generations`, and `/images/edits` with references."""

from __future__ import annotations

import base64
import binascii
import io
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import openai
from openai.types import ImagesResponse
from PIL import Image

from quoth.drawing.base import Drawing, ImageGenerator, Progress, Sketch, silent
from quoth.errors import ModelError, UsageError
from quoth.generators.remote_client import NO_API, RemoteClient
from quoth.types import Pixels

# Drawing takes servers longer than speaking.
TIMEOUT_S = 600.0
_FETCH_S = 60.0
_WISHES = ("seed", "num_inference_steps")
Wishes = dict[str, Any]
MOST_BYTES = 64 << 20
"""A picture's file is not larger than that."""


class EndpointGenerator(ImageGenerator):
    """One model of one server, through the official client. The prompt and the references are sent there.

    The seed and the steps are not in OpenAI's interface, but many servers take them: what one refuses by its name is
    left out from then on, and the drawing says so.
    """

    def __init__(self, name: str, server: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        """Make the client; nothing is sent yet.

        Args:
            name: the model, as the server calls it.
            server: see `quoth.generators.remote_client.RemoteClient`.
            timeout_s: the longest silence of the server, in seconds.

        Raises:
            UsageError: no model is named, or `server` is no URL.
            ModelError: OpenAI's server is meant and there is no key.
        """
        if not name:
            raise UsageError("no model is named after 'openai:'", "write openai:MODEL, as the server calls it")
        self.name = f"openai:{name}"
        self._model = name
        self._server = RemoteClient(server, timeout_s=timeout_s)
        self._refused: set[str] = set()

    def generate(
        self,
        prompt: str,
        references: Sequence[Pixels] = (),
        sketch: Sketch = Sketch(),  # noqa: B008, it is frozen
        progress: Progress = silent,
    ) -> list[Drawing]:
        """See `ImageGenerator.generate`; `strength` is no part of this interface."""
        drawings = []
        with self._server.telling(self._model):
            for i in range(sketch.count):
                drawings.append(self._one(prompt, references, sketch.seed + i, sketch.steps))
                progress(i + 1, sketch.count)
        return drawings

    def _one(self, prompt: str, references: Sequence[Pixels], seed: int, steps: int) -> Drawing:
        images = self._server.client.images
        wished = {"seed": seed, **({"num_inference_steps": steps} if steps else {})}
        given: dict[str, Any] = {"model": self._model, "prompt": prompt}
        if not references:
            answer, taken = self._asked(images.generate, wished, given)
            return Drawing(self._pixels(answer), "text-to-image", (), *map(taken.get, _WISHES))
        files = [(f"reference-{i + 1}.png", _png(one), "image/png") for i, one in enumerate(references)]
        given["image"] = files if len(files) > 1 else files[0]
        answer, taken = self._asked(images.edit, wished, given)
        return Drawing(self._pixels(answer), "image-edit", tuple(range(len(files))), *map(taken.get, _WISHES))

    def _asked(self, ask: Callable[..., Any], wished: Wishes, given: Wishes) -> tuple[Any, Wishes]:
        """The answer, and which wishes the server took."""
        while True:
            taken = {name: value for name, value in wished.items() if name not in self._refused}
            try:
                return ask(**given, extra_body=taken), taken
            except openai.BadRequestError as error:
                refused = _named(error, taken)
                if refused is None:
                    raise
                self._refused.add(refused)

    def _pixels(self, answer: object) -> Pixels:
        data = answer.data if isinstance(answer, ImagesResponse) else None
        if not data or not (data[0].b64_json or data[0].url):
            raise ModelError(f"{self._server.url} gave no picture", NO_API)
        try:
            file = base64.b64decode(data[0].b64_json) if data[0].b64_json else _fetched(str(data[0].url))
            with Image.open(io.BytesIO(file)) as image:
                return np.asarray(image.convert("RGB"), np.uint8)
        except (OSError, ValueError, binascii.Error, Image.DecompressionBombError) as error:
            raise ModelError(
                f"what {self._server.url} gave is no picture ({error})", "look at the server's log"
            ) from error


def _named(error: openai.BadRequestError, taken: Wishes) -> str | None:
    """The wish that the server refuses: by the parameter's name, or in words as servers without one do."""
    if error.param in taken:
        return error.param
    return next((name for name in taken if name in str(error.message)), None)


def _fetched(url: str) -> bytes:
    """The file at a web address; the server's key does not go there."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url[:80]!r} is no web address")
    with urllib.request.urlopen(url, timeout=_FETCH_S) as answer:
        data: bytes = answer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES >> 20} MB")
    return data


def _png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
