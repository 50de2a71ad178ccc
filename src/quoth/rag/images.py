"""Pictures among the passages, as a model looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quoth.generators.base import Image, LanguageModel
from quoth.store import Previews
from quoth.types import Passage

Images = Mapping[str, Image]
"""Passage id -> the picture that it is."""


def images_of(model: LanguageModel, passages: Sequence[Passage], previews: Previews) -> Images:
    """The pictures among the passages; none for a model that reads words alone.

    Raises:
        ModelError: one cannot be read.
    """
    files = previews([passage.id for passage in passages if passage.picture])
    shown = {p.id: model.show(p.picture, files[p.id]) for p in passages if p.id in files}
    return {name: image for name, image in shown.items() if image is not None}
