"""The only sockets and the only sleeps.

Laws of this file: no exception of the HTTP library leaves it; no redirect is followed; every wait
has an end and every body a size; what comes back holds no secret (`sealed.py`).
"""

import asyncio
import ssl
import time
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from patchfleet.transport.line import Line
from patchfleet.transport.operation import Flow, Pause, T
from patchfleet.transport.sealed import (
    Discreet,
    async_sealed,
    no_cookies,
    scrubbed,
    sealed,
    spellings,
)
from patchfleet.transport.wire import Lost, Request, Response

if TYPE_CHECKING:
    import httpx2


class Wire:
    """A pool of connections for threads; opens at the first call."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._secrets = spellings(line)
        self._lock = Lock()
        # The time of a call begins when it has a place: waiting for one is our own doing.
        self._places = BoundedSemaphore(line.connections)
        self._client: httpx2.Client | None = None
        self._discreet: Discreet | None = None

    def send(self, request: Request) -> Response | Lost:
        """Send one request and return the whole answer, or what became of it."""
        import httpx2

        with self._places:
            try:
                return self._send(self._open(), request)
            except (httpx2.HTTPError, httpx2.StreamError) as error:
                return _lost(error, self._line)

    def _send(self, client: "httpx2.Client", request: Request) -> Response | Lost:
        line = self._line
        deadline = time.monotonic() + line.timeout_seconds
        chunks: list[bytes] = []
        size = 0
        with client.stream(
            request.method,
            line.base_url + request.path,
            params=request.query or None,
            headers=dict(request.headers),
            content=request.body or None,
        ) as answer:
            for chunk in answer.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if time.monotonic() > deadline:
                    return _too_slow(line)
                if size > line.longest_body_bytes:
                    return _too_long(line)
            return _response(answer, chunks, self._secrets)

    def _open(self) -> "httpx2.Client":
        with self._lock:
            if self._client is None:
                import httpx2

                self._client = httpx2.Client(
                    transport=sealed(self._line),
                    headers=dict(self._line.headers),
                    timeout=self._line.timeout(),
                    cookies=no_cookies(),
                )
                self._discreet = Discreet(self._line)
            return self._client

    def close(self) -> None:
        """Close the pool."""
        with self._lock:
            client, self._client = self._client, None
            discreet, self._discreet = self._discreet, None
        if client is not None:
            client.close()
        if discreet is not None:
            discreet.close()


class AsyncWire:
    """A pool of connections for the tasks of one event loop; opens at the first call."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._secrets = spellings(line)
        self._client: httpx2.AsyncClient | None = None
        self._places = asyncio.Semaphore(line.connections)
        self._discreet: Discreet | None = None

    async def send(self, request: Request) -> Response | Lost:
        """Send one request and return the whole answer, or what became of it."""
        import httpx2

        client = self._open()
        async with self._places:  # the time of a call begins when it has a place
            try:
                async with asyncio.timeout(self._line.timeout_seconds):
                    return await self._send(client, request)
            except TimeoutError:
                return _too_slow(self._line)
            except (httpx2.HTTPError, httpx2.StreamError) as error:
                return _lost(error, self._line)

    async def _send(self, client: "httpx2.AsyncClient", request: Request) -> Response | Lost:
        line = self._line
        chunks: list[bytes] = []
        size = 0
        async with client.stream(
            request.method,
            line.base_url + request.path,
            params=request.query or None,
            headers=dict(request.headers),
            content=request.body or None,
        ) as answer:
            async for chunk in answer.aiter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > line.longest_body_bytes:
                    return _too_long(line)
            return _response(answer, chunks, self._secrets)

    def _open(self) -> "httpx2.AsyncClient":
        if self._client is None:
            import httpx2

            self._client = httpx2.AsyncClient(
                transport=async_sealed(self._line),
                headers=dict(self._line.headers),
                timeout=self._line.timeout(),
                cookies=no_cookies(),
            )
            self._places = asyncio.Semaphore(self._line.connections)  # of this event loop
            self._discreet = Discreet(self._line)
        return self._client

    async def aclose(self) -> None:
        """Close the pool."""
        client, self._client = self._client, None
        discreet, self._discreet = self._discreet, None
        if client is not None:
            await client.aclose()
        if discreet is not None:
            discreet.close()


def run(flow: Flow[T], wire: Wire) -> T:
    """Drive a flow to its result with blocking calls and real sleeps."""
    outcome: Response | Lost | None = None
    try:
        while True:
            step = flow.send(outcome)
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                outcome = None
            else:
                outcome = wire.send(step)
    except StopIteration as end:
        result: T = end.value
        return result


async def arun(flow: Flow[T], wire: AsyncWire) -> T:
    """Drive a flow to its result on the running event loop."""
    outcome: Response | Lost | None = None
    try:
        while True:
            step = flow.send(outcome)
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                outcome = None
            else:
                outcome = await wire.send(step)
    except StopIteration as end:
        result: T = end.value
        return result


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
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
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
