"""A server that speaks the OpenAI-compatible interface for pictures, in a thread: FastAPI, on a port of its own.

It draws blocks of colours that depend on the prompt, the seed and the references, to the byte. `refuses` names
parameters that it refuses as OpenAI's server does, `links` makes it answer with addresses instead of base64.
"""

import base64
import hashlib
import threading
import time
from contextlib import contextmanager

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from PIL import Image

from pictures import encoded
from remote_servers import free_port


def application(refuses=(), links=False, spoils=None):
    """The server; `app.state.asked` notes what was asked: path, authorization, parameters, the references' bytes."""
    app = FastAPI()
    app.state.asked, files = [], {}

    def answer(request, given, references):
        app.state.asked.append((request.url.path, request.headers.get("authorization"), given, references))
        for name in refuses:
            if name in given:
                error = {"message": f"Unknown parameter: '{name}'.", "param": name, "code": "unknown_parameter"}
                return JSONResponse({"error": error}, 400)
        if given["model"] != "painter":
            return JSONResponse({"error": {"message": "no such model"}}, 404)
        if spoils is not None:
            return spoils
        seed = hashlib.sha256(repr((given["prompt"], str(given.get("seed")), references)).encode()).digest()
        blocks = np.random.default_rng(list(seed)).integers(0, 256, (4, 4, 3), np.uint8)
        data = encoded(Image.fromarray(blocks).resize((64, 48), Image.Resampling.NEAREST))
        if not links:
            return {"created": 1, "data": [{"b64_json": base64.b64encode(data).decode()}]}
        files[str(len(files))] = data
        return {"created": 1, "data": [{"url": f"{request.base_url}files/{len(files) - 1}"}]}

    @app.post("/v1/images/generations")
    async def generations(request: Request):
        return answer(request, await request.json(), [])

    @app.post("/v1/images/edits")
    async def edits(request: Request):
        form = await request.form()
        given = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        return answer(request, given, [await one.read() for _, one in form.multi_items() if not isinstance(one, str)])

    @app.get("/files/{name}")
    def file(name: str, request: Request):
        app.state.asked.append((request.url.path, request.headers.get("authorization"), {}, []))
        return Response(files[name], media_type="image/png")

    return app


@contextmanager
def image_server(app):
    """The base URL of the running server, until it is left."""
    import uvicorn

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        thread.join(10)
