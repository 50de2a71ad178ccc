"""The network as the fetcher sees it: connections go to addresses that were checked, and end at a deadline.

The check is where the connection is made: between it and the connection no name is looked up again, so a name server
that changes its mind (DNS rebinding) changes nothing, and every redirect is checked as the first request was.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator

import httpcore2
import httpx2

from quoth.sources.address import resolve


class Network(httpcore2.NetworkBackend):
    """Connects to public addresses only, unless all are allowed; nothing lasts longer than until `deadline`."""

    def __init__(self, allow_private: bool) -> None:
        self.allow_private = allow_private
        self.deadline = float("inf")
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first checked address that answers."""
        *others, last = resolve(host, port, self.allow_private)
        for address in others:
            try:
                return self._connect(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._connect(last, port, timeout, local_address, socket_options)

    def left(self, timeout: float | None) -> float:
        """Seconds that something may take; at an end they are few, not none: 0 would mean not to wait at all."""
        return max(0.001, min(timeout or float("inf"), self.deadline - time.monotonic()))

    def _connect(
        self,
        address: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
    ) -> httpcore2.NetworkStream:
        stream = self._sockets.connect_tcp(address, port, self.left(timeout), local_address, socket_options)
        return _Timed(stream, self)


class _Timed(httpcore2.NetworkStream):
    """A connection whose every wait ends at the deadline: a server that drips bytes does not hold us."""

    def __init__(self, stream: httpcore2.NetworkStream, network: Network) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes."""
        return self._stream.read(max_bytes, self._network.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send some."""
        self._stream.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        """End it."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The same, encrypted: the certificate must be that of the name, not of the address."""
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._network.left(timeout)), self._network)

    def get_extra_info(self, info: str) -> object:
        """What the connection knows of itself."""
        return self._stream.get_extra_info(info)


class Transport(httpx2.BaseTransport):
    """The client's transport over such a network; httpx's own takes no network from outside."""

    def __init__(self, network: Network) -> None:
        self._pool = httpcore2.ConnectionPool(ssl_context=httpx2.create_ssl_context(), network_backend=network)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to a request, its body still to come."""
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        found = self._pool.handle_request(
            httpcore2.Request(request.method, url, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx2.Response(found.status, headers=found.headers, stream=_Body(found), extensions=found.extensions)

    def close(self) -> None:
        """End all connections."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, found: httpcore2.Response) -> None:
        self._found = found

    def __iter__(self) -> Iterator[bytes]:
        yield from self._found.iter_stream()

    def close(self) -> None:
        self._found.close()
