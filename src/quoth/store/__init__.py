"""The store: embeddings and passages at rest."""

from __future__ import annotations

from pathlib import Path

from quoth.store.base import (
    Embedded,
    Found,
    Near,
    PictureSpace,
    PictureStore,
    Previews,
    Store,
    StoredDocument,
    joined,
    no_previews,
)

__all__ = [
    "Embedded", "Found", "Near", "PictureSpace", "PictureStore", "Previews", "Store", "StoredDocument", "joined",
    "no_previews", "open_pictures", "open_store",
]  # fmt: skip


def open_store(folder: Path, dimension: int) -> Store:
    """The whole store in `folder` for embeddings of `dimension` numbers, made if there is none.

    Raises:
        StoreError: it can be neither opened nor made.
    """
    # Lance takes half a second to import: only who opens a knowledge base pays for it.
    from quoth.store.lance import LanceStore

    return LanceStore(folder, dimension)


def open_pictures(folder: Path, wanted: PictureSpace | None = None) -> PictureStore | None:
    """The pictures in `folder`; if there are none yet, `wanted` says what to make them for, and None makes none.

    Raises:
        StoreError: they can be neither opened nor made.
    """
    from quoth.store.pictures import LancePictures, has_pictures

    if wanted is None and not has_pictures(folder):
        return None
    return LancePictures(folder, wanted)
