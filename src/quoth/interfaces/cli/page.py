"""`quoth page`: the web page."""

from __future__ import annotations

from typing import Annotated

import typer

import quoth
from quoth.interfaces.cli.console import err
from quoth.interfaces.cli.options import Kb


def page(
    port: Annotated[int, typer.Option(help="Where to listen, on this machine only.", min=1, max=65535)] = 8501,
    browser: Annotated[bool, typer.Option(help="Open it in a browser.")] = True,
    kb: Kb = None,
) -> None:
    """Chat, search, write and add documents on a web page."""
    from quoth.interfaces.page.launch import door, launch

    folder = quoth.open(kb).folder
    door(folder).check()
    err.print(f"Quoth's page is at http://127.0.0.1:{port}; Ctrl-C ends it.", markup=False, soft_wrap=True)
    launch(folder, port, browser)
