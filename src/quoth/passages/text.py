"""Plain text, source code, tables of values, logs: the decoded file as it is."""

from __future__ import annotations

from quoth.passages.content import Content
from quoth.passages.decode import decode


def read(data: bytes, media_type: str) -> Content:  # noqa: ARG001 - every parser has this signature
    """The decoded file; offsets are offsets in it. Raises DocumentError for binary data."""
    return Content(decode(data))
