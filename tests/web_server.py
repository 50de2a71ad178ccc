"""A real web server on this machine, for the tests: pages, redirects, robots.txt, and every kind of bad manners."""

import gzip
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<html><head><title>Tapirs</title></head><body><p>The tapir weighs 300 kilograms.</p></body></html>"
BOMB = gzip.compress(bytes(20_000_000))


class Site:
    """What the server says: path -> (status, fields, body), or a function of the handler. It counts requests."""

    def __init__(self):
        self.pages = {}
        self.asked = []
        self.url = ""

    def put(self, path, body=PAGE, status=200, **fields):
        body = body if isinstance(body, bytes) else body.replace("SITE", self.url).encode()
        names = {name.replace("_", "-"): str(value).replace("SITE", self.url) for name, value in fields.items()}
        self.pages[path] = (status, {"content-type": "text/html", **names}, body)
        return self.url + path

    def paths(self):
        """What was asked for, without robots.txt."""
        return [path for path, _ in self.asked if path != "/robots.txt"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        site = self.server.site
        site.asked.append((self.path, self.headers))
        said = site.pages.get(self.path, (404, {}, b"nothing here"))
        try:
            if callable(said):
                said(self)
                self.close_connection = True
            else:
                self.say(*said)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def say(self, status, fields, body):
        tag = fields.get("etag")
        if tag and self.headers.get("if-none-match") == tag:
            status, body = 304, b""
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def serving():
    """A site of its own, until it is left."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # who hangs up is meant to
    server.site = site = Site()
    site.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def endless(handler):
    """Sends for ever, as fast as it can."""
    handler.send_response(200)
    handler.send_header("content-type", "text/html")
    handler.end_headers()
    while True:
        handler.wfile.write(b"<p>more</p>" * 1000)


def dripping(handler):
    """Sends a byte now and then, for ever: no single wait is long."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def dripping_fields(handler):
    """The same before the body."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"x-more: 1\r\n")
        handler.wfile.flush()
        time.sleep(0.05)


def silent(handler):
    """Says nothing."""
    time.sleep(3)


def bomb(handler):
    """Twenty megabytes of zeros in twenty kilobytes."""
    handler.send_response(200)
    for name, value in {"content-encoding": "gzip", "content-type": "text/html", "content-length": len(BOMB)}.items():
        handler.send_header(name, str(value))
    handler.end_headers()
    handler.wfile.write(BOMB)
