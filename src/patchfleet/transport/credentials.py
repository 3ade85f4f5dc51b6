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

    def __init__(self, line: Endpoint) -> None:
        super().__init__()
        self._line = line
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record; all of them pass."""
        message = record.getMessage()
        for spelled in secrets_of(self._line):
            message = message.replace(spelled.decode(), REDACTED)
        record.msg, record.args = message, None
        return True

    def close(self) -> None:
        """Leave the loggers as they were."""
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(self)


def with_credentials(request: Request, line: Endpoint) -> "httpx2.Request":
    """Return the request with its secrets in its target, which the library's repr never shows."""
    import httpx2

    query = [*request.query, *((name, key.reveal()) for name, key in line.secret_query.items())]
    headers, body = _logged_in(request, line.login)
    target = _base(line.base_url).path.rstrip("/") + request.path
    if query:
        target += "?" + urlencode(query, quote_via=quote, safe="/")
    return httpx2.Request(
        request.method,
        _base(line.base_url),
        headers=[
            (name.encode("ascii"), value.encode("latin-1"))  # a character a byte, as it came
            for name, value in (
                {"Accept-Encoding": "gzip, deflate", **line.headers, **request.headers, **headers}
            ).items()
        ],
        content=body or None,
        extensions={"target": target.encode("ascii"), "timeout": line.timeouts()},
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


def secrets_of(line: Endpoint) -> list[bytes]:
    """Return every form of every secret of an endpoint, the longest first."""
    login = line.login
    token = (login.token,) if login and login.token else ()
    known = (*line.secret_query.values(), *(login.form.values() if login else ()), *token)
    return spellings(known)


def secrets_in(request: Request, line: Endpoint, status: int) -> list[bytes]:
    """Return the secrets that an answer to this request might repeat.

    A password is sent at login only, so other answers are not searched for a text that may be a
    plain word of their data; the token of a login is its wanted result.
    """
    login = line.login
    if login is None:
        return spellings(tuple(line.secret_query.values()))
    if request.is_login:
        return [] if 200 <= status < 300 else spellings(tuple(login.form.values()))
    return spellings((login.token,) if login.token else ())


@lru_cache(maxsize=8)
def spellings(secrets: tuple[Secret, ...]) -> list[bytes]:
    """Return every form in which a server might repeat these secrets, the longest first."""
    spelled: set[bytes] = set()
    for secret in secrets:
        text = secret.reveal()
        for way in (text, quote(text), quote(text, safe=""), quote_plus(text)):
            spelled.add(way.encode())
    return sorted(spelled, key=len, reverse=True)


def redacted(data: bytes, secrets: list[bytes]) -> bytes:
    """Return the bytes without the secrets."""
    for spelled in secrets:
        if spelled in data:
            data = data.replace(spelled, REDACTED.encode())
    return data
