"""HTTP/1.1 server of the emulator on a loopback port, with every way it can fail.

The only sockets, sleeps and thread of the emulator are here. It knows no vendor: it sends what
`Response` and `Delivery` describe. One event loop serves thousands of connections; calls on one
connection are answered in order.
"""

import asyncio
import signal
import socket
import struct
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import cast
from urllib.parse import parse_qsl, unquote

import h11

from patchfleet.emulator.response import Delivery, Response
from patchfleet.emulator.tls import Authority
from patchfleet.emulator.vendors import Vendors

LOOPBACK = "127.0.0.1"
_BACKLOG = 4096
_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 1 << 20
_NO_CONTENT = 204
_LINGER_NOT = struct.pack("ii", 1, 0)


class _Connection(asyncio.Protocol):
    """One connection: read a request, answer it, read the next."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
        self._transport: asyncio.Transport
        self._request: h11.Request | None = None
        self._body = b""
        self._sent = b""
        self._skip_line = False
        self._task: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._may_write.set()
        self._host.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        self._host.connections.discard(self)
        self._may_write.set()
        if self._task:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        self._go_on()

    def eof_received(self) -> bool:
        """Answer the requests received before the caller stopped sending, then close."""
        self._ended.set()
        self._http.receive_data(b"")
        self._go_on()
        return not self._host.authority  # TLS cannot stay half open

    def close(self) -> None:
        """Drop the connection, even in the middle of an answer."""
        if self._task:
            self._task.cancel()
        self._transport.abort()

    def _go_on(self) -> None:
        """Read what has arrived until a request is complete or more is needed."""
        try:
            while self._task is None:
                event = self._http.next_event()
                if isinstance(event, h11.Request):
                    self._request, self._body = event, b""
                elif isinstance(event, h11.Data):
                    self._take_in(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self._begin_answer()
                elif isinstance(event, h11.ConnectionClosed):
                    self._transport.close()
                    return
                else:
                    return
        except h11.RemoteProtocolError as problem:
            self._refuse(problem)

    def _take_in(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > _LONGEST_BODY:
            raise h11.RemoteProtocolError("body too long", error_status_hint=413)

    def _refuse(self, problem: h11.RemoteProtocolError) -> None:
        """Answer what is not HTTP with an error status and close."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [("Content-Length", "0"), ("Connection", "close")]
            status = problem.error_status_hint
            self._send(h11.Response(status_code=status, headers=headers))
            self._send(h11.EndOfMessage())
        self._transport.close()

    def _begin_answer(self) -> None:
        assert self._request is not None
        path, _, query = self._request.target.decode("ascii").partition("?")
        pairs = parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace")
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._request.headers
        ]
        method = self._request.method.decode("ascii")
        answer = self._host.emulator.handle(
            method, unquote(path), pairs, headers, self._body, port=self._host.port
        )
        wait = answer.delivery.wait_seconds + (answer.is_vendors * self._host.latency_seconds)
        if wait or not answer.delivery.is_plain:
            self._task = asyncio.get_running_loop().create_task(self._deliver(answer, wait))
            self._task.add_done_callback(self._delivered)
        else:
            self._send_whole(answer)

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.result()
            if not self._transport.is_closing():
                self._go_on()

    async def _deliver(self, answer: Response, wait: float) -> None:
        await asyncio.sleep(wait)
        match answer.delivery.manner:
            case "whole":
                self._send_whole(answer)
                self._send_later(answer.delivery)
            case "drip":
                await self._drip(answer)
            case "interim":
                await self._interim(answer)
            case "endless":
                await self._endless(answer)
            case "cut":
                self._send_head(answer)
                self._send(h11.Data(data=answer.body[: answer.delivery.sent_bytes]))
                self._transport.close()
            case "trickle":
                await self._trickle(answer)
            case "hang":
                await self._ended.wait()
                self._transport.close()
            case "reset":
                plug: socket.socket = self._transport.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                self._transport.abort()
            case "raw":
                self._transport.write(answer.body)
                self._transport.close()

    async def _trickle(self, answer: Response) -> None:
        self._send_head(answer)
        size = max(1, answer.delivery.sent_bytes)
        for begin in range(0, len(answer.body), size):
            self._send(h11.Data(data=answer.body[begin : begin + size]))
            await self._may_write.wait()
            await asyncio.sleep(answer.delivery.pause_seconds)
        self._end_answer()

    async def _drip(self, answer: Response) -> None:
        """Send a header one byte at a time; it ends after `sent_bytes`, for 0 never."""
        delivery = answer.delivery
        self._write(f"HTTP/1.1 {answer.status} OK\r\nX-Padding: ".encode())
        left = delivery.sent_bytes or -1
        while left and not self._transport.is_closing():
            self._write(b"x")
            left -= 1
            await asyncio.sleep(delivery.pause_seconds)
        # The status line has been sent: only the rest of what h11 writes may follow.
        self._skip_line = True
        self._write(b"\r\n")
        self._send_whole(answer)

    async def _interim(self, answer: Response) -> None:
        """Send interim answers; the final one follows after `sent_bytes` of them, for 0 never."""
        left = answer.delivery.sent_bytes or -1
        while left and not self._transport.is_closing():
            self._write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
            left -= 1
            await asyncio.sleep(answer.delivery.pause_seconds)
        self._send_whole(answer)

    async def _endless(self, answer: Response) -> None:
        self._write(answer.body)
        while not self._transport.is_closing():
            self._write(answer.delivery.extra)
            await self._may_write.wait()
            await asyncio.sleep(0)

    def _write(self, data: bytes) -> None:
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _send_later(self, delivery: Delivery) -> None:
        """Send unrequested bytes, immediately or later, even in the middle of another answer."""
        data = (self._sent if delivery.is_repeated else b"") + delivery.extra
        if not data:
            return
        if delivery.later_seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(delivery.later_seconds, self._write, data)
        else:
            self._write(data)

    def _send_whole(self, answer: Response) -> None:
        self._send_head(answer)
        if self._request is not None and self._request.method != b"HEAD":
            self._send(h11.Data(data=answer.body))
        self._end_answer()

    def _send_head(self, answer: Response) -> None:
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        if answer.status != _NO_CONTENT:
            headers.append((b"Content-Length", str(len(answer.body)).encode()))
        self._sent = b""
        self._send(h11.Response(status_code=answer.status, headers=headers))

    def _send(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        data = self._http.send(event) or b""
        if self._skip_line:
            data, self._skip_line = data.partition(b"\r\n")[2], False
        self._sent += data
        self._write(data)

    def _end_answer(self) -> None:
        self._send(h11.EndOfMessage())
        if self._http.our_state is h11.MUST_CLOSE:
            self._transport.close()
        else:
            self._http.start_next_cycle()


class Host:
    """Address and account of a running emulator."""

    def __init__(self, emulator: Vendors, authority: Authority | None = None) -> None:
        self.emulator = emulator
        self.authority = authority
        self.connections: set[_Connection] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Return the base URL, in place of the vendor's server."""
        return f"{'https' if self.authority else 'http'}://{LOOPBACK}:{self.port}"

    @property
    def ca_file(self) -> str | None:
        """Return the PEM file of the authority to trust, None without TLS."""
        return self.authority.ca_file if self.authority else None

    @property
    def control_url(self) -> str:
        """Return the URL under which the control API answers."""
        return f"{self.url}/_control"

    @property
    def api_key(self) -> str:
        """Return the key of the emulated account."""
        return self.emulator.api_key

    @property
    def latency_seconds(self) -> float:
        """Return the seconds added to every vendor call."""
        return self.emulator.settings.latency_ms / 1000

    async def serve(self, port: int, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Answer until `stop` is set; raise OSError if the port is unavailable."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Connection(self),
            LOOPBACK,
            port,
            backlog=_BACKLOG,
            ssl=self.authority.context if self.authority else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            ready()
            await stop.wait()
        finally:
            await self._drop_connections()
            server.close()

    async def _drop_connections(self) -> None:
        """Close all connections, including one that is being accepted.

        A server that is closed while asyncio accepts a connection would leave that one open.
        """
        this = {asyncio.current_task()}
        while self.connections or asyncio.all_tasks() - this:
            for connection in list(self.connections):
                connection.close()
            await asyncio.sleep(0)


class Running:
    """Run an emulator in a thread of its own for as long as a `with` block lasts."""

    def __init__(self, emulator: Vendors, port: int, *, https: bool = False) -> None:
        self._authority = Authority() if https else None
        self._host = Host(emulator, self._authority)
        self._port = port
        self._ready = Event()
        self._problem: BaseException | None = None
        self._thread = Thread(target=self._run, name="patchfleet-emulator", daemon=True)

    def __enter__(self) -> Host:
        self._thread.start()
        self._ready.wait()
        if self._problem:
            self._thread.join()
            raise self._problem
        return self._host

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._authority:
            self._authority.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as problem:
            self._problem = problem
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        await self._host.serve(self._port, self._ready.set, self._stop)


def serve_forever(
    emulator: Vendors,
    port: int,
    on_ready: Callable[[Host], None] | None,
    *,
    https: bool = False,
) -> None:
    """Answer in this thread until Ctrl-C or SIGTERM, then return."""
    authority = Authority() if https else None
    try:
        asyncio.run(_serve_until_stopped(Host(emulator, authority), port, on_ready))
    finally:
        if authority:
            authority.close()


async def _serve_until_stopped(
    host: Host, port: int, on_ready: Callable[[Host], None] | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stop_signal, stop.set)
    await host.serve(port, lambda: on_ready(host) if on_ready else None, stop)
