"""Connection pools: a request is sent, and its whole answer or a `NoResponse` is returned.

Every wait has an end, every body a size limit, and all bodies together too. No redirect is
followed. No exception of the HTTP library leaves this module, and no answer holds a secret
(`credentials.py`).
"""

import asyncio
import ssl
import time
import weakref
import zlib
from collections.abc import Iterable
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlsplit

from patchfleet.transport.credentials import RedactingFilter, redacted, secrets_in, with_credentials
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.messages import NoResponse, Request, Response
from patchfleet.transport.unpacking import Unpacking

if TYPE_CHECKING:
    import httpx2

    from patchfleet.transport.connection import AsyncConnection, Connection, History


class _Account:
    """The bytes of answers held at the same time by all calls under way."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = Lock()
        self._held = 0

    def add(self, size: int, more: int) -> NoResponse | None:
        """Count `more` bytes of an answer of `size`; return a `NoResponse` if they are too many."""
        with self._lock:
            self._held += more
            held = self._held
        if size > self._endpoint.longest_body_bytes:
            return _too_long(self._endpoint)
        if held > MOST_BODIES * self._endpoint.longest_body_bytes:
            return NoResponse("the answers under way are together too large for memory", "unknown")
        return None

    def give_back(self, size: int) -> None:
        """Subtract an answer that was read, or given up."""
        with self._lock:
            self._held -= size


class _Body:
    """The body of one answer while it comes, unpacked and counted."""

    def __init__(self, account: _Account, answer: "httpx2.Response") -> None:
        self._account = account
        self._unpacking = Unpacking(answer.headers.get("content-encoding", ""))
        self._size = 0
        self.chunks: list[bytes] = []

    def add(self, received: bytes) -> NoResponse | None:
        """Add received bytes; return a `NoResponse` if the answer is too large."""
        return self._add(self._unpacking.pieces(received))

    def end(self) -> NoResponse | None:
        """Add the rest once no more bytes come."""
        return self._add(self._unpacking.rest())

    def _add(self, pieces: Iterable[bytes]) -> NoResponse | None:
        for piece in pieces:
            self.chunks.append(piece)
            self._size += len(piece)
            lost = self._account.add(self._size, len(piece))
            if lost is not None:
                return lost
        return None

    def give_back(self) -> None:
        """Subtract the answer that was read, or given up."""
        self._account.give_back(self._size)


MOST_BODIES = 2
"""The bytes of all answers under way, as a multiple of the longest one."""

C = TypeVar("C", bound="History")


class _Connections(Generic[C]):
    """The idle connections of one endpoint, and the limits that all its calls share."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._account = _Account(endpoint)
        self._lock = Lock()
        self._idle: list[C] = []
        self._closings = 0
        self._discreet: RedactingFilter | None = None

    @property
    def connections(self) -> int:
        """The number of calls that may be under way."""
        return self._endpoint.connections

    def _taken(self, instead_of: int | None) -> tuple[C | None, list[C], int]:
        """Take an idle connection, the last used first, unless a new one was asked for.

        With it come the connections to close, and how often all were closed before.
        """
        with self._lock:
            if self._discreet is None:
                self._discreet = RedactingFilter(self._endpoint)
            if instead_of is None:
                return self._idle.pop() if self._idle else None, [], self._closings
            unbelieved = [one for one in self._idle if one.number == instead_of]
            self._idle[:] = [one for one in self._idle if one.number != instead_of]
            return None, unbelieved, self._closings

    def _is_kept(self, connection: C, closings: int) -> bool:
        """Keep a connection for the next call, unless it is spent or all were closed meanwhile."""
        with self._lock:
            is_kept = closings == self._closings and not connection.is_spent
            if is_kept and len(self._idle) < self._endpoint.connections:
                self._idle.append(connection)
                return True
        return False

    def _emptied(self) -> list[C]:
        """Return the connections to close; those in use are closed when their call ends."""
        with self._lock:
            idle = self._idle[:]
            self._idle.clear()
            discreet, self._discreet = self._discreet, None
            self._closings += 1
        if discreet is not None:
            discreet.close()
        return idle


