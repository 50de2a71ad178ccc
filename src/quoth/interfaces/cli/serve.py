"""`quoth serve` and `quoth mcp`: the ways in for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

import quoth
from quoth.interfaces.cli.console import err

Kbs = Annotated[
    Optional[list[Path]],  # noqa: UP045 - typer reads these at run time
    typer.Option(
        "--kb",
        envvar="QUOTH_KB",
        metavar="DIR",
        help="A knowledge base; give several to serve several.",
        show_default=False,
    ),
]
Port = Optional[int]  # noqa: UP045


def serve(
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 finds a free one.", min=0, max=65535)] = 8800,
    kb: Kbs = None,
) -> None:
    """Answer over HTTP: OpenAI's shapes under /v1, Quoth's own beside them; /docs there tells more."""
    try:
        from quoth.interfaces.http.server import serve as run
    except ModuleNotFoundError as error:
        raise quoth.MissingExtraError(f"serving needs {error.name}", 'pip install "quoth[http]"') from error
    run(_opened(kb), host, port, _ready)


def mcp(
    http: Annotated[
        Port,
        typer.Option(metavar="PORT", help="Over HTTP on this machine, at /mcp.", min=1, max=65535, show_default=False),
    ] = None,
    kb: Kbs = None,
) -> None:
    """Be a server of the Model Context Protocol for an assistant that starts this command."""
    try:
        from quoth.interfaces.mcp.server import run_http, run_stdio
    except ModuleNotFoundError as error:
        raise quoth.MissingExtraError(f"this needs {error.name}", 'pip install "quoth[mcp]"') from error
    if http is None:
        run_stdio(_opened(kb))
        return
    err.print(f"Quoth is at http://127.0.0.1:{http}/mcp; Ctrl-C ends it", markup=False, soft_wrap=True)
    run_http(_opened(kb), http)


def _opened(folders: list[Path] | None) -> list[quoth.KnowledgeBase]:
    return [quoth.open(folder) for folder in folders] if folders else [quoth.open()]


def _ready(url: str) -> None:
    err.print(f"Quoth is at {url}, its pages at {url}/docs; Ctrl-C ends it. Ask it:", markup=False, soft_wrap=True)
    question = '\'{"question": "What is a decorator?"}\''
    err.print(f"  curl {url}/answers -H 'Content-Type: application/json' -d {question}", markup=False, soft_wrap=True)
