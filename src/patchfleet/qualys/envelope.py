"""How Qualys says that something went wrong, and bodies that are no lists of records.

Error bodies are `{"_error": {"errorCode", "message"}}` [O: peer]; other forms exist, and so do
XML, web pages and nothing at all. Law of this file: no I/O; that something is not there is believed
in the vendor's own form alone, since gateways and proxies answer 404 too.
"""

import re
from html import unescape
from typing import Any, NamedTuple

import msgspec

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


class Said(NamedTuple):
    """What an error body says: a code and a sentence, either of which may be missing.

    `is_own` says that it is in the form of the vendor's own envelope.
    """

    code: str
    message: str
    is_own: bool = False

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        return f"{self.message or 'no reason given'}{code}"


def explain(response: Response) -> VendorError | None:
    """Return the error that a failed answer stands for, or None where only its status tells.

    429, and 409 with a header about limits or with words that name a time [O: demisto], ask to
    wait; patch management sends neither a body nor a header then [O: peer], the newer services
    `X-RateLimit-ToWait-Sec` [D: rl].
    """
    status, headers = response.status, response.headers
    said = said_in(response.body)
    if status in (429, 409):
        named = _again_in(said.message) if said else ""
        if status == 429 or named or any(name in headers for name in LIMIT_HEADERS):
            return _limited(status, headers.get("x-ratelimit-towait-sec") or named)
    if status == 404 and not (said and said.is_own):
        return NotTheVendor("something that is not Qualys says that this is not there (HTTP 404)")
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


def _again_in(message: str) -> str:
    """Return the seconds after which a call may be made again, as a sentence names them."""
    found = _AGAIN_IN.search(message)
    return str(int(found[1]) * _SECONDS[found[2][0].lower()]) if found else ""


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
    """Return what an error body says, in any of its known forms; None for what is none.

    The older services say it in XML, as `SIMPLE_RETURN` with a `CODE` and a `TEXT`.
    """
    if body.lstrip()[:1] == b"<":
        return _said_in_xml(body)
    try:
        return _said(decoded(body))
    except Unreadable:
        return None


def _said_in_xml(body: bytes) -> Said | None:
    text = body[:10_000].decode("utf-8", "replace")
    if "SIMPLE_RETURN" not in text:
        return None
    parts = {name: unescape(words) for name, words in _XML.findall(text)}
    if not parts:
        return None
    return Said(_one_line(parts.get("CODE", "")), _one_line(parts.get("TEXT", "")), is_own=True)


def _said(value: Any) -> Said | None:
    if not isinstance(value, dict):
        return None
    inner = value.get("_error")
    if isinstance(inner, dict):
        value = inner
    elif inner is not None:
        return Said("", _one_line(inner), is_own=True)
    code = value.get("errorCode", value.get("code")) or ""
    words = (value.get(name) for name in ("message", "errorMessage", "error", "responseMessage"))
    message = next((_one_line(word) for word in words if word), "")
    is_own = inner is not None or "errorCode" in value
    return Said(_one_line(code), message, is_own) if code or message or is_own else None


def _one_line(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return " ".join(text.split())[:500]


def refuse_error(value: Any) -> None:
    """Raise what an answer with status 200 says, where it is an error all the same."""
    if isinstance(value, dict) and value.get("_error") is not None:
        raise rejected(_said(value) or Said("", ""), 200)


def whole(response: Response) -> Any:
    """Return the JSON of a body; raise `Unreadable` for one that is none."""
    value = decoded(response.body)
    refuse_error(value)
    return value


def counted(value: Any, *names: str) -> int:
    """Return the number that stands at these names in a body; raise `Unreadable` for none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    number = count_of(value)
    if number is not None and not isinstance(value, float):
        return number
    raise Unreadable(f"the answer has no number in {'.'.join(names)}")