class ConnectionPool(_Connections["Connection"]):
    """Connections for threads, each opened when it is first needed and kept for the next call.

    Each has a transport of its own: a shared pool looks at all its connections at every call.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        # The time of a call begins when it has a place: the wait for one is not the vendor's.
        self._places = BoundedSemaphore(endpoint.connections)
        # A thread whose result is no longer wanted may give one back after all were closed.
        weakref.finalize(self, _close_all, self._idle)

    def send(self, request: Request) -> Response | NoResponse:
        """Send one request and return the whole answer, or the reason why there is none."""
        http_request = _http_request(request, self._endpoint)
        if isinstance(http_request, NoResponse):
            return http_request
        with self._places:
            connection, closings = self._take(request.instead_of)
            outcome: Response | NoResponse = _NO_ANSWER
            try:
                outcome = self._send(connection, request, http_request)
            except _failures() as error:
                outcome = _lost(error, self._endpoint)
            finally:
                connection.is_spent |= isinstance(outcome, NoResponse)
                if not self._is_kept(connection, closings):
                    connection.close()
            return outcome

    def _take(self, instead_of: int | None) -> "tuple[Connection, int]":
        from patchfleet.transport.connection import Connection

        idle, unbelieved, closings = self._taken(instead_of)
        _close_all(unbelieved)
        return idle or Connection(self._endpoint), closings

    def _send(
        self, connection: "Connection", request: Request, http_request: "httpx2.Request"
    ) -> Response | NoResponse:
        endpoint = self._endpoint
        answer = connection.ask(http_request, time.monotonic() + endpoint.timeout_seconds)
        body = _Body(self._account, answer)
        try:
            for received in answer.iter_raw():
                lost = body.add(received)
                if lost is not None:
                    return lost
            secrets = secrets_in(request, endpoint, answer.status_code)
            return body.end() or _answered(connection, request, answer, body.chunks, secrets)
        finally:
            body.give_back()
            answer.close()

    def close(self) -> None:
        """Close the connections; those in use close when their call ends."""
        _close_all(self._emptied())


def _close_all(connections: "Iterable[Connection]") -> None:
    for connection in connections:
        connection.close()


class AsyncConnectionPool(_Connections["AsyncConnection"]):
    """Connections for the tasks of one event loop; see `ConnectionPool`."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._places: asyncio.Semaphore | None = None

    async def send(self, request: Request) -> Response | NoResponse:
        """Send one request and return the whole answer, or the reason why there is none."""
        http_request = _http_request(request, self._endpoint)
        if isinstance(http_request, NoResponse):
            return http_request
        if self._places is None:  # of this event loop
            self._places = asyncio.Semaphore(self._endpoint.connections)
        async with self._places:  # the time of a call begins when it has a place
            connection, closings = await self._take(request.instead_of)
            outcome: Response | NoResponse = _NO_ANSWER
            try:
                async with asyncio.timeout(self._endpoint.timeout_seconds):
                    outcome = await self._send(connection, request, http_request)
            except TimeoutError:
                outcome = _too_slow(self._endpoint)
            except _failures() as error:
                outcome = _lost(error, self._endpoint)
            finally:
                connection.is_spent |= isinstance(outcome, NoResponse)
                if not self._is_kept(connection, closings):
                    await connection.aclose()
            return outcome

    async def _take(self, instead_of: int | None) -> "tuple[AsyncConnection, int]":
        from patchfleet.transport.connection import AsyncConnection

        idle, unbelieved, closings = self._taken(instead_of)
        for one in unbelieved:
            await one.aclose()
        return idle or AsyncConnection(self._endpoint), closings

    async def _send(
        self, connection: "AsyncConnection", request: Request, http_request: "httpx2.Request"
    ) -> Response | NoResponse:
        endpoint = self._endpoint
        answer = await connection.ask(http_request)
        body = _Body(self._account, answer)
        try:
            async for received in answer.aiter_raw():
                lost = body.add(received)
                if lost is not None:
                    return lost
            secrets = secrets_in(request, endpoint, answer.status_code)
            return body.end() or _answered(connection, request, answer, body.chunks, secrets)
        finally:
            body.give_back()
            await answer.aclose()

    async def aclose(self) -> None:
        """Close the connections; those in use close when their call ends."""
        self._places = None
        for connection in self._emptied():
            await connection.aclose()


