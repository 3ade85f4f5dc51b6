"""Where secrets enter a request and leave an answer.

Law of this file: secrets are added beneath everything of the HTTP library that logs or raises, and
taken out of whatever comes back, for a server may repeat the address it was asked for: in a body,
in a header, and so in the library's own log of headers.
"""

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from patchfleet.transport.line import Line

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    import httpx2

SCRUBBED = "***"
LOGGERS = ("httpx2", "httpcore2.connection", "httpcore2.http11", "httpcore2.proxy")


class Discreet(logging.Filter):
    """Takes the secrets of a line out of what the HTTP library logs, while a pool is open."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._spellings = [text.decode() for text in spellings(line)]
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record; all of them pass."""
        message = record.getMessage()
        for spelled in self._spellings:
            message = message.replace(spelled, SCRUBBED)
        record.msg, record.args = message, None
        return True

    def close(self) -> None:
        """Leave the loggers as they were."""
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)


def sealed(line: Line) -> "httpx2.BaseTransport":
    """Return the transport of a line, for threads."""
    import httpx2

    class Sealed(httpx2.HTTPTransport):
        """Adds the secret to what goes out, beneath the library's own logging and errors."""

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            return super().handle_request(with_secrets(request, line))

    return Sealed(
        verify=line.trust(), limits=line.limits(), proxy=line.proxy_address(), trust_env=False
    )


def async_sealed(line: Line) -> "httpx2.AsyncBaseTransport":
    """Return the transport of a line, for one event loop."""
    import httpx2

    class Sealed(httpx2.AsyncHTTPTransport):
        """Adds the secret to what goes out, beneath the library's own logging and errors."""

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return await super().handle_async_request(with_secrets(request, line))

    return Sealed(
        verify=line.trust(), limits=line.limits(), proxy=line.proxy_address(), trust_env=False
    )


def with_secrets(request: "httpx2.Request", line: Line) -> "httpx2.Request":
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


def no_cookies() -> "CookieJar":
    """Return a jar that takes nothing: a session would tie calls together, and outlive a secret."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def spellings(line: Line) -> list[bytes]:
    """Return every way in which a server might repeat a secret, the longest first."""
    spelled: set[bytes] = set()
    for secret in line.secret_query.values():
        text = secret.reveal()
        for way in (text, quote(text), quote(text, safe=""), quote_plus(text)):
            spelled.add(way.encode())
    return sorted(spelled, key=len, reverse=True)


def scrubbed(data: bytes, secrets: list[bytes]) -> bytes:
    """Return the bytes without the secrets."""
    for spelled in secrets:
        if spelled in data:
            data = data.replace(spelled, SCRUBBED.encode())
    return data
