"""The only sockets and the only sleeps.

Laws of this file: no exception of the HTTP library leaves it; no redirect is followed; every wait
has an end and every body a size; what comes back holds no secret (`sealed.py`).
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing
from threading import BoundedSemaphore, Event, Lock
from typing import TYPE_CHECKING, Any

from patchfleet.transport.line import Line
from patchfleet.transport.operation import Flow, Flows, Found, Pause, T
from patchfleet.transport.sealed import Discreet, scrubbed, sealed, secrets_in
from patchfleet.transport.wire import Lost, Request, Response

if TYPE_CHECKING:
    import httpx2


class Wire:
    """Connections for threads, each opened when it is first needed and kept for the next call.

    Each has a transport of its own: a shared pool looks at all its connections at every call.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        # The time of a call begins when it has a place: waiting for one is our own doing.
        self._places = BoundedSemaphore(line.connections)
        self._lock = Lock()
        self._idle: list[httpx2.HTTPTransport] = []
        self._closings = 0
        self._discreet: Discreet | None = None

    @property
    def connections(self) -> int:
        """How many calls may be under way at once."""
        return self._line.connections

    def send(self, request: Request) -> Response | Lost:
        """Send one request and return the whole answer, or what became of it."""
        import httpx2

        with self._places:
            transport, closings = self._take()
            try:
                return self._send(transport, request)
            except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
                return _lost(error, self._line)
            finally:
                self._give_back(transport, closings)

    def _send(self, transport: "httpx2.HTTPTransport", request: Request) -> Response | Lost:
        line = self._line
        deadline = time.monotonic() + line.timeout_seconds
        chunks: list[bytes] = []
        size = 0
        answer = transport.handle_request(sealed(request, line))
        try:
            for chunk in answer.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if time.monotonic() > deadline:
                    return _too_slow(line)
                if size > line.longest_body_bytes:
                    return _too_long(line)
            return _response(answer, chunks, secrets_in(request, line, answer.status_code))
        finally:
            answer.close()

    def _take(self) -> "tuple[httpx2.HTTPTransport, int]":
        """Take an idle transport, the last used first, or make one."""
        with self._lock:
            if self._discreet is None:
                self._discreet = Discreet(self._line)
            if self._idle:
                return self._idle.pop(), self._closings
            closings = self._closings
        import httpx2

        return httpx2.HTTPTransport(**_options(self._line)), closings

    def _give_back(self, transport: "httpx2.HTTPTransport", closings: int) -> None:
        """Keep a transport for the next call, unless all were closed meanwhile."""
        with self._lock:
            if closings == self._closings:
                self._idle.append(transport)
                return
        transport.close()

    def close(self) -> None:
        """Close the connections; those in use close when their call ends."""
        with self._lock:
            idle, self._idle = self._idle, []
            discreet, self._discreet = self._discreet, None
            self._closings += 1
        for transport in idle:
            transport.close()
        if discreet is not None:
            discreet.close()


