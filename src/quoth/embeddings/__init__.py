"""Vectors -> embeddings: small fitted transformations."""

from __future__ import annotations

from quoth.embeddings.base import Embedding, Record, Rows, load_embedding, unit

__all__ = ["Embedding", "Record", "Rows", "load_embedding", "unit"]
