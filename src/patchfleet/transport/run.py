"""The only sockets and the only sleeps.

Laws of this file: it alone knows the HTTP library; secrets are added here, beneath every logger of
that library, and scrubbed from whatever comes back; no exception of the library leaves it; no
redirect is followed; every wait has an end and every body a size.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from patchfleet.config import Secret
from patchfleet.transport.operation import Flow, Pause, T
from patchfleet.transport.wire import Lost, Request, Response

if TYPE_CHECKING:
    import httpx2

SCRUBBED = b"***"


@dataclass(frozen=True, slots=True)
class Line:
    """Where calls go and how: base address, secrets of the query, time-outs, proxy, trust.

    `timeout_seconds` bounds one call from its start to the last byte of its answer. `ca_file` is a
    PEM file to trust instead of the system's; `proxy` an address, or None for the environment's.
    """

    base_url: str
    secret_query: Mapping[str, Secret] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 60.0
    connect_timeout_seconds: float = 10.0
    proxy: str | None = None
    ca_file: str | None = None
    longest_body_bytes: int = 256 * 1024 * 1024
    connections: int = 32


class Wire:
    """A pool of connections for threads; opens at the first call."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._lock = Lock()
        self._client: httpx2.Client | None = None

    def send(self, request: Request) -> Response | Lost:
        """Send one request and return the whole answer, or what became of it."""
        import httpx2

        line = self._line
        client = self._open()
        deadline = time.monotonic() + line.timeout_seconds
        chunks: list[bytes] = []
        size = 0
        try:
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
                return _response(answer, chunks, line)
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            return _lost(error, line)

    def _open(self) -> "httpx2.Client":
        with self._lock:
            if self._client is None:
                import httpx2

                self._client = httpx2.Client(
                    transport=_sealed(self._line),
                    headers=dict(self._line.headers),
                    timeout=_timeout(self._line),
                )
            return self._client

    def close(self) -> None:
        """Close the pool."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()


class AsyncWire:
    """A pool of connections for the tasks of one event loop; opens at the first call."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._client: httpx2.AsyncClient | None = None

    async def send(self, request: Request) -> Response | Lost:
        """Send one request and return the whole answer, or what became of it."""
        import httpx2

        line = self._line
        client = self._open()
        chunks: list[bytes] = []
        size = 0
        try:
            async with (
                asyncio.timeout(line.timeout_seconds),
                client.stream(
                    request.method,
                    line.base_url + request.path,
                    params=request.query or None,
                    headers=dict(request.headers),
                    content=request.body or None,
                ) as answer,
            ):
                async for chunk in answer.aiter_bytes():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > line.longest_body_bytes:
                        return _too_long(line)
                return _response(answer, chunks, line)
        except TimeoutError:
            return _too_slow(line)
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            return _lost(error, line)

    def _open(self) -> "httpx2.AsyncClient":
        if self._client is None:
            import httpx2

            self._client = httpx2.AsyncClient(
                transport=_async_sealed(self._line),
                headers=dict(self._line.headers),
                timeout=_timeout(self._line),
            )
        return self._client

    async def aclose(self) -> None:
        """Close the pool."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


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


@cache
def _trust(ca_file: str | None) -> ssl.SSLContext:
    """Make one TLS context a process: loading the system's authorities costs 20 ms."""
    import httpx2

    if ca_file is None:
        return httpx2.create_ssl_context()
    return ssl.create_default_context(cafile=ca_file)


def _sealed(line: Line) -> "httpx2.BaseTransport":
    import httpx2

    class Sealed(httpx2.HTTPTransport):
        """Adds the secret to what goes out, beneath the library's own logging and errors."""

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            return super().handle_request(_with_secrets(request, line))

    return Sealed(verify=_verify(line), limits=_limits(line), proxy=_proxy(line), trust_env=False)


def _async_sealed(line: Line) -> "httpx2.AsyncBaseTransport":
    import httpx2

    class Sealed(httpx2.AsyncHTTPTransport):
        """Adds the secret to what goes out, beneath the library's own logging and errors."""

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return await super().handle_async_request(_with_secrets(request, line))

    return Sealed(verify=_verify(line), limits=_limits(line), proxy=_proxy(line), trust_env=False)


def _with_secrets(request: "httpx2.Request", line: Line) -> "httpx2.Request":
    """Copy the request with the secrets in its target; the one the caller holds stays without."""
    if not line.secret_query:
        return request
    import httpx2

    target = request.url.raw_path
    for name, secret in line.secret_query.items():
        target += (b"&" if b"?" in target else b"?") + f"{name}={quote(secret.reveal())}".encode()
    return httpx2.Request(
        request.method,
        request.url,
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "target": target},
    )


def _verify(line: Line) -> ssl.SSLContext | bool:
    return _trust(line.ca_file) if line.base_url.startswith("https:") else False


def _proxy(line: Line) -> str | None:
    if line.proxy is not None:
        return line.proxy or None
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(line.base_url)
    if proxy_bypass(parts.hostname or "") or parts.hostname in {"127.0.0.1", "localhost", "::1"}:
        return None
    return getproxies().get(parts.scheme)


def _limits(line: Line) -> "httpx2.Limits":
    import httpx2

    return httpx2.Limits(
        max_connections=line.connections, max_keepalive_connections=line.connections
    )


def _timeout(line: Line) -> "httpx2.Timeout":
    import httpx2

    return httpx2.Timeout(
        line.timeout_seconds,
        connect=min(line.connect_timeout_seconds, line.timeout_seconds),
        pool=None,  # waiting for a free connection is our own doing and ends with the other calls
    )


def _response(answer: "httpx2.Response", chunks: list[bytes], line: Line) -> Response:
    """Build our answer; a server that repeats the request's address does not repeat the secret."""
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    headers = {
        name: _scrubbed(value.encode("latin-1", "replace"), line).decode("latin-1")
        for name, value in answer.headers.items()
    }
    return Response(answer.status_code, headers, _scrubbed(body, line))


def _scrubbed(data: bytes, line: Line) -> bytes:
    for secret in line.secret_query.values():
        for spelled in {secret.reveal().encode(), quote(secret.reveal()).encode()}:
            if spelled in data:
                data = data.replace(spelled, SCRUBBED)
    return data


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

    host = urlsplit(line.base_url).netloc.rpartition("@")[2]
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if cause is not None:
            return Lost(f"the certificate of {host} is not trusted", "refused", is_transient=False)
        return Lost(f"no connection to {host}", "refused")
    if isinstance(error, httpx2.TimeoutException):
        return _too_slow(line)
    if isinstance(error, httpx2.DecodingError):
        return Lost("the answer's compression is damaged", "unknown")
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        return Lost("the address or a header cannot be sent", "refused", is_transient=False)
    return Lost(f"the connection to {host} broke before the answer was complete", "unknown")