class AsyncWire:
    """Connections for the tasks of one event loop; see `Wire`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._idle: list[httpx2.AsyncHTTPTransport] = []
        self._closings = 0
        self._places: asyncio.Semaphore | None = None
        self._discreet: Discreet | None = None

    @property
    def connections(self) -> int:
        """How many calls may be under way at once."""
        return self._line.connections

    async def send(self, request: Request) -> Response | Lost:
        """Send one request and return the whole answer, or what became of it."""
        import httpx2

        if self._places is None:  # of this event loop
            self._places = asyncio.Semaphore(self._line.connections)
            self._discreet = Discreet(self._line)
        async with self._places:  # the time of a call begins when it has a place
            closings = self._closings
            transport = (
                self._idle.pop()
                if self._idle
                else httpx2.AsyncHTTPTransport(**_options(self._line))
            )
            try:
                async with asyncio.timeout(self._line.timeout_seconds):
                    return await self._send(transport, request)
            except TimeoutError:
                return _too_slow(self._line)
            except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
                return _lost(error, self._line)
            finally:
                if closings == self._closings:
                    self._idle.append(transport)
                else:
                    await transport.aclose()

    async def _send(
        self, transport: "httpx2.AsyncHTTPTransport", request: Request
    ) -> Response | Lost:
        line = self._line
        chunks: list[bytes] = []
        size = 0
        answer = await transport.handle_async_request(sealed(request, line))
        try:
            async for chunk in answer.aiter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > line.longest_body_bytes:
                    return _too_long(line)
            return _response(answer, chunks, secrets_in(request, line, answer.status_code))
        finally:
            await answer.aclose()

    async def aclose(self) -> None:
        """Close the connections; those in use close when their call ends."""
        idle, self._idle = self._idle, []
        discreet, self._discreet = self._discreet, None
        self._places = None
        self._closings += 1
        for transport in idle:
            await transport.aclose()
        if discreet is not None:
            discreet.close()


def run(flow: Flow[T], wire: Wire, halt: Event | None = None) -> T:
    """Drive a flow to its result with blocking calls and real sleeps, until it is told to halt."""
    records = stream(flow, wire, halt)
    while True:
        try:
            next(records)
        except StopIteration as end:
            result: T = end.value
            return result


def stream(flow: Flow[T], wire: Wire, halt: Event | None = None) -> Generator[Any, None, T]:
    """Drive a flow with blocking calls, yield each record that it comes upon, return its result."""
    outcome: Response | Lost | list[Any] | None = None
    halt = halt or Event()
    with closing(flow):
        while True:
            if halt.is_set():
                raise _HaltedError
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            outcome = None
            match step:
                case Request():
                    outcome = wire.send(step)
                case Pause():
                    halt.wait(step.seconds)
                case Found():
                    yield from step.records
                case Flows():
                    outcome = _together(step, wire, halt)


class _HaltedError(Exception):
    """What ends a flow whose result nobody waits for any more."""


def _together(flows: Flows, wire: Wire, halt: Event) -> list[Any]:
    """Drive flows in threads; after an error none begins, and none waits or calls any more."""
    with ThreadPoolExecutor(min(len(flows.parts), wire.connections) or 1) as pool:
        running = [pool.submit(_part, flow, wire, halt) for flow in flows.parts]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        except BaseException:  # Ctrl-C: end the others too
            halt.set()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return _results(running)


def _part(flow: Flow[T], wire: Wire, halt: Event) -> T:
    """Drive one of several flows; where it fails, this thread begins no other."""
    try:
        return run(flow, wire, halt)
    except BaseException:
        halt.set()
        raise


def _results(ended: Sequence[Future[Any]]) -> list[Any]:
    """Return the results in order, or raise the first error that ended the others."""
    for task in ended:
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not isinstance(failure, _HaltedError):
            raise failure
    return [task.result() for task in ended]


async def arun(flow: Flow[T], wire: AsyncWire) -> T:
    """Drive a flow to its result on the running event loop."""
    ending: list[T] = []
    async for _ in astream(flow, wire, ending):
        pass
    return ending[0]


async def astream(flow: Flow[T], wire: AsyncWire, ending: list[T]) -> AsyncGenerator[Any, None]:
    """Drive a flow on the running event loop and yield each record; its result goes to `ending`."""
    outcome: Response | Lost | list[Any] | None = None
    with closing(flow):
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                ending.append(end.value)
                return
            outcome = None
            match step:
                case Request():
                    outcome = await wire.send(step)
                case Pause():
                    await asyncio.sleep(step.seconds)
                case Found():
                    for record in step.records:
                        yield record
                case Flows():
                    outcome = await _all_together(step, wire)


async def _all_together(flows: Flows, wire: AsyncWire) -> list[Any]:
    """Drive flows in tasks, as many as there are connections; an error ends all of them."""
    results: list[Any] = [None] * len(flows.parts)
    waiting = iter(enumerate(flows.parts))

    async def work() -> None:
        for place, flow in waiting:
            results[place] = await arun(flow, wire)

    workers = min(len(flows.parts), wire.connections)
    running = [asyncio.create_task(work()) for _ in range(workers)]
    try:
        await asyncio.gather(*running)  # the first error is raised at once
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return results


def _options(line: Line) -> dict[str, Any]:
    """Return how a transport is made: one connection, and no settings of its own."""
    import httpx2

    return {
        "verify": line.trust(),
        "limits": httpx2.Limits(max_connections=1, max_keepalive_connections=1),
        "proxy": line.proxy_address(),
        "trust_env": False,
    }


def _response(answer: "httpx2.Response", chunks: list[bytes], secrets: list[bytes]) -> Response:
    """Build our answer; a server that repeats the request's address does not repeat the secret."""
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    headers = {
        name: scrubbed(value.encode("latin-1", "replace"), secrets).decode("latin-1")
        for name, value in answer.headers.items()
    }
    return Response(answer.status_code, headers, scrubbed(body, secrets))


def _too_slow(line: Line) -> Lost:
    return Lost(f"no complete answer within {line.timeout_seconds:g} seconds", "unknown")


def _too_long(line: Line) -> Lost:
    return Lost(
        f"the answer is longer than {line.longest_body_bytes:,} bytes",
        "unknown",
        is_transient=False,
    )


def _lost(error: Exception, line: Line) -> Lost:
    """Say what became of a request, in words without addresses of requests or secrets."""
    import httpx2

    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        return _not_connected(error, line)
    if isinstance(error, httpx2.TimeoutException):
        return _too_slow(line)
    if isinstance(error, httpx2.DecodingError):
        return Lost("the answer's compression is damaged", "unknown")
    if isinstance(
        error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.InvalidURL
    ):
        return Lost("the address or a header cannot be sent", "refused", is_transient=False)
    return Lost(f"the connection to {line.host} broke before the answer was complete", "unknown")


def _not_connected(error: Exception, line: Line) -> Lost:
    """Say why there is no connection: the request never left, so repeating it is safe."""
    import httpx2

    if isinstance(error, httpx2.ProxyError):
        return Lost(f"the proxy gives no connection to {line.host}", "refused")
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = cause.verify_message
        reason = f"the certificate of {line.host} is not trusted ({why})"
        return Lost(reason, "refused", is_transient=False)
    if cause is not None:
        return Lost(f"no TLS connection to {line.host}", "refused")
    return Lost(f"no connection to {line.host}", "refused")
