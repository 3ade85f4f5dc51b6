"""What the emulator answers, and how it is to be put on the wire.

Law of this file: values only.  `host.py` does what they say; nothing else touches a socket.
"""

from dataclasses import dataclass
from typing import Literal

Headers = tuple[tuple[str, str], ...]
Manner = Literal["whole", "cut", "trickle", "hang", "reset", "raw", "drip", "interim", "endless"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Say how an answer reaches the caller.

    `whole` as HTTP intends; `cut` announces the whole length, sends `sent_bytes` and closes;
    `trickle` sends `sent_bytes` at a time with `pause_seconds` between; `hang` sends nothing until
    the caller closes; `reset` sends nothing and resets the connection; `raw` sends the body with no
    HTTP around it and closes; `drip` sends a header of `sent_bytes` bytes one at a time, `interim`
    so many interim answers, both without an end for 0, and then the answer; `endless` sends the
    body and then `extra` again and again.  `wait_seconds` pass before any of it.

    `later_seconds` after a whole answer come bytes that nobody asked for: its own once more if
    `is_repeated`, and `extra`.
    """

    manner: Manner = "whole"
    wait_seconds: float = 0
    sent_bytes: int = 0
    pause_seconds: float = 0
    is_repeated: bool = False
    extra: bytes = b""
    later_seconds: float = 0

    @property
    def is_plain(self) -> bool:
        """Return whether there is nothing about it but the answer."""
        return self.manner == "whole" and not self.is_repeated and not self.extra


@dataclass(frozen=True, slots=True)
class Response:
    """Hold an HTTP answer; `is_vendors` is false for the control API, which has no latency."""

    status: int
    headers: Headers
    body: bytes
    delivery: Delivery = Delivery()
    is_vendors: bool = True


def xml(body: bytes, status: int = 200) -> Response:
    """Return an XML answer."""
    return Response(status, (("Content-Type", "application/xml"),), body)


def html(status: int, words: str, headers: Headers = ()) -> Response:
    """Return an HTML page such as a proxy or firewall in front of the vendor sends."""
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{words}</title></head>"
        f"<body><h1>{words}</h1><hr>emulated gateway</body></html>\n"
    )
    return Response(status, (("Content-Type", "text/html; charset=utf-8"), *headers), page.encode())
