"""How Qualys says that something went wrong, and bodies that are no lists of records.

Error bodies are `{"_error": {"errorCode", "message"}}` [O: peer]; other forms exist, and so do
web pages and nothing at all, so that none is relied upon. Law of this file: no I/O.
"""

from typing import Any, NamedTuple

import msgspec

from patchfleet.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreadable,
    VendorBroken,
    VendorError,
    WindowExceeded,
)
from patchfleet.qualys.records import decoded
from patchfleet.transport.wire import Response

TOO_MANY_RECORDS = "2501"
"""The code of a query that goes past the 10,000th record [O: peer]."""

LIMIT_HEADERS = ("x-ratelimit-towait-sec", "x-ratelimit-limit", "x-concurrency-limit-limit")


class Said(NamedTuple):
    """What an error body says: a code and a sentence, either of which may be missing."""

    code: str
    message: str

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        return f"{self.message or 'no reason given'}{code}"


def explain(response: Response) -> VendorError | None:
    """Return the error that a failed answer stands for, or None where only its status tells.

    429, and 409 with a header about limits, ask to wait; patch management sends neither a body nor
    a header then [O: peer], the newer services `X-RateLimit-ToWait-Sec` [D: rl].
    """
    status, headers = response.status, response.headers
    if status == 429 or (status == 409 and any(name in headers for name in LIMIT_HEADERS)):
        return _limited(status, headers.get("x-ratelimit-towait-sec", ""))
    said = said_in(response.body)
    return _error_of(said, status) if said else None


def _error_of(said: Said, status: int) -> VendorError:
    if said.code == TOO_MANY_RECORDS:
        return WindowExceeded(f"more records match than one query may return: {said}")
    if status == 401 or (status == 500 and _is_about_token(said.message)):
        return Unauthorized(f"Qualys does not accept the credentials: {said}")
    if status in (403, 404):
        kind, words = _REFUSED[status]
        return kind(f"{words}: {said}")
    if status >= 500:
        return VendorBroken(f"Qualys failed (HTTP {status}): {said}")
    return rejected(said, status)


_REFUSED: dict[int, tuple[type[VendorError], str]] = {
    403: (Forbidden, "Qualys does not permit this"),
    404: (NotFound, "Qualys does not find it"),
}


def _limited(status: int, wait: str) -> RateLimited | None:
    """Return what a limit says; None leaves it to the standard header."""
    if wait.isascii() and wait.isdigit():
        seconds = float(wait)
        return RateLimited(
            f"Qualys asks to slow down (HTTP {status}), for {seconds:g} seconds",
            retry_after_seconds=seconds,
        )
    return None if status == 429 else RateLimited(f"Qualys asks to slow down (HTTP {status})")


def _is_about_token(message: str) -> bool:
    """Say whether a 500 means the token: some services say so that way [O: qualys-cli]."""
    return "jwt" in message.lower()


def rejected(said: Said, status: int) -> Rejected:
    """Return the error for a request that Qualys refused and said why."""
    code = int(said.code) if said.code.isascii() and said.code.isdigit() else None
    reason = str(said) if said.message or said.code else f"HTTP {status}"
    return Rejected(f"Qualys rejects the request: {reason}", code=code, reason=said.message)


def said_in(body: bytes) -> Said | None:
    """Return what an error body says, in any of its known forms; None for what is none."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return _said(value)


def _said(value: Any) -> Said | None:
    if not isinstance(value, dict):
        return None
    inner = value.get("_error")
    if isinstance(inner, dict):
        value = inner
    elif inner is not None:
        return Said("", _one_line(inner))
    code = value.get("errorCode", value.get("code", ""))
    words = (value.get(name) for name in ("message", "errorMessage", "error", "responseMessage"))
    message = next((_one_line(word) for word in words if word), "")
    return Said(_one_line(code), message) if code or message or inner is not None else None


def _one_line(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return " ".join(text.split())[:500]


def refuse_error(value: Any) -> None:
    """Raise what an answer with status 200 says, where it is an error all the same."""
    if isinstance(value, dict) and "_error" in value:
        said = _said(value)
        assert said is not None
        raise rejected(said, 200)


def whole(response: Response) -> Any:
    """Return the JSON of a body; raise `Unreadable` for one that is none."""
    value = decoded(response.body)
    refuse_error(value)
    return value


def counted(value: Any, *names: str) -> int:
    """Return the number that stands at these names in a body; raise `Unreadable` for none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise Unreadable(f"the answer has no number in {'.'.join(names)}")
