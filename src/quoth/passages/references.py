"""Pictures that a document names -> its figures: files beside it, members of its archive, bytes in the name itself."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from quoth.manifest import is_knowledge_base
from quoth.passages.album import Album
from quoth.passages.content import Reference
from quoth.types import Figure

Fetch = Callable[[str], bytes | None]
"""The bytes of the picture of a name, as the document has it (percent escapes and all); None if there is none."""

_LARGEST = 100_000_000


def resolve(references: Iterable[Reference], fetch: Fetch) -> tuple[Figure, ...]:
    """The figures of those references whose pictures can be read; in order."""
    album, figures = Album(), []
    for one in references:
        data = None if album.is_full else _inline(one.source) or fetch(one.source)
        figure = album.figure(data, one.words) if data else None
        if figure:
            figures.append(replace(figure, start=one.start, page=one.page))
    return tuple(figures)


def beside(file: Path) -> Fetch:
    """Reads files in the folder of `file` and below it; never others, never from a network.

    What lies in a knowledge base's folder is never read: there are files of many people, not all for the same eyes.
    """
    folder = file.resolve().parent

    def fetch(source: str) -> bytes | None:
        try:
            path = (folder / local_name(source)).resolve()
            # After links are followed: one that leads out of the folder is not followed either.
            is_ours = path.is_relative_to(folder) and not any(map(is_knowledge_base, path.parents))
            return path.read_bytes() if is_ours and path.is_file() and path.stat().st_size <= _LARGEST else None
        except (OSError, ValueError):  # ValueError: a name with a NUL, or one that is no address
            return None

    return fetch


def local_name(source: str) -> str:
    """The relative path in a reference; "" if it is absolute or of another place (a scheme, a host)."""
    address = urlsplit(source.strip())
    is_local = not (address.scheme or address.netloc) and not address.path.startswith(("/", "\\"))
    return unquote(address.path) if is_local else ""


def _inline(source: str) -> bytes | None:
    """The bytes in a `data:` address (RFC 2397)."""
    head, comma, body = source.strip().partition(",")
    if not comma or head[:5].lower() != "data:":
        return None
    data = unquote_to_bytes(body)
    try:
        return base64.b64decode(data) if head.lower().endswith(";base64") else data
    except binascii.Error:
        return None