_NO_ANSWER = NoResponse("the call was given up", "unknown")


def _http_request(request: Request, endpoint: Endpoint) -> "httpx2.Request | NoResponse":
    """Return the request with its secrets, or a `NoResponse`: then nothing has left."""
    import httpx2

    try:
        return with_credentials(request, endpoint)
    except (UnicodeError, httpx2.InvalidURL):
        return NoResponse("the address or a header cannot be sent", "refused", is_transient=False)


def _failures() -> tuple[type[Exception], ...]:
    """Return the exceptions of the HTTP library, and those of lower layers that pass through it."""
    import httpx2

    return (
        httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError, EOFError, ValueError,
        zlib.error,
    )  # fmt: skip


def _answered(
    connection: "History",
    request: Request,
    answer: "httpx2.Response",
    chunks: list[bytes],
    secrets: list[bytes],
) -> Response | NoResponse:
    """Build the answer, without the secret if a server repeats the request's address.

    If bytes follow an answer that is not the first of its connection, it may be a belated one, and
    the right one may follow.
    """
    from patchfleet.transport.connection import headers_of

    is_first = connection.is_fresh
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    is_doubtful = connection.is_doubtful(request, body)
    if connection.has_more(answer) and not is_first:
        return NoResponse(
            "more came than was asked for: answers cannot be matched to requests", "unknown"
        )
    headers = {
        name: redacted(value.encode("latin-1"), secrets).decode("latin-1")
        for name, value in headers_of(answer).items()
    }
    body = redacted(body, secrets)
    return Response(answer.status_code, headers, body, connection.number, is_doubtful)


def _too_slow(endpoint: Endpoint) -> NoResponse:
    return NoResponse(f"no complete answer within {endpoint.timeout_seconds:g} seconds", "unknown")


def _too_long(endpoint: Endpoint) -> NoResponse:
    return NoResponse(
        f"the answer is longer than {endpoint.longest_body_bytes:,} bytes",
        "unknown",
        is_transient=False,
    )


def _lost(error: Exception, endpoint: Endpoint) -> NoResponse:
    """Describe the fate of a request, without addresses of requests or secrets."""
    import httpx2

    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        return _not_connected(error, endpoint)
    if isinstance(error, httpx2.TimeoutException):
        return _too_slow(endpoint)
    if isinstance(error, zlib.error):
        return NoResponse("the answer's compression is damaged", "unknown")
    if isinstance(
        error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.InvalidURL
    ):
        return NoResponse("the address or a header cannot be sent", "refused", is_transient=False)
    return NoResponse(
        f"the connection to {endpoint.host} broke before the answer was complete", "unknown"
    )


def _not_connected(error: Exception, endpoint: Endpoint) -> NoResponse:
    """Describe why there is no connection: the request never left, so repeating it is safe."""
    import httpx2

    way = f"{endpoint.host}{_through(endpoint)}"
    if isinstance(error, httpx2.ProxyError):
        return NoResponse(f"the proxy gives no connection to {way}", "refused")
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = cause.verify_message
        reason = f"the certificate of {endpoint.host} is not trusted ({why})"
        return NoResponse(reason, "refused", is_transient=False)
    if cause is not None:
        return NoResponse(f"no TLS connection to {way}", "refused")
    return NoResponse(f"no connection to {way}", "refused")


def _through(endpoint: Endpoint) -> str:
    """Return the proxy that a connection goes through, without its user and password."""
    proxy = endpoint.proxy_address()
    if proxy is None:
        return ""
    return f" through the proxy {urlsplit(proxy).netloc.rpartition('@')[2]}"
