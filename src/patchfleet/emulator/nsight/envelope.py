"""N-sight's response format: declaration, root, elements, and the three failure shapes.

One line after the declaration, ISO-8859-1 [O: exactdoug live dump]. A character that the encoding
lacks is an error of the world and raises UnicodeEncodeError.
"""

from datetime import UTC, datetime
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

ENCODING = "iso-8859-1"
DECLARATION = b'<?xml version="1.0" encoding="ISO-8859-1"?>\n'
SERVER_ZONE = ZoneInfo("Europe/London")
"""`created` and `lastresponse` are in the server's local time [O: exactdoug; I]."""
HOST = "127.0.0.1"

LOGIN_FAILED = (3, "Login failed")
"""[O: exactdoug; the punctuation is unverified]"""
SERVICE_UNKNOWN = (1, "Service unknown")
"""The text is observed, the code is the emulator's choice."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Refused(Exception):
    """Refusal of a call, answered with `<error>` under FAIL, by code and message.

    [D: error_messages_.htm]
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def missing_parameter(name: str) -> Refused:
    """Return the refusal of a call that lacks a parameter [D: error_messages_.htm]."""
    return Refused(5, f"Missing parameter: {name}")


def invalid_value(name: str) -> Refused:
    """Return the refusal of a call with an unusable value [D: error_messages_.htm]."""
    return Refused(4, f"Invalid value for parameter: {name}")


def plain(name: str, value: object, attributes: str = "") -> bytes:
    """Return an element with an unquoted value; None and the empty string make it empty."""
    inside = "" if value is None else escape(str(value))
    end = f">{inside}</{name}>" if inside else "/>"
    return f"<{name}{attributes}{end}".encode(ENCODING)


def text(name: str, value: str | None, attributes: str = "") -> bytes:
    """Return an element with its value in CDATA, as texts are sent."""
    if not value:
        return f"<{name}{attributes}/>".encode(ENCODING)
    safe = value.replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}{attributes}><![CDATA[{safe}]]></{name}>".encode(ENCODING)


def group(name: str, *children: bytes, attributes: str = "") -> bytes:
    """Return an element around others; without children it is empty."""
    inside = b"".join(children)
    head = (name + attributes).encode(ENCODING)
    return b"<%s>%s</%s>" % (head, inside, name.encode(ENCODING)) if inside else b"<%s/>" % head


def created(now: datetime) -> str:
    """Return the time of an answer with the numeric offset of the server's zone."""
    return now.astimezone(SERVER_ZONE).isoformat(timespec="seconds")


def result(now: datetime, *children: bytes, status: str = "OK") -> bytes:
    """Return a whole document with the ordinary root."""
    attributes = f' created="{created(now)}" host="{HOST}" status="{status}"'
    return DECLARATION + group("result", *children, attributes=attributes)


def error(now: datetime, code: int, message: str) -> bytes:
    """Return the first failure shape: code and message under FAIL [D: error_messages_.htm]."""
    inside = group("error", plain("errorcode", code), plain("message", message))
    return result(now, inside, status="FAIL")


def bare_error(message: str) -> bytes:
    """Return the second failure shape: a message under a root without status [D: add_site.htm]."""
    return DECLARATION + group("result", group("error", plain("message", message)))


def refused_action(now: datetime, message: str) -> bytes:
    """Return the third failure shape: `<msg>` under FAIL [D for mav_*; I for patch_*]."""
    return result(now, plain("msg", message), status="FAIL")


def stamp(when: datetime | None, zone: ZoneInfo | None = None) -> str:
    """Return `YYYY-MM-DD HH:MM:SS`, in UTC or in a zone; None gives the vendor's zero date."""
    if when is None:
        return "0000-00-00 00:00:00"
    return when.astimezone(zone or UTC).strftime("%Y-%m-%d %H:%M:%S")


def day_text(when: datetime) -> str:
    """Return the day as `31-Jul-2024`, independent of the process's locale."""
    return f"{when.day:02}-{_MONTHS[when.month - 1]}-{when.year}"
