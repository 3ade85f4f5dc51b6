"""Faults of Qualys: wrong pages, expired tokens, odd bodies.

A fault changes the request before it is answered, or the finished bytes afterwards.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from patchfleet.emulator.fault_kind import FaultedCall, FaultKind, Option, Options
from patchfleet.emulator.qualys.cursors import HEADER
from patchfleet.emulator.qualys.request import Request, json_answer, written
from patchfleet.emulator.response import Response, html

Alter = Callable[[Request, Options], Request]


def _as_it_is(case: FaultedCall) -> Response:
    return case.reply


def _shifted(request: Request, options: Options) -> Request:
    return replace(request, shift=options["records"])


def _dying(request: Request, _: Options) -> Request:
    return replace(request, is_token_dead=True)


def _page_before(request: Request, _: Options) -> Request:
    """Request the page before this one, or the first one of a list with cursors."""
    number = max(0, int(request.query.get("pageNumber", "0")) - 1)
    query = {name: value for name, value in request.query.items() if name != "lastSeenAssetId"}
    if "pageNumber" in query:
        query["pageNumber"] = str(number)
    headers = {name: value for name, value in request.headers.items() if name != HEADER.lower()}
    return with_inputs(replace(request, query=query, headers=headers), {"pageNumber": number})


def _small_pages(request: Request, options: Options) -> Request:
    """Use a fixed page size, also to compute the offset, instead of the requested one."""
    size = options["records"]
    query = {**request.query, "pageSize": str(size)}
    return with_inputs(replace(request, query=query), {"pageSize": size})


def _first_page(request: Request, _: Options) -> Request:
    query = {**request.query, "pageNumber": "0"}
    return with_inputs(replace(request, query=query), {"pageNumber": 0})


def with_inputs(request: Request, inputs: Mapping[str, Any]) -> Request:
    """Return a request with inputs changed; its JSON body repeats them."""
    try:
        body = json.loads(request.raw) if request.raw.strip() else None
    except ValueError:
        return request
    if not isinstance(body, dict):
        return request
    known = {name: value for name, value in inputs.items() if name in body}
    return replace(request, raw=json.dumps({**body, **known}).encode())


ALTERATIONS: Mapping[str, Alter] = {
    "drift": _shifted,
    "token_dies": _dying,
    "page_repeats": _page_before,
    "capped_pages": _small_pages,
    "page_number_ignored": _first_page,
}
"""Changes of a request before it is answered, by kind of fault."""


def _no_cursor(case: FaultedCall) -> Response:
    kept = tuple(pair for pair in case.reply.headers if pair[0].lower() != HEADER.lower())
    answer = replace(case.reply, headers=kept)
    return _changed_json(answer, lambda value: _without(value, "lastSeenAssetId"))


def _without(value: Any, name: str) -> Any:
    return {**value, name: None} if isinstance(value, dict) and name in value else value


def _error(case: FaultedCall) -> Response:
    options = case.options
    code, message = options["code"], options["message"]
    body: dict[str, Any] = {"_error": {"errorCode": code, "message": message}}
    if not options["envelope"]:
        body = {"errorMessage": message, "errorCode": code}
    return json_answer(body, options["status"])


def _records_of(value: Any) -> list[Any]:
    """Return the list of records in an answer, [] if there is none."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        inner = value.get("assets", value.get("assetListData") or {})
        found = inner.get("asset") if isinstance(inner, dict) else inner
        return found if isinstance(found, list) else []
    return []


def _changed_json(answer: Response, change: Callable[[Any], Any]) -> Response:
    try:
        value = json.loads(answer.body)
    except ValueError:
        return answer
    return replace(answer, body=json.dumps(change(value), ensure_ascii=False).encode())


def _unknown_fields(case: FaultedCall) -> Response:
    def change(value: Any) -> Any:
        for record in [*_records_of(value), *([value] if isinstance(value, dict) else [])]:
            if isinstance(record, dict):
                record["newInNextRelease"] = {"since": "4.0", "flags": [1, 2]}
        return value

    return _changed_json(case.reply, change)


def _wrong_types(case: FaultedCall) -> Response:
    def change(value: Any) -> Any:
        records = _records_of(value)
        if records and isinstance(records[0], dict):
            odd = {"name": 7, "title": {"text": "odd"}, "missingCount": "many", "tags": "none"}
            records[0].update({key: one for key, one in odd.items() if key in records[0]})
        return value

    return _changed_json(case.reply, change)


def _duplicates(case: FaultedCall) -> Response:
    def change(value: Any) -> Any:
        records = _records_of(value)
        records[len(records) // 2 :] = records[: len(records) - len(records) // 2]
        return value

    return _changed_json(case.reply, change)


def _null(_: FaultedCall) -> Response:
    return written(b"null")


def _token_page(_: FaultedCall) -> Response:
    return html(200, "Please log in")


_RECORDS = Option(1, (int,), "how many records", -1000, 1000)
_CAP = Option(10, (int,), "how many records a page has", 1, 1000)

QUALYS_FAULTS: dict[str, FaultKind] = {
    "drift": FaultKind(
        "a page that begins some records later, as after a removal before it, or earlier (below 0)",
        _as_it_is, "after", {"records": _RECORDS},
    ),
    "token_dies": FaultKind("the token dies with this call: 401, and for all later ones",
                            _as_it_is, "after"),
    "page_repeats": FaultKind("the page before this one, or the first one of a list with cursors",
                              _as_it_is, "after"),
    "capped_pages": FaultKind("pages of a fixed size, not the requested one", _as_it_is, "after",
                              {"records": _CAP}),
    "page_number_ignored": FaultKind("always the first page", _as_it_is, "after"),
    "no_cursor": FaultKind("a page without the cursor of the next one", _no_cursor, "after"),
    "json_error": FaultKind(
        "a refusal in JSON, in the vendor's envelope or another form", _error,
        options={
            "status": Option(400, (int,), "a status code", 200, 599),
            "code": Option("1000", (str,), "the vendor's code"),
            "message": Option("something is wrong", (str,), "the vendor's message"),
            "envelope": Option(default=True, types=(bool,), description="false: no `_error`"),
        },
    ),
    "unknown_fields": FaultKind("every record has an undocumented field", _unknown_fields,
                                "after"),
    "wrong_types": FaultKind("the first record has values of other types", _wrong_types, "after"),
    "duplicates": FaultKind("the second half of a page repeats its first half", _duplicates,
                            "after"),
    "json_null": FaultKind("200 with `null` instead of a list", _null),
    "login_page": FaultKind("200 with a page that asks to log in", _token_page),
}  # fmt: skip
"""The kinds of fault that only Qualys has."""


def limited(path: str) -> Response:
    """Return the answer to calls above the rate limit.

    Patch management sends neither a body nor a header about it [O: qualysdk]; the inventory states
    how long to wait [D: api_rate_limits.htm].
    """
    if path.startswith(("/pm/", "/mtg/")):
        return Response(429, (), b"")
    waits = (
        ("X-RateLimit-Limit", "300"),
        ("X-RateLimit-Window-Sec", "3600"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-ToWait-Sec", "1"),
    )
    return Response(429, waits, b"")
