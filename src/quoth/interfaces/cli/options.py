"""The options that many commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

Kb = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time
    typer.Option("--kb", envvar="QUOTH_KB", metavar="DIR", help="The knowledge base's folder.", show_default=False),
]
Groups = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        metavar="A,B",
        help="Who may see it: members of any of these groups; '' is everybody. What is there keeps its groups, "
        "and what is new is for everybody, if this is not given.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON (its shape is in docs/json.md).")]


def names_in(text: str | None) -> list[str] | None:
    """Names parted by commas; None if the option was not given."""
    return None if text is None else [name for name in text.split(",") if name.strip()]
