"""Faults of the connection and of gateways: wrong status codes, repeated answers, extra bytes.

By default the call takes effect: the gateway's answer is not the vendor's.
"""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from patchfleet.emulator.fault_kind import FaultedCall, FaultKind, Option
from patchfleet.emulator.qualys.request import json_answer
from patchfleet.emulator.response import Delivery, Headers, Response, html

_PAGES = ("html", "json", "envelope", "xml", "empty")
_UNASKED = {
    "answer": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
    "half": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "garbage": b"\x16\x03\x01\x00\xff not asked for",
    "blank": b"\r\n",
}
_PAUSE = Option(0.5, (int, float), "seconds between two pieces")
_LATER = Option(0, (int, float), "milliseconds after the answer; 0 for the same packet")
_LONG = 1 << 20
_BLANKS_MB = 600


def _status(case: FaultedCall) -> Response:
    """Return a gateway's page, or a body that some gateway or vendor would send."""
    options = case.options
    status, words = options["status"], options["message"]
    headers: Headers = ()
    if options["retry_after"]:
        headers = (("Retry-After", options["retry_after"]),)
    match options["page"]:
        case "json":
            return json_answer({"message": words}, status, headers)
        case "envelope":
            error = {"errorCode": str(1000 + status), "message": words}
            return json_answer({"_error": error}, status, headers)
        case "xml":
            text = f"<SIMPLE_RETURN><RESPONSE><TEXT>{words}</TEXT></RESPONSE></SIMPLE_RETURN>"
            return Response(status, (("Content-Type", "text/xml"), *headers), text.encode())
        case "empty":
            return Response(status, headers, b"")
    return html(status, words, headers)


def _jwt_expired(_: FaultedCall) -> Response:
    return json_answer({"message": "JWT expired at 2026-01-01T00:00:00Z"}, 500)


def _no_content(_: FaultedCall) -> Response:
    return Response(204, (), b"")


def _twice(case: FaultedCall) -> Response:
    seconds = case.options["milliseconds"] / 1000
    return replace(case.reply, delivery=Delivery(is_repeated=True, later_seconds=seconds))


def _unasked(case: FaultedCall) -> Response:
    seconds = case.options["milliseconds"] / 1000
    extra = _UNASKED[case.options["form"]]
    return replace(case.reply, delivery=Delivery(extra=extra, later_seconds=seconds))


def _before(case: FaultedCall) -> Response:
    return case.question.before or case.reply


def _drip(case: FaultedCall) -> Response:
    count, pause = case.options["count"], case.options["pause_seconds"]
    return replace(case.reply, delivery=Delivery("drip", sent_bytes=count, pause_seconds=pause))


def _interim(case: FaultedCall) -> Response:
    count, pause = case.options["count"], case.options["pause_seconds"]
    return replace(case.reply, delivery=Delivery("interim", sent_bytes=count, pause_seconds=pause))


def _endless(case: FaultedCall) -> Response:
    heads = {
        "body": b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "headers": b"HTTP/1.1 200 OK\r\n",
    }
    pieces = {
        "body": b"x" * 65536,
        "chunks": b"8000\r\n" + b"x" * 0x8000 + b"\r\n",
        "headers": b"X-Padding: " + b"x" * 200 + b"\r\n",
    }
    what = case.options["what"]
    endless = Delivery("endless", extra=pieces[what])
    return replace(case.reply, body=heads[what], delivery=endless)


def _written(case: FaultedCall, headers: bytes, body: bytes) -> Response:
    """Return an answer as raw bytes, with these headers around its body."""
    kind = dict(case.reply.headers).get("Content-Type", "text/plain").encode()
    head = b"HTTP/1.1 %d OK\r\nContent-Type: %s\r\n" % (case.reply.status, kind)
    return replace(case.reply, body=head + headers + b"\r\n" + body, delivery=Delivery("raw"))


def _head(case: FaultedCall) -> Response:
    """Return an answer with an odd or cut head, or whose connection closes after it unannounced."""
    length = b"Content-Length: %d\r\n" % len(case.reply.body)
    whole = _written(case, length, case.reply.body)
    line, _, rest = whole.body.partition(b"\r\n")
    forms: dict[str, Callable[[], bytes]] = {
        "status line cut": lambda: line[:12],
        "header cut": lambda: whole.body[: len(line) + 9],
        "no header": lambda: line + b"\r\nthis is no header\r\n" + rest,
        "long": lambda: line + b"\r\nX-Long: " + b"x" * _LONG + b"\r\n" + rest,
        "noise before": lambda: b"\x00\xff\r\n" + whole.body,
        "HTTP/1.0": lambda: whole.body.replace(b"HTTP/1.1", b"HTTP/1.0", 1),
        "closed behind": lambda: whole.body,
    }
    return replace(whole, body=forms[case.options["form"]]())


def _lengths(case: FaultedCall) -> Response:
    body, size = case.reply.body, len(case.reply.body)
    half = size // 2
    lengths = {
        "none": b"",
        "long": b"Content-Length: %d\r\n" % (size + 40),
        "short": b"Content-Length: %d\r\n" % half,
        "conflicting": b"Content-Length: %d\r\nContent-Length: %d\r\n" % (size, half),
        "negative": b"Content-Length: -5\r\n",
        "word": b"Content-Length: many\r\n",
        "chunked too": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % half,
    }
    form = case.options["form"]
    return _written(case, lengths[form], _chunks(body) if form == "chunked too" else body)


