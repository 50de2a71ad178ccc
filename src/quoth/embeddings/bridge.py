"""From pictures to words: where a picture lies among the embeddings of texts, so that words find it.

    v(x) = u( u(p(x) C) + u(s(x) C) + u(l(x) R - r) ),  u(x) = x / |x|

p: the softmax of the logits at temperature 2, C: the centred embeddings of what may be said of each class. That is
ConSE (Norouzi et al. 2013, arXiv 1312.5650) with sentences for names. s: what is seen at single places
(`Seen.spread`), so that small things count. l: the centred logits, R: ridge regression from the classifier's weights
to C, a linear map of the picture's vector. Fitted without pictures by tools/fit_bridge.py; each part finds less alone
(docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quoth.embeddings.base import unit
from quoth.encoders import MODELS, Encoder, PictureEncoder, Seen
from quoth.errors import ModelError
from quoth.types import Vectors

TEMPERATURE = 2.0
# The shipped bridge leads from this encoder of pictures to this one of words.
ENDS = ("efficientnet-lite0", "all-MiniLM-L6-v2")


class Bridge:
    """The bridge of a classifier."""

    def __init__(self, arrays: Mapping[str, NDArray[np.floating]]) -> None:
        """`classes` and `rows` (c, e), `shift` (e,)."""
        self._classes, self._rows, self._shift = (
            np.asarray(arrays[name], np.float32) for name in ("classes", "rows", "shift")
        )
        self.dimension = len(self._shift)

    def words(self, seen: Seen) -> Vectors:
        """What n pictures show -> (n, e) float32, unit rows among the embeddings of texts.

        Raises:
            ModelError: the encoder gave no classes.
        """
        if seen.logits is None or seen.spread is None:
            raise ModelError("the picture encoder gives no classes", "use the one that ships with Quoth")
        warm = seen.logits / TEMPERATURE
        chances = np.exp(warm - np.logaddexp.reduce(warm, axis=1, keepdims=True))
        centred = seen.logits - seen.logits.mean(axis=1, keepdims=True)
        parts = (chances @ self._classes, seen.spread @ self._classes, centred @ self._rows - self._shift)
        return unit(sum(map(unit, parts)))  # type: ignore[arg-type]


def find_bridge(encoder: PictureEncoder, words: Encoder) -> Bridge | None:
    """The bridge from this encoder to these words; None if there is none."""
    if (encoder.name, words.name) != ENDS:
        return None
    return load_bridge(MODELS / ENDS[0] / "bridge.npz")


def load_bridge(path: Path) -> Bridge:
    """Read what tools/fit_bridge.py wrote. Raises ModelError."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Bridge(arrays)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the bridge {path} cannot be read ({error})", "reinstall quoth") from error
