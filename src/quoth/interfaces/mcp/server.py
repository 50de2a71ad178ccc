"""`quoth mcp`: the tools over stdio, or over streamable HTTP on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from quoth.access import Keyless
from quoth.interfaces.collections import Collections
from quoth.interfaces.mcp.tools import Tools
from quoth.knowledge import KnowledgeBase

ABOUT = """The user's own documents and pictures: search them, ask them, read them. Answers come with verbatim quotes;
what the documents do not say is refused. Cite the document's title and page or the quote when you use them."""


def make_server(bases: Sequence[KnowledgeBase], door: Keyless | None = None) -> MCPServer:
    """The server over these knowledge bases; the first is the default. Calls go through `door`, if there is one."""
    server: MCPServer = MCPServer(
        "quoth", title="Quoth", instructions=ABOUT, version=version("quoth"), log_level="WARNING", subscriptions=False
    )
    nothing_changes = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
    for tool in Tools(Collections(bases), door).all:
        server.add_tool(tool, annotations=nothing_changes)
    return server


def run_stdio(bases: Sequence[KnowledgeBase]) -> None:
    """Serve the program that started this one, until it hangs up."""
    make_server(bases).run("stdio")


def run_http(bases: Sequence[KnowledgeBase], port: int) -> None:
    """Serve programs on this machine at http://127.0.0.1:PORT/mcp: it asks for no key, so others do not reach it.

    Raises:
        UsageError: a knowledge base has keys, which would be passed by. Calls are refused once it has some.
    """
    door = Keyless([base.folder for base in bases], "use quoth mcp without --http")
    door.check()
    make_server(bases, door).run("streamable-http", host="127.0.0.1", port=port, stateless_http=True)
