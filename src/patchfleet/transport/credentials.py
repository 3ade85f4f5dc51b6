"""Credentials in requests, and their redaction in answers and logs.

A key goes into the target of a request, which the HTTP library neither logs nor raises, and never
into its address, which it does; a password into the body; a token into a header that the library
shows as hidden. All are redacted in whatever comes back, since a server may repeat a request: in a
body, in a header, and so in the library's own log of headers.
"""

import logging
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlencode

from patchfleet.config import Secret
from patchfleet.transport.endpoint import Endpoint
from patchfleet.transport.login import Login
from patchfleet.transport.messages import Request

if TYPE_CHECKING:
    import httpx2

REDACTED = "***"
LOGGERS = ("httpcore2.connection", "httpcore2.http11", "httpcore2.proxy")


class RedactingFilter(logging.Filter):
    """Redact the secrets of an endpoint in the HTTP library's log while a pool is open."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record; all of them pass."""
        message = record.getMessage()
        for encoded in secrets_of(self._endpoint):
            message = message.replace(encoded.decode(), REDACTED)
        record.msg, record.args = message, None
        return True

    def close(self) -> None:
        """Leave the loggers as they were."""
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)


def with_credentials(request: Request, endpoint: Endpoint) -> "httpx2.Request":
    """Return the request with its secrets in its target, which the library's repr never shows."""
    import httpx2

    query = [*request.query, *((name, key.reveal()) for name, key in endpoint.secret_query.items())]
    headers, body = _logged_in(request, endpoint.login)
    target = _base(endpoint.base_url).path.rstrip("/") + request.path
    if query:
        target += "?" + urlencode(query, quote_via=quote, safe="/")
    return httpx2.Request(
        request.method,
        _base(endpoint.base_url),
        headers=[
            (name.encode("ascii"), value.encode("latin-1"))  # a character a byte, as it came
            for name, value in (
                {
                    "Accept-Encoding": "gzip, deflate",
                    **endpoint.headers,
                    **request.headers,
                    **headers,
                }
            ).items()
        ],
        content=body or None,
        extensions={"target": target.encode("ascii"), "timeout": endpoint.timeouts()},
    )


def _logged_in(request: Request, login: Login | None) -> tuple[dict[str, str], bytes]:
    """Return the header that carries the token, or the form that asks for one."""
    if login is None:
        return {}, request.body
    if request.is_login:
        form = {name: secret.reveal() for name, secret in login.form.items()}
        return {}, b"&".join(filter(None, (request.body, urlencode(form).encode())))
    token = login.token
    return ({"Authorization": f"Bearer {token.reveal()}"} if token else {}), request.body


@lru_cache(maxsize=8)
def _base(base_url: str) -> "httpx2.URL":
    """Parse an address once: parsing costs more than all other steps of a request."""
    import httpx2

    return httpx2.URL(base_url)


def secrets_of(endpoint: Endpoint) -> list[bytes]:
    """Return every form of every secret of an endpoint, the longest first."""
    login = endpoint.login
    token = (login.token,) if login and login.token else ()
    known = (*endpoint.secret_query.values(), *(login.form.values() if login else ()), *token)
    return spellings(known)


def secrets_in(request: Request, endpoint: Endpoint, status: int) -> list[bytes]:
    """Return the secrets that an answer to this request might repeat.

    A password is sent at login only, so other answers are not searched for a text that may be a
    plain word of their data; the token of a login is its wanted result.
    """
    login = endpoint.login
    if login is None:
        return spellings(tuple(endpoint.secret_query.values()))
    if request.is_login:
        return [] if 200 <= status < 300 else spellings(tuple(login.form.values()))
    return spellings((login.token,) if login.token else ())


@lru_cache(maxsize=8)
def spellings(secrets: tuple[Secret, ...]) -> list[bytes]:
    """Return every form in which a server might repeat these secrets, the longest first."""
    encoded: set[bytes] = set()
    for secret in secrets:
        text = secret.reveal()
        for way in (text, quote(text), quote(text, safe=""), quote_plus(text)):
            encoded.add(way.encode())
    return sorted(encoded, key=len, reverse=True)


def redacted(data: bytes, secrets: list[bytes]) -> bytes:
    """Return the bytes without the secrets."""
    for encoded in secrets:
        if encoded in data:
            data = data.replace(encoded, REDACTED.encode())
    return data
