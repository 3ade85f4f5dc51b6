"""One HTTP connection: every wait on it ends, and each answer belongs to its request.

A proxy may send an answer twice, and the next request on that connection then gets the previous
answer. So a connection remembers its answers, and is closed after bytes that no request asked for.

Invariants:
- no byte of a connection is read outside its deadline (tests/transport/test_sockets.py);
- a connection that is `spent` is closed and gets no request (tests/transport/test_whose_answer.py).
"""

import itertools
import os
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2
from blake3 import blake3

from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.messages import Request

if TYPE_CHECKING:
    from h11 import Connection as HTTPState

WRITE_BYTES = 16 * 1024
"""Bytes per write: the HTTP library gives each part of a long body the whole time."""
REMEMBERED_ANSWERS = 1024

_numbers = itertools.count(1)


class History:
    """The requests and answers of one connection, by digest."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.number = next(_numbers)
        self.is_spent = False
        self._answers: dict[bytes, bytes] = {}

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was requested before the answer that is being read."""
        return not self._answers

    def is_doubtful(self, request: Request, body: bytes) -> bool:
        """Record an answer; return whether it answers another request of this connection."""
        asking = (request.method, request.path, request.query, sorted(request.headers.items()))
        question = blake3(repr(asking).encode()).update(request.body)
        asked, answered = question.digest(16), blake3(body).digest(16)
        if len(self._answers) >= REMEMBERED_ANSWERS:
            self.is_spent = True
        is_of_another = self._answers.setdefault(answered, asked) != asked
        self.is_spent |= is_of_another  # the right one may follow
        return is_of_another

    def has_more(self, answer: "httpx2.Response") -> bool:
        """Return whether bytes followed an answer: with it, or still in the socket."""
        stream = answer.extensions["network_stream"]
        state = _http_state(self._pool)
        if state is None or state.trailing_data[0]:
            self.is_spent = True
            return state is not None
        if _is_held(stream):
            self.is_spent = True
            return True
        if not stream.get_extra_info("is_readable"):
            return False
        self.is_spent = True  # the server closes it, or there is more
        is_plain = stream.get_extra_info("ssl_object") is None
        return is_plain and _waits(stream.get_extra_info("socket"))


class Connection(History):
    """A transport of the HTTP library that holds one connection; see `History`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._bounds = _Bounds()
        self._transport = httpx2.HTTPTransport(**_options(endpoint))
        super().__init__(self._transport._pool)  # noqa: SLF001
        # Its public settings do not allow for a network backend.
        self._transport._pool._network_backend = _Network(self._bounds)  # noqa: SLF001

    def ask(self, request: "httpx2.Request", until: float) -> "httpx2.Response":
        """Send a request and return its answer, the body unread; each wait ends at `until`."""
        self._bounds.until = until
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Close it, also while it waits."""
        self._transport.close()


class AsyncConnection(History):
    """An asynchronous `Connection`; its caller limits the time of a call as a whole."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._transport = httpx2.AsyncHTTPTransport(**_options(endpoint))
        super().__init__(self._transport._pool)  # noqa: SLF001

    async def ask(self, request: "httpx2.Request") -> "httpx2.Response":
        """Send a request and return its answer, the body unread."""
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close it."""
        await self._transport.aclose()


def _options(endpoint: Endpoint) -> dict[str, Any]:
    """Return the settings of a transport: one connection, nothing of the environment."""
    return {
        "verify": endpoint.trust(),
        "limits": httpx2.Limits(max_connections=1, max_keepalive_connections=1),
        "proxy": endpoint.proxy_address(),
        "trust_env": False,
    }


def _http_state(pool: Any) -> "HTTPState | None":
    """Return the parser of the one connection of a pool, or None if it is gone."""
    connection: Any = pool.connections[0] if pool.connections else None
    while connection is not None and not hasattr(connection, "_h11_state"):
        connection = getattr(connection, "_connection", None)
    return None if connection is None else connection._h11_state  # noqa: SLF001


def _is_held(stream: Any) -> bool:
    """Return whether bytes were taken from the socket, decrypted or not, and are unread."""
    below = getattr(stream, "_stream", stream)
    http_request = stream.get_extra_info("ssl_object")
    still_sealed = getattr(below, "_read_bio", None)  # on an event loop, as the rest
    plain = getattr(getattr(below, "transport_stream", below), "_protocol", None)
    return bool(
        (http_request is not None and http_request.pending())
        or (still_sealed is not None and still_sealed.pending)
        or (plain is not None and plain.read_queue)
    )


def _waits(plug: Any) -> bool:
    """Return whether a byte, and not its end, is ready in a readable socket."""
    with socket.socket(fileno=os.dup(plug.fileno())) as same:
        try:
            return bool(same.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:  # reset meanwhile, or nothing to read
            return False


class _Bounds:
    """The deadline of the call under way on a connection."""

    until = float("inf")

    def left(self, timeout: float | None) -> float:
        """Return the seconds a step may wait: at most `timeout`, and not past the deadline."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore2.NetworkStream):
    """A stream whose steps all end in time."""

    def __init__(self, stream: httpcore2.NetworkStream, bounds: _Bounds) -> None:
        self._stream = stream
        self._bounds = bounds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._bounds.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_BYTES):
            part = buffer[start : start + WRITE_BYTES]
            self._stream.write(part, self._bounds.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._bounds.left(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._bounds)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Network(httpcore2.NetworkBackend):
    """The network backend of one connection."""

    def __init__(self, bounds: _Bounds) -> None:
        self._network = httpcore2.SyncBackend()
        self._bounds = bounds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._bounds.left(timeout)
        stream = self._network.connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(stream, self._bounds)


def headers_of(answer: "httpx2.Response") -> Mapping[str, str]:
    """Return the headers of an answer, a character a byte; repeated ones are joined by a comma."""
    found: dict[str, str] = {}
    for name, value in answer.headers.raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
