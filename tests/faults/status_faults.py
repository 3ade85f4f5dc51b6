"""Faults of status codes: before the vendor acted, and after it has."""

from faults.call import Reply, page
from faults.fault import WHEN, Fault, altered, instead

GROUP = "status"
JSON = (("Content-Type", "application/json"),)
REFUSALS = (400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 413, 414, 421, 422, 425, 431, 451)
FAILURES = (500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 522, 524, 529, 599)
COMMON = (400, 401, 403, 404, 500, 502, 503)
REDIRECTS = (300, 301, 302, 303, 307, 308)
EMPTY = (202, 204, 205, 206, 304)
WAITS = {
    "0": WHEN,
    "1": ("once",),
    "-5": ("once",),
    "1e9": ("once",),
    "1000000000": WHEN,
    "nan": ("once",),
    "Wed, 21 Oct 2015 07:28:00 GMT": WHEN,
    "Fri, 31 Dec 9999 23:59:59 GMT": WHEN,
    "soon": ("once",),
}
"""What `Retry-After` says, and when: one that says nothing is waited for with the documented
patience, minutes where it is for ever, and so comes once."""

_UPSTREAM = "upstream connect error or disconnect/reset before headers. reset reason: overflow"
_EXPIRED = b'{"message":"JWT expired at 2026-11-13T07:00:00Z","error":"Internal Server Error"}'


def _plain(status: int, text: str) -> Reply:
    return Reply(status, (("Content-Type", "text/plain"),), text.encode())


def _limited(status: int, wait: str) -> Reply:
    return page(status, "Slow down").with_header("Retry-After", wait)


def _both(
    name: str, reply: Reply, whens: tuple[str, ...] = WHEN, *, is_rare: bool = False
) -> tuple[Fault, ...]:
    return tuple(
        Fault(f"{name}, {place} the act", GROUP, instead(reply, acts=acts), whens=whens,
              is_rare=is_rare)
        for place, acts in (("before", False), ("after", True))
    )  # fmt: skip


def _code(status: int, text: str) -> tuple[Fault, ...]:
    is_rare = status not in COMMON
    whens = ("once",) if is_rare else WHEN
    return _both(f"HTTP {status} as a page", page(status, text), whens, is_rare=is_rare)


def _redirected(status: int) -> Fault:
    away = Reply(status, (("Location", "http://127.0.0.1:9/elsewhere"),))
    return Fault(
        f"HTTP {status} to elsewhere", GROUP, instead(away, acts=False), is_rare=status != 302
    )


STATUS_FAULTS = (
    *(fault for code in REFUSALS for fault in _code(code, "No")),
    *(fault for code in FAILURES for fault in _code(code, "Oh")),
    *_both("HTTP 503 of a gateway", _plain(503, _UPSTREAM)),
    *_both("HTTP 500, the token expired", Reply(500, JSON, _EXPIRED)),
    *_both("HTTP 401 in JSON", Reply(401, JSON, b'{"message":"Unauthorized"}')),
    *_both("HTTP 404 in JSON of nobody", Reply(404, JSON, b'{"message":"no Route matched"}')),
    *_both("HTTP 403 in JSON of nobody", Reply(403, JSON, b'{"message":"Forbidden"}')),
    *_both(
        "HTTP 409, again in 2 seconds",
        Reply(409, JSON, b'{"errorCode":"1965","message":"This API cannot be run again for another'
              b' 2 seconds."}'),
        ("once",),
    ),
    *_both("HTTP 429 without a time", page(429, "Slow down"), ("once",)),
    *(
        fault
        for wait, whens in WAITS.items()
        for fault in _both(f"HTTP 429, Retry-After {wait}", _limited(429, wait), whens)
    ),
    *_both("HTTP 503, Retry-After 0", _limited(503, "0")),
    *map(_redirected, REDIRECTS),
    *(
        Fault(f"HTTP {code}, empty", GROUP, instead(Reply(code), acts=True)) for code in EMPTY
    ),
    *(
        Fault(
            f"HTTP {code} with the body", GROUP,
            altered(lambda reply, code=code: Reply(code, reply.headers, reply.body)),
        )
        for code in (201, 203, 206, 299)
    ),
)  # fmt: skip
