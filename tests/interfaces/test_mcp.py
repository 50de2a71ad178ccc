"""The SDK's own client against the real command: over stdio, and over streamable HTTP."""

import base64
import io
import os
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from PIL import Image

import quoth
from quoth.access import Keys
from quoth.errors import UsageError
from quoth.interfaces.mcp.server import run_http
from remote_servers import free_port
from serving import QUESTION

QUOTH = str(Path(sys.executable).with_name("quoth"))


@pytest.fixture(scope="module")
def kb(base):
    """The folder, with the tiny model in its settings: the command has no other way to know it."""
    lines = [f'model = "{base.settings.model}"', "threads = 1", "min_confidence = 0.0", "max_tokens = 8"]
    (base.folder / "settings.toml").write_text("\n".join(lines))
    yield str(base.folder)
    (base.folder / "settings.toml").unlink()


@asynccontextmanager
async def over_stdio(kb):
    command = StdioServerParameters(command=QUOTH, args=["mcp", "--kb", kb], env=dict(os.environ))
    async with Client(stdio_client(command)) as client:
        yield client


@asynccontextmanager
async def over_http(kb):
    port = free_port()
    server = subprocess.Popen([QUOTH, "mcp", "--kb", kb, "--http", str(port)], stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
                break
            except OSError:
                await anyio.sleep(0.1)
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            yield client
    finally:
        server.terminate()
        server.communicate(timeout=20)


@pytest.mark.parametrize("over", [over_stdio, over_http])
def test_an_assistant_uses_it(kb, base, over):
    async def talk():
        async with over(kb) as client:
            await use(client, base)

    anyio.run(talk)


async def use(client, base):
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"search", "ask", "read_passage", "list_documents"}
    for tool in tools.values():
        assert tool.description and tool.output_schema and tool.annotations.read_only_hint
        assert all(one["description"] for one in tool.input_schema["properties"].values())

    found = await call(client, "search", query="lighthouse", k=2)
    assert found["hits"][0]["document"] == "sund"
    said = await call(client, "ask", question=QUESTION)
    assert said["answer"] == base.ask(QUESTION).text
    assert "Sund" in said["sources"][0]["quote"]
    [hit] = (await call(client, "search", query="chapter 2", k=1, kind="text"))["hits"]
    read = await call(client, "read_passage", passage_id=hit["passage_id"], around=2)
    assert read["passage"]["text"] == hit["text"]
    assert read["before"] or read["after"]
    listed = await call(client, "list_documents", limit=2)
    assert listed["total"] == len(base.documents())
    assert len(listed["documents"]) == 2
    assert listed["collections"] == ["kb"]

    pictures = await client.call_tool("search", {"query": "red", "kind": "image"})
    [shown] = [block for block in pictures.content if block.type == "image"]
    assert Image.open(io.BytesIO(base64.b64decode(shown.data))).size == (64, 64)

    for name, arguments, message in (
        ("read_passage", {"passage_id": "0" * 16}, "there is no passage"),
        ("ask", {"question": " "}, "the question is empty"),
        ("search", {"query": "x", "collection": "none"}, "there is no collection"),
        ("search", {"query": "x", "k": 0}, "k"),
    ):
        failed = await client.call_tool(name, arguments)
        assert failed.is_error
        assert message in failed.content[0].text


async def call(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    return result.structured_content


def test_a_key_closes_it_over_http_while_it_runs(tmp_path):
    folder = tmp_path / "kb"
    base = quoth.open(folder)
    base.add_texts(["The lighthouse of Sund was built in 1887."], names=["sund"])
    tools = {
        "search": {"query": "lighthouse"},
        "ask": {"question": QUESTION},
        "read_passage": {"passage_id": base.search("lighthouse")[0].passage.id},
        "list_documents": {},
    }

    async def talk():
        async with over_http(str(folder)) as client, over_stdio(str(folder)) as ours:
            assert (await call(client, "list_documents"))["total"] == 1
            Keys(folder).create(name="first")
            for _ in range(2):
                for name, arguments in tools.items():
                    refused = await client.call_tool(name, arguments)
                    assert refused.is_error
                    assert "asks for none; use quoth mcp without --http" in refused.content[0].text
                if Keys(folder).all():
                    Keys(folder).revoke("first")  # and it stays closed
            assert (await call(ours, "list_documents"))["total"] == 1

    anyio.run(talk)


def test_over_http_keys_are_not_passed_by(tmp_path):
    Keys(tmp_path).create(["kb"])
    with pytest.raises(UsageError, match="asks for none"):
        run_http([quoth.open(tmp_path)], free_port())
