"""The proxy: it stands on loopback between a command and an emulator, and spoils what it is told.

Law of this file: all sockets of the harness. One event loop in a thread of its own; one connection
to the emulator for each of the command's, so that nothing is mixed up that was not meant to be.
"""

import asyncio
import socket
import struct
from collections import defaultdict
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from faults.call import Call, Reply, read_call, read_reply
from faults.fault import Fault

_LINGER_NOT = struct.pack("ii", 1, 0)


class NotMetError(Exception):
    """The fault cannot be made of this exchange: it passes as it is."""


class Armed:
    """A fault that waits for calls of some kinds."""

    def __init__(self, fault: Fault, kinds: frozenset[str], when: str) -> None:
        self.fault, self.kinds, self.when = fault, kinds, when
        self.matched = self.begun = self.done = 0
        self.state: dict[str, Any] = {}

    def takes(self, call: Call) -> bool:
        """Count a call, and say whether it is to be spoiled."""
        if call.kind not in self.kinds:
            return False
        self.matched += 1
        is_struck = {
            "once": self.begun == 0,
            "always": True,
            "from the second": self.matched > 1,
        }[self.when]
        self.begun += is_struck
        return is_struck


class Exchange:
    """One request on a connection, and all that a fault may do with it."""

    def __init__(self, connection: "Connection", call: Call, armed: Armed) -> None:
        self.connection, self.call, self.armed = connection, call, armed
        self.proxy = connection.proxy

    @property
    def state(self) -> dict[str, Any]:
        """What this fault remembers from exchange to exchange."""
        return self.armed.state

    async def forward(self, call: Call | None = None) -> Reply:
        """Let the vendor answer this call, or another one instead."""
        return await self.connection.forward(call or self.call)

    def others(self, name: str) -> list[Call]:
        """Return earlier calls that ask the same of another customer, device, job …"""
        mine = self.call.subject
        if name not in mine:
            raise NotMetError
        found = [
            other
            for other in self.proxy.known[self.call.kind]
            if name in other.subject
            and other.subject[name] != mine[name]
            and all(
                other.subject.get(word) == value
                for word, value in mine.items()
                if word not in (name, *FOLLOWS.get(name, ()))
            )
        ]
        if not found:
            raise NotMetError
        return found

    async def send(self, reply: Reply) -> None:
        """Send a whole answer and keep the connection."""
        await self.raw(reply.spelled())

    async def raw(self, data: bytes) -> None:
        """Put bytes on the wire."""
        await self.connection.write(data)

    def close(self) -> None:
        """End the connection in good order."""
        self.connection.writer.close()

    def reset(self) -> None:
        """Break the connection."""
        plug: socket.socket = self.connection.writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.connection.writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the caller gives up."""
        while not self.connection.is_left:  # noqa: ASYNC110 - a stream tells nobody of its end
            await asyncio.sleep(0.02)
        self.close()


FOLLOWS = {"job": ("run", "page"), "platform": ("page",), "customer": (), "site": ()}
"""What differs with what differs: another job has other runs."""


class Connection:
    """One connection of a command."""

    def __init__(
        self, proxy: "Proxy", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.proxy, self.reader, self.writer = proxy, reader, writer
        self.upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.last: Reply | None = None

    @property
    def is_left(self) -> bool:
        """Whether the caller has closed, or this side has."""
        return self.reader.at_eof() or self.writer.is_closing()

    async def serve(self) -> None:
        try:
            while not self.is_left and (call := await read_call(self.reader)):
                await self.answer(call)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writer.close()
            if self.upstream:
                self.upstream[1].close()

    async def answer(self, call: Call) -> None:
        proxy = self.proxy
        proxy.calls.append(call)
        proxy.before(call)
        armed = proxy.armed
        if armed is not None and armed.takes(call):
            try:
                async with asyncio.timeout(proxy.longest_seconds):
                    await self.spoil(call, armed)
            except NotMetError:
                pass
            except TimeoutError:
                proxy.endless.append(call.kind)
                self.writer.transport.abort()
                return
            else:
                return
        reply = await self.forward(call)
        self.last = reply
        await self.write(reply.spelled())

    async def spoil(self, call: Call, armed: Armed) -> None:
        """Let a fault act; it has come to pass even where the caller leaves meanwhile."""
        try:
            await armed.fault.act(Exchange(self, call, armed))
        except NotMetError:
            armed.begun -= 1
            raise
        except BaseException:
            armed.done += 1
            raise
        armed.done += 1

    async def forward(self, call: Call) -> Reply:
        if self.upstream is None:
            self.upstream = await asyncio.open_connection("127.0.0.1", self.proxy.to_port)
        reader, writer = self.upstream
        writer.write(call.spelled())
        reply = await read_reply(reader)
        self.proxy.answered.append((call, reply))
        if self.proxy.is_learning:
            self.proxy.known[call.kind].append(call)
        self.proxy.after(call)
        return reply

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


def _nothing(_: Call) -> None:
    """Let a call pass."""


class Proxy:
    """A proxy in a thread of its own, for as long as a `with` block lasts.

    `calls` came in; `answered` the emulator answered; `known` are the calls of an undisturbed
    command, by kind; `endless` are calls that waited longer than any time-out allows. `before` and
    `after` see each call before it goes on and after it was done.
    """

    def __init__(self, to_port: int) -> None:
        self.to_port, self.port = to_port, 0
        self.longest_seconds = 30.0
        self.is_learning = False
        self.known: dict[str, list[Call]] = defaultdict(list)
        self._ready = Event()
        self._thread = Thread(target=self._run, name="fault-proxy", daemon=True)
        self.connections: set[Connection] = set()
        self.begin(None)

    def begin(self, armed: Armed | None) -> None:
        """Forget what passed, and spoil what is told from now on; connections end."""
        self.armed = armed
        self.calls: list[Call] = []
        self.answered: list[tuple[Call, Reply]] = []
        self.endless: list[str] = []
        self.before: Callable[[Call], None] = _nothing
        self.after: Callable[[Call], None] = _nothing

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def changes(self) -> list[tuple[Call, Reply]]:
        """Return the calls that changed something at the vendor, with its own answers."""
        from faults.call import CHANGES

        return [(call, reply) for call, reply in self.answered if call.kind in CHANGES]

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=1 << 24)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(self.connections):
            connection.writer.transport.abort()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)
