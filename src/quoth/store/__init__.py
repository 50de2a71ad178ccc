"""The store: embeddings and passages at rest."""

from __future__ import annotations

from pathlib import Path

from quoth.store.base import Found, Store, StoredDocument

__all__ = ["Found", "Store", "StoredDocument", "open_store"]


def open_store(folder: Path, dimension: int) -> Store:
    """The store in `folder` for embeddings of `dimension` numbers, made if there is none.

    Raises:
        StoreError: it can be neither opened nor made.
    """
    # Lance takes half a second to import: only who opens a knowledge base pays for it.
    from quoth.store.lance import LanceStore

    return LanceStore(folder, dimension)
