"""Messages between the parser's process and ours: eight bytes of length, then a pickle.

Both ends are ours and run the same code, so a pickle is safe here; it never comes from a file or a network.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass

from quoth.errors import DocumentError
from quoth.passages.look import Look
from quoth.sources.items import Fetched
from quoth.types import Document, Passage

LENGTH = struct.Struct(">Q")

BEAT = LENGTH.pack(0)
"""A sign of life instead of an answer."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document and its passages."""

    document: Document
    passages: tuple[Passage, ...]


Request = str | Document | Fetched | Look
"""What is to be read and split (the path of a file, a file that was fetched, a document), or a look at a page."""

Answer = Parsed | DocumentError


def pack(message: Request | Answer | bytes) -> bytes:
    """A message as bytes."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def unpack(body: bytes) -> object:
    """A message from the bytes after its length."""
    return pickle.loads(body)
