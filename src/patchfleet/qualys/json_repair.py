"""Repair of JSON with damaged text, where that cannot change anything else in it.

A text cut inside a surrogate pair, bytes that are not UTF-8, control characters in a text and a
byte order mark at the start are no reason to read nothing. Brackets, names and numbers remain
unchanged; each damaged character becomes U+FFFD.
"""

import json
import re
from typing import NoReturn

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_RAW = (b"\x7f", b"\xef\xbf\xbe", b"\xef\xbf\xbf")
"""Forbidden characters that JSON takes as they are."""
_ESCAPE = re.compile(
    r"\\(?:(?P<control>u00(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF])|[bf]|u[fF]{3}[eEfF])|\\)"
)
"""An escape of a character that XML forbids, or a backslash that escapes nothing."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_damaged(body: bytes) -> bool:
    """Return whether JSON holds characters that no text should, as bytes or by an escape."""
    if any(one in body for one in _RAW):
        return True
    if b"\\" not in body:
        return False
    return any(found["control"] for found in _ESCAPE.finditer(body.decode("latin-1")))


def mended(body: bytes) -> bytes | None:
    """Return the JSON of a body with its damaged text replaced; None if it is not JSON at all."""
    try:
        text = _CONTROL.sub("\ufffd", body.decode("utf-8-sig", "replace"))
        value = json.loads(text, strict=False, parse_constant=_no_number)
        whole = _ESCAPE.sub(_replaced, json.dumps(value, ensure_ascii=False))
    except (ValueError, RecursionError):
        return None
    return _SURROGATE.sub("\ufffd", whole).encode()


def _replaced(found: re.Match[str]) -> str:
    return "\ufffd" if found["control"] else found[0]


def _no_number(_: str) -> NoReturn:
    raise ValueError
