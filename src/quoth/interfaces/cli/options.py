"""The options that many commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

Kb = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it at run time
    typer.Option("--kb", envvar="QUOTH_KB", metavar="DIR", help="The knowledge base's folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON (its shape is in docs/json.md).")]
