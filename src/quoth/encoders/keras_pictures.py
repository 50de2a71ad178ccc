"""Keras's ResNet50 without its classifier: `include_top=False, pooling="avg"`, 2,048 numbers a picture.

Of Keras 3, on any of its back ends. The architecture is always Keras's own, and of a file only the weights are read:
a whole saved model could hold code.
"""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from quoth.encoders.base import PictureEncoder, Seen
from quoth.encoders.batches import look_at_all, look_at_nothing
from quoth.encoders.views import CAFFE
from quoth.errors import MissingExtraError, ModelError, NotFoundError
from quoth.types import Pixels

IMAGENET = "resnet50"
"""The name for the weights that Keras downloads; all others are files."""
_FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
_INSTALL = 'pip install "quoth[keras]"'


class KerasPictureEncoder(PictureEncoder):
    """ResNet50; a picture's vector is what `model.predict(preprocess_input(x))` gives."""

    name = "keras-resnet50"
    classes = ()
    words = None

    def __init__(self, weights: str) -> None:
        """`weights` is the file of the weights, or `resnet50` for those of ImageNet, which Keras downloads.

        Raises:
            MissingExtraError: Keras, or what it computes with, is not installed.
            NotFoundError: there is no such file.
            ModelError: it does not hold these weights, or they could not be downloaded.
        """
        choose_backend()
        self._model = _imagenet() if weights == IMAGENET else _from_file(Path(os.path.expanduser(weights)))  # noqa: PTH111
        self.version = _version(self._model)
        self._nothing = look_at_nothing(self._look)
        self.dimension = self._nothing.vectors.shape[1]

    def encode(self, pictures: Sequence[Pixels], progress: Callable[[int], None] | None = None) -> Seen:
        """(n,) pictures of any sizes -> (n, 2048) float32."""
        return look_at_all(self._look, pictures, self._nothing, progress)

    def _look(self, pictures: Sequence[Pixels]) -> Seen:
        tensor = np.stack([CAFFE.normalise(CAFFE.square(picture)) for picture in pictures])
        return Seen(np.asarray(self._model.predict_on_batch(tensor), np.float32))


def choose_backend() -> None:
    """Let Keras compute with what is there: it asks for TensorFlow unless it is told otherwise.

    Raises:
        MissingExtraError: Keras or all of its back ends are missing.
    """
    if not find_spec("keras"):
        raise MissingExtraError("this picture encoder needs Keras", _INSTALL)
    if "KERAS_BACKEND" in os.environ or find_spec("tensorflow"):
        return
    installed = [name for name in ("torch", "jax") if find_spec(name)]
    if not installed:
        raise MissingExtraError("Keras has nothing to compute with: no torch, jax or tensorflow", _INSTALL)
    os.environ["KERAS_BACKEND"] = installed[0]


def _resnet50(weights: str | None) -> Any:  # noqa: ANN401, Keras has no types
    try:
        import keras
    except ImportError as error:  # of the back end that KERAS_BACKEND names
        raise MissingExtraError(f"Keras cannot be loaded ({error})", f"{_INSTALL}, or unset KERAS_BACKEND") from error
    return keras.applications.ResNet50(weights=weights, include_top=False, pooling="avg", input_shape=(224, 224, 3))


def _imagenet() -> Any:  # noqa: ANN401
    try:
        # What it says while it downloads is no part of a command's answer.
        with redirect_stdout(sys.stderr):
            return _resnet50("imagenet")
    except MissingExtraError:
        raise
    except Exception as error:  # Keras raises nothing more precise
        raise ModelError(
            f"the weights of keras:{IMAGENET} could not be downloaded ({_reason(error)})",
            f"check the network, or bring the file {_FILE} (Keras's releases have it) and set picture_encoder to "
            "keras:/path/to/it",
        ) from error


def _from_file(path: Path) -> Any:  # noqa: ANN401
    if not path.is_file():
        raise NotFoundError(
            f"there is no file {path}", f"give keras:/path/to/weights.h5 or .keras, or keras:{IMAGENET} to download it"
        )
    try:
        model = _resnet50(None)
        # Keras only warns of layers that the file lacks, and leaves them random.
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            model.load_weights(str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UserWarning, BadZipFile) as error:
        raise ModelError(
            f"{path} does not hold the weights of Keras's ResNet50 ({_reason(error)})",
            'save them from keras.applications.ResNet50(include_top=False, pooling="avg") as .weights.h5 or .keras',
        ) from error
    return model


def _version(model: Any) -> str:  # noqa: ANN401
    """A digest of the weights: the same whatever kind of file they came from."""
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(np.asarray(array, np.float32).tobytes())
    return digest.hexdigest()[:12]


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
