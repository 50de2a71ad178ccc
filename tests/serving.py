"""A real server on a tiny knowledge base: a real store and encoder, and a language model of two layers that babbles."""

import io
import socket
import threading
import time
import zipfile
from contextlib import contextmanager
from functools import cache

import uvicorn
from PIL import Image

import quoth
from quoth.interfaces.http.app import make_app
from remote_servers import write_tiny_model

TEXTS = {
    "sund": "The lighthouse of Sund was built in 1887 by Ada Holm. It stands on a rock.",
    "skarv": "The harbour of Skarv is closed in winter. Ferries leave from Lund instead.",
    "museum": "The museum of Skarv shows 312 ships in bottles. It is open on Sundays.",
}
QUESTION = "Who built the lighthouse of Sund?"


def tiny_base(folder):
    """Three texts, a document of several passages and a picture, with a model that says letters."""
    model = write_tiny_model(folder / "tiny.gguf", context=16384)
    base = quoth.open(
        folder / "kb", model=str(model), threads=1, min_confidence=0.0, max_tokens=8, state_disk_megabytes=0
    )
    base.add_texts(list(TEXTS.values()), names=list(TEXTS))
    Image.new("RGB", (64, 64), (200, 30, 30)).save(folder / "red.png")
    long = "\n\n".join(f"# Chapter {i}\n\n" + f"Of chapter {i} much is told. " * 40 for i in range(5))
    (folder / "book.md").write_text(long)
    base.add(folder / "red.png", folder / "book.md")
    return base


@contextmanager
def serving(app):
    """The URL of an application that a real server runs, until it is left."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def app_of(*bases):
    return make_app(bases)


@cache
def docx_bomb(megabytes=40):
    """A Word file of some 40 kB that unpacks to 40 MB."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"\0" * (megabytes << 20))
    return made.getvalue()


def found(reply, status=200):
    assert reply.status_code == status, reply.text
    return reply.json()


def complaint(reply, status):
    error = found(reply, status)["error"]
    assert error["message"] and error["cause"]
    return error["message"]


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")