def _chunks(body: bytes, size: int = 100) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


def _broken_chunks(case: FaultedCall) -> Response:
    whole = _chunks(case.reply.body)
    forms: dict[str, bytes] = {
        "unfinished": whole.removesuffix(b"0\r\n\r\n"),
        "no size": whole.replace(b"\r\n", b"\r\nzz\r\n", 1),
        "short": b"ffff\r\n" + case.reply.body + b"\r\n0\r\n\r\n",
    }
    return _written(case, b"Transfer-Encoding: chunked\r\n", forms[case.options["form"]])


def _coded(case: FaultedCall) -> Response:
    body, packed = case.reply.body, gzip.compress(case.reply.body)
    half = len(body) // 2
    forms: dict[str, tuple[str, Callable[[], bytes]]] = {
        "right": ("gzip", lambda: packed),
        "half": ("gzip", lambda: packed[: len(packed) // 2]),
        "none": ("gzip", lambda: body),
        "unsaid": ("", lambda: packed),
        "members": ("gzip", lambda: gzip.compress(body[:half]) + gzip.compress(body[half:])),
        "unknown": ("zebra", lambda: body),
        "bomb": ("gzip", _bomb),
        "bomb in a bomb": ("gzip, gzip", lambda: gzip.compress(_bomb())),
    }
    name, make = forms[case.options["form"]]
    headers = (*case.reply.headers, *((("Content-Encoding", name),) if name else ()))
    return replace(case.reply, headers=headers, body=make())


@cache
def _bomb() -> bytes:
    """Return 600 MB of blanks, compressed piece by piece."""
    packer, blanks = zlib.compressobj(9, wbits=31), b" " * (1 << 20)
    return b"".join(packer.compress(blanks) for _ in range(_BLANKS_MB)) + packer.flush()


def _choice(default: str, *words: str) -> Option:
    return Option(default, (str,), f"one of: {', '.join(words)}", words=words)


def _deep(case: FaultedCall) -> Response:
    levels = case.options["levels"]
    if dict(case.reply.headers).get("Content-Type") == "application/xml":
        return replace(case.reply, body=b"<x>" * levels + b"</x>" * levels)
    return replace(case.reply, body=b"[" * levels + b"]" * levels)


WIRE_FAULTS: dict[str, FaultKind] = {
    "status": FaultKind(
        "a status code although the call took effect, as a gateway reports a failing server",
        _status, "after",
        {
            "status": Option(503, (int,), "a status code from 200", 200, 599),
            "page": _choice("html", *_PAGES),
            "message": Option("upstream connect error or disconnect/reset before headers", (str,),
                              "the message"),
            "retry_after": Option("", (str,), "a Retry-After header, empty for none"),
        },
    ),
    "jwt_expired": FaultKind("500 for an expired token, although the call took effect",
                             _jwt_expired, "after"),
    "no_content": FaultKind("204 without a body instead of an answer", _no_content, "after"),
    "twice": FaultKind("the right answer, and the same bytes once more", _twice, "after",
                       {"milliseconds": _LATER}),
    "unasked": FaultKind(
        "the right answer, then unrequested bytes", _unasked, "after",
        {"form": _choice("answer", *_UNASKED), "milliseconds": _LATER},
    ),
    "answer_before": FaultKind("the answer to the call before this one", _before, "after",
                               suits=lambda question, _: question.before is not None),
    "drip": FaultKind(
        "a header sent one byte at a time", _drip, "after",
        {
            "count": Option(0, (int,), "bytes before the right answer; 0 for never", 0,
                            1_000_000),
            "pause_seconds": _PAUSE,
        },
    ),
    "interim": FaultKind(
        "103 Early Hints repeatedly", _interim, "after",
        {
            "count": Option(0, (int,), "answers before the right one; 0 for never", 0, 1_000_000),
            "pause_seconds": replace(_PAUSE, default=0.05),
        },
    ),
    "endless": FaultKind("an answer that never ends", _endless, "after",
                         {"what": _choice("body", "body", "chunks", "headers")}),
    "head": FaultKind(
        "an answer with an odd or cut head, or closed after it without notice",
        _head, "after",
        {"form": _choice("header cut", "status line cut", "header cut", "no header", "long",
                         "noise before", "HTTP/1.0", "closed behind")},
    ),
    "lengths": FaultKind(
        "an answer whose announced length is wrong", _lengths, "after",
        {"form": _choice("conflicting", "none", "long", "short", "conflicting", "negative", "word",
                         "chunked too")},
    ),
    "chunks": FaultKind("a chunked answer that is broken", _broken_chunks, "after",
                        {"form": _choice("unfinished", "unfinished", "no size", "short")}),
    "coded": FaultKind(
        "a compressed answer, or one only declared as compressed", _coded, "after",
        {"form": _choice("half", "right", "half", "none", "unsaid", "members", "unknown", "bomb",
                         "bomb in a bomb")},
    ),
    "deep": FaultKind("a deeply nested body", _deep, "after",
                      {"levels": Option(300_000, (int,), "how many levels", 1, 1_000_000)}),
}  # fmt: skip
"""The kinds of fault in which the connection or a gateway contradicts the vendor."""
