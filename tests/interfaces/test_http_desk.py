"""Places at the model, over a real server: who waits, who hangs up, who does not read."""

import json
import socket
import threading

import anyio
import httpx

from quoth.interfaces.http import app as application
from quoth.interfaces.http.answers import _events
from quoth.interfaces.http.desk import Desk
from quoth.interfaces.http.events import Spoken
from quoth.interfaces.http.metrics import Meters
from serving import QUESTION, app_of, found, serving, wait_for
from stuck import STUCK


def questions(http):
    [line] = [line for line in http.get("/metrics").text.splitlines() if line.startswith("quoth_questions ")]
    return float(line.split()[1])


def test_who_hangs_up_frees_the_place(http, base):
    body = json.dumps({"question": QUESTION, "stream": True, "decoding": "token", "max_tokens": 1000})
    for path in ("/answers", "/answers"):
        with socket.create_connection((http.base_url.host, http.base_url.port)) as caller:
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            assert b"event: piece" in (caller.recv(65536) + caller.recv(65536))
            assert questions(http) == 1
        wait_for(lambda: questions(http) == 0)
    body = body.replace('"stream": true', '"stream": false')
    with socket.create_connection((http.base_url.host, http.base_url.port)) as caller:
        head = "POST /answers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        wait_for(lambda: questions(http) == 1)
    wait_for(lambda: questions(http) == 0)
    found(http.post("/answers", json={"question": QUESTION}))


def test_who_stops_reading_keeps_no_place(base):
    """To the application a client that does not read is a `send` that does not return."""

    async def talk():
        desk = Desk(Meters())
        asked = base.with_settings(decoding="token", max_tokens=60)
        asking = await desk.take(lambda: asked.stream(QUESTION), anyio.sleep_forever)
        spoken, sent = Spoken(asking, _events(asking), "error"), []

        async def send(message):
            sent.append(message)
            if message.get("body"):
                await anyio.sleep_forever()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(spoken, {"type": "http"}, anyio.sleep_forever, send)
            with anyio.fail_after(STUCK):
                while len(sent) < 2 or desk._queue.taken:
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        assert len(sent) == 2  # the head and the first piece

    anyio.run(talk)


def test_who_hangs_up_while_waiting_leaves_the_queue(base, monkeypatch):
    monkeypatch.setattr(application, "Desk", lambda meters: Desk(meters, at_once=1, waiting=1))
    app = app_of(base)
    # The one place is taken, and stays so until the end.
    place = app.state.service.desk._queue.line_up("", lambda: None)
    body = json.dumps({"question": QUESTION})
    head = "POST /answers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with serving(app) as url, httpx.Client(base_url=url) as http:
        for _ in range(3):
            with socket.create_connection((http.base_url.host, http.base_url.port)) as caller:
                caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
                wait_for(lambda: questions(http) == 2)
            wait_for(lambda: questions(http) == 1)
        place.leave()
        found(http.post("/answers", json={"question": QUESTION}, timeout=60))


def test_beyond_its_places_it_says_429(base, monkeypatch):
    monkeypatch.setattr(application, "Desk", lambda meters: Desk(meters, at_once=1, waiting=1))
    with serving(app_of(base)) as url:
        wanted = {"question": QUESTION, "decoding": "token", "max_tokens": 60}
        replies = []
        threads = [
            threading.Thread(target=lambda: replies.append(httpx.post(f"{url}/answers", json=wanted, timeout=60)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = sorted(reply.status_code for reply in replies)
    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert set(statuses) == {200, 429}
    assert all(reply.headers["retry-after"] for reply in replies if reply.status_code == 429)
