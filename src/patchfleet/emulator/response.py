"""Responses of the emulator and how they are sent; `host.py` carries them out."""

from dataclasses import dataclass
from typing import Literal

Headers = tuple[tuple[str, str], ...]
Manner = Literal["whole", "cut", "trickle", "hang", "reset", "raw", "drip", "interim", "endless"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer reaches the caller.

    `whole` as HTTP intends; `cut` announces the whole length, sends `sent_bytes` and closes;
    `trickle` sends `sent_bytes` at a time with `pause_seconds` between; `hang` sends nothing until
    the caller closes; `reset` sends nothing and resets the connection; `raw` sends the body with no
    HTTP around it and closes; `drip` sends a header of `sent_bytes` bytes one at a time, `interim`
    sends `sent_bytes` interim answers, both without an end for 0, and then the answer; `endless`
    sends the body and then `extra` repeatedly. `wait_seconds` pass before any of it.

    `later_seconds` after a whole answer, unrequested bytes follow: the answer once more if
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
        """Return whether the answer is sent whole, without delay or additions."""
        return self.manner == "whole" and not self.is_repeated and not self.extra


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; `is_vendors` is false for the control API, which has no latency."""

    status: int
    headers: Headers
    body: bytes
    delivery: Delivery = Delivery()
    is_vendors: bool = True


def xml(body: bytes, status: int = 200) -> Response:
    """Return an XML answer."""
    return Response(status, (("Content-Type", "application/xml"),), body)


def html(status: int, words: str, headers: Headers = ()) -> Response:
    """Return an HTML page, as a proxy or firewall in front of the vendor sends it."""
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{words}</title></head>"
        f"<body><h1>{words}</h1><hr>emulated gateway</body></html>\n"
    )
    return Response(status, (("Content-Type", "text/html; charset=utf-8"), *headers), page.encode())
