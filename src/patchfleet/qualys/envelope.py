"""Error bodies of Qualys, and bodies that are not lists of records.

Error bodies are `{"_error": {"errorCode", "message"}}` [O: peer]; other forms exist, and so do
XML, web pages and empty bodies. A 404 counts as "not found" only in the vendor's own form, since
gateways and proxies answer 404 too.
"""

import re
from html import unescape
from typing import Any, NamedTuple

import msgspec

from patchfleet._renamed import renamed
from patchfleet.errors import (
    Forbidden,
    NotFound,
    NotTheVendor,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreadable,
    VendorBroken,
    VendorError,
    WindowExceeded,
)
from patchfleet.qualys.records.record import decoded
from patchfleet.qualys.records.values import count_of
from patchfleet.transport.messages import Response

TOO_MANY_RECORDS = "2501"
"""The code of a query that goes past the 10,000th record [O: peer]."""

LIMIT_HEADERS = ("x-ratelimit-towait-sec", "x-ratelimit-limit", "x-concurrency-limit-limit")


_AGAIN_IN = re.compile(
    r"\b(?:for|in|after)\b\D{0,20}?(\d{1,6}) *(s|sec|m|min|h|hour)", re.IGNORECASE
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_XML = re.compile(r"<(?:[\w.-]+:)?(CODE|TEXT)>(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?</", re.DOTALL)


class ErrorFields(NamedTuple):
    """Code and message of an error body, either of which may be missing.

    `is_own` is true for the form of the vendor's own envelope.
    """

    code: str
    message: str
    is_own: bool = False

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        return f"{self.message or 'no reason given'}{code}"


def explain(response: Response) -> VendorError | None:
    """Return the error of a failed answer, or None if only its status is known.

    429, and 409 with a rate limit header or with a message that names a time [O: demisto], ask to
    wait. Patch management sends neither a body nor a header then [O: peer], the newer services
    send `X-RateLimit-ToWait-Sec` [D: rl].
    """
    status, headers = response.status, response.headers
    error = error_in(response.body)
    if status in (429, 409):
        named = _again_in(error.message) if error else ""
        if status == 429 or named or any(name in headers for name in LIMIT_HEADERS):
            return _limited(status, headers.get("x-ratelimit-towait-sec") or named)
    if status == 404 and not (error and error.is_own):
        return NotTheVendor("something that is not Qualys answers 'not found' (HTTP 404)")
    return _error_of(error, status) if error else None


def _error_of(error: ErrorFields, status: int) -> VendorError:
    if error.code == TOO_MANY_RECORDS:
        return WindowExceeded(f"more records match than one query may return: {error}")
    if status == 401 or (status == 500 and _is_about_token(error.message)):
        return Unauthorized(f"Qualys does not accept the credentials: {error}")
    if status in (403, 404):
        kind, words = _REFUSED[status]
        return kind(f"{words}: {error}")
    if status >= 500:
        return VendorBroken(f"Qualys failed (HTTP {status}): {error}")
    return rejected(error, status)


_REFUSED: dict[int, tuple[type[VendorError], str]] = {
    403: (Forbidden, "Qualys does not permit this"),
    404: (NotFound, "Qualys does not find it"),
}


def _again_in(message: str) -> str:
    """Return the seconds after which a call may be repeated, as a message names them."""
    found = _AGAIN_IN.search(message)
    return str(int(found[1]) * _SECONDS[found[2][0].lower()]) if found else ""


def _limited(status: int, wait: str) -> RateLimited | None:
    """Return the rate limit that an answer reports; None leaves it to the standard header."""
    if wait.isascii() and wait.isdigit():
        seconds = float(wait)
        return RateLimited(
            f"Qualys asks to slow down (HTTP {status}), for {seconds:g} seconds",
            retry_after_seconds=seconds,
        )
    return None if status == 429 else RateLimited(f"Qualys asks to slow down (HTTP {status})")


def _is_about_token(message: str) -> bool:
    """Return whether a 500 is about the token, which some services report so [O: qualys-cli]."""
    return "jwt" in message.lower()


def rejected(error: ErrorFields, status: int) -> Rejected:
    """Return the error for a request that Qualys refused with a reason."""
    code = int(error.code) if error.code.isascii() and error.code.isdigit() else None
    reason = str(error) if error.message or error.code else f"HTTP {status}"
    return Rejected(f"Qualys rejects the request: {reason}", code=code, reason=error.message)


def error_in(body: bytes) -> ErrorFields | None:
    """Return code and message of an error body in any of its known forms; None for other bodies.

    The older services answer in XML: `SIMPLE_RETURN` with a `CODE` and a `TEXT`.
    """
    if body.lstrip()[:1] == b"<":
        return _error_in_xml(body)
    try:
        return _error_fields(decoded(body))
    except Unreadable:
        return None


def _error_in_xml(body: bytes) -> ErrorFields | None:
    text = body[:10_000].decode("utf-8", "replace")
    if "SIMPLE_RETURN" not in text:
        return None
    parts = {name: unescape(words) for name, words in _XML.findall(text)}
    if not parts:
        return None
    return ErrorFields(
        _one_line(parts.get("CODE", "")), _one_line(parts.get("TEXT", "")), is_own=True
    )


def _error_fields(value: Any) -> ErrorFields | None:
    if not isinstance(value, dict):
        return None
    inner = value.get("_error")
    if isinstance(inner, dict):
        value = inner
    elif inner is not None:
        return ErrorFields("", _one_line(inner), is_own=True)
    code = value.get("errorCode", value.get("code")) or ""
    words = (value.get(name) for name in ("message", "errorMessage", "error", "responseMessage"))
    message = next((_one_line(word) for word in words if word), "")
    is_own = inner is not None or "errorCode" in value
    return ErrorFields(_one_line(code), message, is_own) if code or message or is_own else None


def _one_line(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return " ".join(text.split())[:500]


def refuse_error(value: Any) -> None:
    """Raise the error that an answer with status 200 holds, if any."""
    if isinstance(value, dict) and value.get("_error") is not None:
        raise rejected(_error_fields(value) or ErrorFields("", ""), 200)


def whole(response: Response) -> Any:
    """Return the JSON of a body; raise `Unreadable` if it is not JSON."""
    value = decoded(response.body)
    refuse_error(value)
    return value


def counted(value: Any, *names: str) -> int:
    """Return the number under these names in a body; raise `Unreadable` if there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    number = count_of(value)
    if number is not None and not isinstance(value, float):
        return number
    raise Unreadable(f"the answer has no number in {'.'.join(names)}")


__getattr__ = renamed(__name__)
