"""What is asked of the process that parses when a page or a picture shall be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from quoth.types import Box


@dataclass(frozen=True, slots=True)
class Look:
    """What shall be drawn: a file, if its digest is still this, or a page of it.

    `boxes` are marked; where there are none, the words of `quote` are looked for on the page, and on the next one.
    """

    path: str
    digest: str
    page: int | None = None
    quote: str = ""
    boxes: tuple[Box, ...] = ()
