"""Streamlit, started for the page: on this machine only, quiet, and without telling anybody."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from quoth.access import Keyless
from quoth.errors import MissingExtraError

APP = Path(__file__).with_name("app.py")
FOLDER = "QUOTH_PAGE_KB"
"""The variable by which the page is told its knowledge base."""

_OPTIONS = {
    # Who may not read the documents may not reach the page: it has no keys, so it listens nowhere else.
    "server.address": "127.0.0.1",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "200",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    # Said of both, or there would be no dark one.
    "theme.light.primaryColor": "#0072b2",
    "theme.dark.primaryColor": "#56b4e9",
    "logger.level": "error",
}


def door(folder: Path) -> Keyless:
    """What the page goes through at each click: anybody on this machine can reach it."""
    return Keyless([folder], "use quoth chat, or quoth serve with a key")


def launch(folder: Path, port: int, browser: bool) -> None:
    """Serve the page until it is interrupted; in place of this process.

    Args:
        folder: of the knowledge base; there may be none yet.
        port: to listen at, on 127.0.0.1.
        browser: open it.

    Raises:
        MissingExtraError: Streamlit is not installed.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise MissingExtraError("the web page needs streamlit", 'pip install "quoth[page]"')
    options = {**_OPTIONS, "server.port": str(port), "server.headless": str(not browser).lower()}
    flags = [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, FOLDER: str(folder)}
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *flags]
    os.execve(sys.executable, command, environment)
