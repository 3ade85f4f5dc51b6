"""Faults of HTTP: error statuses, pages of proxies, broken connections."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from patchfleet.emulator.fault_kind import FaultedCall, FaultKind, Option
from patchfleet.emulator.response import Delivery, Headers, Response, html, xml

_NUMBER = (int, float)
_RETRY_AFTER = Option(
    30, (int, str, type(None)), "whole seconds, http-date, none, or any text to be sent as it is"
)
_DATE_SECONDS = Option(30, (int,), "how many seconds ahead the date of http-date lies")
_FRACTION = Option(0.5, _NUMBER, "part of the body that is sent, 0 to 1", high=1)


def _retry_after(case: FaultedCall) -> Headers:
    """Return the Retry-After header, and for a date the server's own Date beside it."""
    value = case.options["retry_after"]
    if value is None or value == "none":
        return ()
    if value == "http-date":
        until = case.wall_now + timedelta(seconds=case.options["seconds"])
        return (
            ("Date", format_datetime(case.wall_now, usegmt=True)),
            ("Retry-After", format_datetime(until, usegmt=True)),
        )
    return (("Retry-After", str(value)),)


def _rate_limited(case: FaultedCall) -> Response:
    return html(429, "429 Too Many Requests", _retry_after(case))


def _forbidden(_: FaultedCall) -> Response:
    return html(403, "403 Forbidden")


def _server_error(case: FaultedCall) -> Response:
    return html(case.options["status"], f"{case.options['status']} Error", _retry_after(case))


def _slow(case: FaultedCall) -> Response:
    return replace(case.reply, delivery=Delivery(wait_seconds=case.options["seconds"]))


def _trickle(case: FaultedCall) -> Response:
    size, pause = case.options["piece_bytes"], case.options["pause_seconds"]
    slowly = Delivery("trickle", sent_bytes=size, pause_seconds=pause)
    return replace(case.reply, delivery=slowly)


def _hang(case: FaultedCall) -> Response:
    return replace(case.reply, delivery=Delivery("hang"))


def _reset(case: FaultedCall) -> Response:
    return replace(case.reply, delivery=Delivery("reset"))


def _cut(case: FaultedCall) -> Response:
    kept = int(len(case.reply.body) * case.options["fraction"])
    return replace(case.reply, delivery=Delivery("cut", sent_bytes=kept))


def _short(case: FaultedCall) -> Response:
    return replace(
        case.reply, body=case.reply.body[: int(len(case.reply.body) * case.options["fraction"])]
    )


def _garbage(case: FaultedCall) -> Response:
    noise = bytes(range(255, -1, -1)) * 4
    if case.options["raw"]:
        return replace(case.reply, body=b"\x16\x03\x01" + noise, delivery=Delivery("raw"))
    return xml(noise)


def _html(_: FaultedCall) -> Response:
    return html(200, "Scheduled maintenance")


def _empty(_: FaultedCall) -> Response:
    return xml(b"")


def _redirect(case: FaultedCall) -> Response:
    where = case.options["location"] or f"http://elsewhere.invalid{case.url}"
    return html(case.options["status"], f"{case.options['status']} Found", (("Location", where),))


def _echo_key(case: FaultedCall) -> Response:
    page = html(case.options["status"], "Error")
    text = f"<p>The request {case.url} could not be served.</p></body>".encode()
    return replace(page, body=page.body.replace(b"</body>", text))


HTTP_FAULTS: dict[str, FaultKind] = {
    "rate_limited": FaultKind(
        "429 with an HTML page, and Retry-After unless that is null", _rate_limited,
        options={"retry_after": _RETRY_AFTER, "seconds": _DATE_SECONDS},
    ),
    "forbidden": FaultKind("403 with an HTML page, as the firewall in front sends", _forbidden),
    "server_error": FaultKind(
        "500, 502, 503 or 504 with an HTML page", _server_error,
        options={
            "status": Option(503, (int,), "a status code from 500", 500, 599),
            "retry_after": replace(_RETRY_AFTER, default=None),
            "seconds": _DATE_SECONDS,
        },
    ),
    "slow": FaultKind(
        "the right answer, late", _slow, "after",
        {"seconds": Option(1.0, _NUMBER, "how long it takes")},
    ),
    "trickle": FaultKind(
        "the right answer, a few bytes at a time", _trickle, "after",
        {
            "piece_bytes": Option(64, (int,), "bytes sent at a time", 1, 1_000_000),
            "pause_seconds": Option(0.05, _NUMBER, "pause after each piece"),
        },
    ),
    "hang": FaultKind("no answer until the caller closes the connection", _hang),
    "reset": FaultKind("the connection is reset instead of an answer", _reset),
    "cut": FaultKind(
        "the whole length is announced, part of the body sent, the connection closed", _cut,
        "after", {"fraction": _FRACTION},
    ),
    "short": FaultKind(
        "a complete HTTP answer whose XML stops in the middle", _short, "after",
        {"fraction": _FRACTION},
    ),
    "garbage": FaultKind(
        "bytes that are not XML, or with `raw` not even HTTP", _garbage,
        options={"raw": Option(default=False, types=(bool,), description="true: not even HTTP")},
    ),
    "html": FaultKind("200 with an HTML page", _html),
    "empty": FaultKind("200 with no body", _empty),
    "redirect": FaultKind(
        "a redirect to another host, the query with the key in its Location", _redirect,
        options={
            "status": Option(302, (int,), "a status code from 300", 300, 399),
            "location": Option("", (str,), "where to; empty for a host that does not exist"),
        },
    ),
    "echo_key": FaultKind(
        "an HTML error page that repeats the whole URL with the key", _echo_key,
        options={"status": Option(502, (int,), "a status code", 200, 599)},
    ),
}  # fmt: skip
"""The kinds of fault that any HTTP service can have."""
