"""`quoth serve`: the way in over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

import quoth
from quoth.interfaces.cli.console import err

Kbs = Annotated[
    Optional[list[Path]],  # noqa: UP045 - typer reads it at run time
    typer.Option(
        "--kb", envvar="QUOTH_KB", metavar="DIR", help="A knowledge base; several are several.", show_default=False
    ),
]


def serve(
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 finds a free one.", min=0, max=65535)] = 8800,
    kb: Kbs = None,
) -> None:
    """Answer over HTTP: OpenAI's shapes under /v1, our own beside them; see /docs there."""
    bases = [quoth.open(path) for path in kb] if kb else [quoth.open()]
    try:
        from quoth.interfaces.http.server import serve as run
    except ModuleNotFoundError as error:
        raise quoth.MissingExtraError(f"serving needs {error.name}", 'pip install "quoth[http]"') from error
    run(bases, host, port, None, _ready)


def _ready(url: str) -> None:
    err.print(f"Quoth is at {url}, its pages at {url}/docs; Ctrl-C ends it. Ask it:", markup=False, soft_wrap=True)
    question = '\'{"question": "What is a decorator?"}\''
    err.print(f"  curl {url}/answers -H 'Content-Type: application/json' -d {question}", markup=False, soft_wrap=True)
