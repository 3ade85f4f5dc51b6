"""HTTP requests and responses as plain values.

No repr shows headers, query values or a body. A secret is never part of a `Request`: it is added
below every logger, in `credentials.py`.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from patchfleet.errors import Fate

NO_CONNECTION = 0
"""The number of no connection: with it in `instead_of`, a request goes out on a new one."""


class Request(Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """One HTTP request without credentials; `path` is relative to the client's base address.

    `is_login` adds the credentials in place of a token. `instead_of` is the connection whose answer
    was in doubt: it is closed, and this request goes out on a new one.
    """

    path: str
    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"] = "GET"
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_login: bool = False
    instead_of: int | None = None

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"


class Response(Struct, frozen=True):
    """One complete answer; header names are lower case, values are latin-1: one character a byte.

    `connection` is the one it came over. `is_doubtful` means that it may belong to another request:
    it equals, byte for byte, an earlier answer on that connection to another request.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    connection: int | None = None
    is_doubtful: bool = False

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"


class NoResponse(Struct, frozen=True):
    """No complete answer arrived: `reason` for a person, `fate` for the decision to repeat.

    `is_transient` is False if repeating cannot help, as with a certificate that is not trusted.
    """

    reason: str
    fate: Fate
    is_transient: bool = True
