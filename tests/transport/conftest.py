"""Both wires behind one function, and a server that says exactly what a test tells it."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from patchfleet.transport.connection_pool import AsyncConnectionPool, ConnectionPool
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.messages import NoResponse, Request, Response

Send = Callable[[Endpoint, Request], Response | NoResponse]


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Iterator[Send]:
    """Send one request over a new wire of either kind, and close it."""
    if request.param == "sync":

        def blocking(endpoint: Endpoint, asked: Request) -> Response | NoResponse:
            wire = ConnectionPool(endpoint)
            try:
                return wire.send(asked)
            finally:
                wire.close()

        yield blocking
        return
    with asyncio.Runner() as runner:

        async def awaited(endpoint: Endpoint, asked: Request) -> Response | NoResponse:
            wire = AsyncConnectionPool(endpoint)
            try:
                return await wire.send(asked)
            finally:
                await wire.aclose()

        yield lambda endpoint, asked: runner.run(awaited(endpoint, asked))


class Scripted:
    """A server that reads one request head per connection, answers with given bytes, and closes."""

    def __init__(self, answer: bytes | Callable[[bytes], bytes]) -> None:
        self.heads: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            plug, _ = self._listener.accept()
            with plug:
                head = b""
                while b"\r\n\r\n" not in head:
                    got = plug.recv(65536)
                    if not got:
                        break
                    head += got
                if head == b"stop":
                    return
                self.heads.append(head)
                plug.sendall(self._answer(head) if callable(self._answer) else self._answer)

    def stop(self) -> None:
        with socket.create_connection(self._listener.getsockname()) as plug:
            plug.sendall(b"stop")
        self._thread.join()
        self._listener.close()


@pytest.fixture
def scripted() -> Iterator[Callable[[bytes | Callable[[bytes], bytes]], Scripted]]:
    """Start servers that answer with given bytes; all are stopped in the end."""
    servers: list[Scripted] = []

    def start(answer: bytes | Callable[[bytes], bytes]) -> Scripted:
        servers.append(Scripted(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
