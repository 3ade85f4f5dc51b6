"""Cursors of the lists that are read with the header `searchAfter`.

A cursor names the record after which to continue, so that records added or removed elsewhere do not
shift the rest. It is opaque to callers [O: qualysdk, kb]; its form is a choice. Text before a
semicolon, added by a fault, is ignored.
"""

import base64
import json
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, TypeVar

from patchfleet.emulator.qualys.request import Refused, Request
from patchfleet.emulator.response import Headers

T = TypeVar("T")
HEADER = "searchAfter"
Key = tuple[Any, ...]


def page_after(
    rows: Sequence[T], keys: Sequence[Key], request: Request, size: int
) -> tuple[Sequence[T], Headers]:
    """Return the page after the request's cursor, and the header with the next cursor.

    `keys` are those of the rows, ascending. A full page has a cursor, even the last; a page that is
    not full has none. Raises Refused (400) for a cursor not issued here.
    """
    given = request.headers.get(HEADER.lower(), "").rpartition(";")[2]
    begin = bisect_right(keys, _read(given)) if given else 0
    end = begin + size
    headers: Headers = ()
    if end <= len(rows) and size:
        headers = ((HEADER, _write(keys[end - 1])),)
    shifted = max(0, begin + request.shift)
    return rows[shifted : shifted + size], headers


def _write(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(cursor: str) -> Key:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except ValueError as problem:
        raise Refused(400, "1400", "searchAfter is not a value this list gave") from problem
    if not isinstance(key, list):
        raise Refused(400, "1400", "searchAfter is not a value this list gave")
    return tuple(key)
