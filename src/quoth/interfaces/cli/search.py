"""`quoth search`: by words, by a picture, or by both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, cast

import typer

import quoth
from quoth.interfaces import shapes
from quoth.interfaces.cli import show
from quoth.interfaces.cli.console import out, print_json
from quoth.interfaces.cli.options import Json, Kb

if TYPE_CHECKING:
    from quoth.types import Kind

Path_ = Optional[Path]  # noqa: UP045 - typer reads these at run time


def search(
    query: Annotated[str, typer.Argument(help="What to look for, in words.", show_default=False)] = "",
    image: Annotated[
        Path_, typer.Option(metavar="FILE", help="Find the pictures most like this one.", show_default=False)
    ] = None,
    kind: Annotated[str, typer.Option(help="text or image: these alone.", show_default=False)] = "",
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    sheet: Annotated[
        Path_, typer.Option(metavar="FILE.png", help="Draw what is found into a picture.", show_default=False)
    ] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Find the nearest passages and pictures."""
    knowledge = quoth.open(kb)
    hits = knowledge.search(query, k, image=image, kind=cast("Kind | None", kind or None))
    if as_json:
        print_json(shapes.search_shape(hits))
    else:
        show.hits(hits)
    if sheet:
        knowledge.pictures.sheet(sheet, hits, query, image)
        if not as_json:
            out.print(f"drawn into {sheet}", markup=False)
