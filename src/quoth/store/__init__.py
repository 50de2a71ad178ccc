"""The store: embeddings and passages at rest."""

from __future__ import annotations

import os
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
from quoth.store.postponed import postpone

__all__ = [
    "Embedded", "Found", "Near", "PictureSpace", "PictureStore", "Previews", "Store", "StoredDocument", "joined",
    "no_previews", "open_pictures", "open_store",
]  # fmt: skip

# Before Lance is imported: it reads this once, and hybrid queries and index builds log what is no news to a user.
os.environ.setdefault("LANCE_LOG", "error")
postpone("lance_namespace_urllib3_client")


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
