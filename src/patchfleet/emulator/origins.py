"""Access to the control API: programs of this machine, no web page of another origin.

A browser on this machine can be made to send requests here by any page it shows, directly or under
a name that resolves to loopback (DNS rebinding). The browser always states it: in `Host`, `Origin`,
`Referer` or `Sec-Fetch-Site`. A page that the emulator served, or an address typed by the user,
passes (tests/emulator/test_origins.py).
"""

import re
from collections.abc import Iterable

_OWN_NAMES = ("127.0.0.1", "localhost")
_AUTHORITY = re.compile(r"([a-z0-9.-]+)(?::([0-9]{1,5}))?", re.IGNORECASE | re.ASCII)
_ORIGIN = re.compile(r"(https?)://([^/?#\s]*)", re.IGNORECASE | re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HERE = ("same-origin", "none")


def refusal(headers: Iterable[tuple[str, str]], port: int | None) -> str | None:
    """Return why a control request is refused, None if it may pass.

    `port` is the one the emulator answers on, None for a call in its own process.  A header given
    twice counts twice.
    """
    for name, value in headers:
        match name.lower():
            case "host" if not _is_own(value, port, (80, 443)):
                return f"the Host {value[:60]!r} is not this emulator's address"
            case "origin" if not _is_own_origin(value, port):
                return f"a page of another origin, {value[:60]!r}, may not control the emulator"
            case "referer" if not _is_own_origin(value, port, is_whole=False):
                return "a page from elsewhere may not control the emulator (Referer)"
            case "sec-fetch-site" if value.strip().lower() not in _HERE:
                return f"a page from elsewhere may not control the emulator ({value[:60]!r})"
    return None


def _is_own_origin(value: str, port: int | None, *, is_whole: bool = True) -> bool:
    text = value.strip()
    found = _ORIGIN.fullmatch(text) if is_whole else _ORIGIN.match(text)
    return found is not None and _is_own(found[2], port, (_DEFAULT_PORTS[found[1].lower()],))


def _is_own(authority: str, port: int | None, defaults: tuple[int, ...]) -> bool:
    """Return whether `authority` is the emulator's own; without a port it means a default port."""
    found = _AUTHORITY.fullmatch(authority.strip())
    if found is None or found[1].lower() not in _OWN_NAMES:
        return False
    return port is None or port in ((int(found[2]),) if found[2] else defaults)
