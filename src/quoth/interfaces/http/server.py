"""`quoth serve`: the application on a port, until it is told to end."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence

import uvicorn

from quoth.errors import UsageError
from quoth.interfaces.collections import Collections
from quoth.interfaces.http.app import make_app
from quoth.interfaces.http.gate import KeyRing
from quoth.knowledge import KnowledgeBase

GOODBYE_S = 10
"""Seconds that answers under way have to end when the server is stopped."""


def serve(bases: Sequence[KnowledgeBase], host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told the URL when the port is open.

    Raises:
        UsageError: the port is taken, or the host is no address of this machine; or it is not this machine alone and
            there are no keys.
    """
    is_local = is_loopback(host)
    if not is_local and not KeyRing(Collections(bases)).has_keys:
        raise UsageError(f"{host} can be reached by others, and there are no keys", "make one first: quoth key create")
    # What a client sends wrongly is told to the client.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    with _listening(host, port) as listening:
        address, bound = listening.getsockname()[:2]
        config = uvicorn.Config(
            make_app(bases, locked=not is_local),
            log_level="warning",
            timeout_graceful_shutdown=GOODBYE_S,
            server_header=False,
            proxy_headers=False,
        )
        ready(f"http://{f'[{address}]' if ':' in address else address}:{bound}")
        uvicorn.Server(config).run(sockets=[listening])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port} ({error.strerror or error})", "choose another --port or --host"
        ) from error
