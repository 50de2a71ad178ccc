"""A knowledge base on a map: pictures and texts in one space, or pictures alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from quoth.embeddings import unit
from quoth.errors import StoreError, UsageError
from quoth.gallery import Gallery
from quoth.similarity import flatten
from quoth.store import Store
from quoth.types import Passage, Vectors

# More than this nobody can look at, and laying them out takes minutes.
MOST_PICTURES, MOST_TEXTS = 1_500, 1_500
_SUFFIXES = (".html", ".png", ".jpg", ".webp")


def draw(path: Path, store: Store, gallery: Gallery, title: str) -> None:
    """Draw the map into a file: a page (.html) or a picture (.png, .jpg, .webp).

    Raises:
        UsageError: the extension is another, or there is nothing to draw.
        StoreError: the file cannot be written.
    """
    # Pillow is for those who have pictures.
    from quoth.map import Item, draw_map, render_page
    from quoth.sheet import save_sheet

    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{path} is no page and no picture", f"end its name in one of: {', '.join(_SUFFIXES)}")
    passages, vectors = _together(store, gallery)
    if not passages:
        raise UsageError("there is nothing to draw", "add documents or pictures first")
    places, method = flatten(vectors)
    previews = gallery.previews([passage.id for passage in passages if passage.picture])
    items = [
        Item(x, 1 - y, passage.title, f"{passage.document}, {passage.place}", passage.text, previews.get(passage.id))
        for passage, (x, y) in zip(passages, places.tolist(), strict=True)
    ]
    if path.suffix.lower() != ".html":
        save_sheet(draw_map(items), path)
        return
    note = f"{len(items)} passages laid out by {method}: what is alike lies together."
    try:
        path.write_text(render_page(items, title, note), "utf-8")
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error})", "check the folder's rights and room") from error


def _together(store: Store, gallery: Gallery) -> tuple[list[Passage], Vectors]:
    """What is drawn, and vectors in which it can be compared."""
    texts, said = store.embedded(MOST_TEXTS, "text")
    pictures, seen = gallery.among_words(MOST_PICTURES) if texts else gallery.held()
    if not texts or not len(pictures):
        return [*texts, *pictures[:MOST_PICTURES]], (said if texts else seen[:MOST_PICTURES])
    # Pictures and texts lie in different parts of the space of words: each kind is seen from its own middle.
    return [*texts, *pictures], np.concatenate([unit(rows - rows.mean(axis=0)) for rows in (said, seen)])
