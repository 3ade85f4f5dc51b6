"""Faults of content: a good status, and a body that says nothing, less, or something odd."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faults.call import CHANGES, Reply, page
from faults.fault import Fault, altered, instead
from faults.proxy import NotMetError
from faults.question_faults import SUBJECTS

if TYPE_CHECKING:
    from faults.proxy import Exchange

GROUP = "content"
XML_LISTS = frozenset(
    {"list_clients", "list_sites", "list_devices_at_client", "list_servers", "list_workstations",
     "patch_list_all"}
)  # fmt: skip
JSON_LISTS = frozenset(
    {"get_all_assets", "get_assets", "get_patches", "list_jobs", "get_job_runs", "get_job_results",
     "get_run_results"}
)  # fmt: skip
PAGED = frozenset({"get_all_assets", "get_assets", "get_patches", "list_jobs", "get_run_results"})
COUNTED = frozenset({"get_all_assets", "get_assets", "get_patches", "get_run_results"})
UNCOUNTED = "the vendor states no number of records for this list"
XML_TYPE = (("content-type", "text/xml"),)


def _is_xml(kind: str) -> bool:
    return kind.startswith(("list_", "patch_")) and kind != "list_jobs"


def _is_json(kind: str) -> bool:
    return kind in SUBJECTS.keys() | CHANGES | {"count_assets"} and not _is_xml(kind)


def _body(data: bytes) -> Callable:
    return altered(lambda reply: replace(reply, body=data))


def _xml(pattern: bytes, new: bytes | Callable[[re.Match[bytes]], bytes], count: int = 1):
    """Replace what matches; where nothing does the fault cannot be made."""

    def alter(reply: Reply) -> Reply:
        body, met = re.subn(pattern, new, reply.body, count=count, flags=re.DOTALL)
        if not met:
            raise NotMetError
        return replace(reply, body=body)

    return altered(alter)


def _records_of(value: Any) -> list[Any]:
    """Return the list of records in an answer of Qualys."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        for name in ("assetListData", "asset", "assets", "results"):
            if isinstance(value.get(name), list | dict):
                return _records_of(value[name])
    raise NotMetError


def _json(change: Callable[[Any], Any]) -> Callable:
    """Change what the answer says; where nothing changes the fault cannot be made."""

    def alter(reply: Reply) -> Reply:
        try:
            value = reply.json
        except ValueError:
            raise NotMetError from None
        before = json.dumps(value)
        changed = change(value)
        value = value if changed is None else changed
        if json.dumps(value) == before:
            raise NotMetError
        return reply.with_json(value)

    return altered(alter)


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in an answer."""
    if isinstance(value, dict):
        yield value
        for part in list(value.values()):
            yield from _walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from _walk(part)


def _fields(pattern: str, new: Any) -> Callable:
    """Set each field whose name fits and that says something."""

    def change(value: Any) -> None:
        for found in _walk(value):
            for name, old in found.items():
                if re.fullmatch(pattern, name) and old not in (None, [], ""):
                    found[name] = new(old) if callable(new) else new

    return _json(change)


def _listed(change: Callable[[list[Any]], Any]) -> Callable:
    """Change the list of records in place."""

    def apply(value: Any) -> None:
        records = _records_of(value)
        if not records:
            raise NotMetError
        change(records)

    return _json(apply)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _texts(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_texts(part) for part in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _half(reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _deep(reply: Reply) -> Reply:
    return replace(reply, body=b"[" * 300_000 + b"]" * 300_000)


_FIRST_RECORD = rb"<(client|site|server|workstation|patch)>.*?</\1>"
_LIST_START = rb"(<items>|<patches>)"
_XML_DATES = (
    rb"(<(?:releaseDate|installdate|last_boot_time|utc_time_247|last_scan_time|install_date)>)"
    rb"[^<]+(<)"
)
_DATES = r".*(Date|DateTime|Boot|LastUpdated\w*|date)"
DATE_COLUMNS = frozenset(
    {
        "released_at", "installed_at", "last_seen_at", "last_boot_at", "created_at", "updated_at",
        "last_run_at", "next_run_at", "scheduled_at", "sent_at", "started_at", "ended_at",
        "status_at", "schedule", "state",
    }
)  # fmt: skip
"""Which columns are unknown where an answer's dates are none; states too, told by newest dates."""
TAGGED = frozenset({"customer", "customer_id", "decision"})
ORDERED = frozenset({"decision", "patch_ids"})
TEXT_COLUMNS = frozenset(
    {"patch", "device", "name", "customer", "site", "description", "product", "user"}
    | {"created_by"}
)


def _both(name: str, xml: Callable, json_: Callable, **more: Any) -> tuple[Fault, ...]:
    """Make one fault of each language."""
    return (
        Fault(f"{name} (XML)", GROUP, xml, lambda kind: kind in XML_LISTS, **more),
        Fault(f"{name} (JSON)", GROUP, json_, lambda kind: kind in JSON_LISTS, **more),
    )


EMPTY = (
    Fault("an empty body", GROUP, _body(b"")),
    Fault("blanks", GROUP, _body(b" \r\n\r\n ")),
    Fault("null", GROUP, _body(b"null")),
    Fault("an empty list in JSON", GROUP, _body(b"[]"), lambda kind: kind not in JSON_LISTS),
    Fault("an empty object", GROUP, _body(b"{}")),
    Fault("a text in JSON", GROUP, _body(b'"ok"')),
    Fault("true", GROUP, _body(b"true")),
    Fault("a number", GROUP, _body(b"0"), lambda kind: not kind.endswith("count")),
    Fault(
        "HTML with status 200", GROUP, instead(page(200, "It works!"), acts=True)
    ),
    Fault(
        "a login page", GROUP,
        instead(replace(page(200, "Sign in"), body=b"<html><form action=/login><input name=user>"
                        b"<input type=password></form></html>"), acts=True),
    ),
    Fault("an empty result", GROUP, _body(b'<?xml version="1.0"?><result status="OK"></result>'),
          _is_xml),
    Fault("an empty document", GROUP, _body(b'<?xml version="1.0"?><x/>'), _is_xml),
    Fault("a failed result", GROUP, _body(
        b'<?xml version="1.0"?><result status="FAIL"><error><errorcode>9</errorcode><message>'
        b"Something is wrong</message></error></result>"), _is_xml),
    Fault("an error of Qualys with status 200", GROUP, _body(
        b'{"_error":{"errorCode":"1500","message":"Something is wrong"},"_errorType":"x"}'),
        _is_json),
    Fault("JSON nested 300,000 deep", GROUP, altered(_deep)),
    Fault("half of the document", GROUP, altered(_half),
          lambda kind: kind != "auth"),
    Fault("half, and other bytes", GROUP, altered(
        lambda r: replace(r, body=r.body[: len(r.body) // 2] + b"\x00" * 20)),
        lambda kind: kind != "auth"),
    Fault("the document twice", GROUP, altered(lambda r: replace(r, body=r.body * 2)),
          lambda kind: kind in XML_LISTS | JSON_LISTS),
)  # fmt: skip

LISTS = (
    *_both(
        "a sentence in the place of the list",
        _xml(_LIST_START + rb".*(</items>|</patches>)",
             rb"\1<msg>Patch Management is not active</msg>\2"),
        _json(lambda _: {"message": "Patch Management is not active"}),
    ),
    *_both(
        "an element of another name in the list",
        _xml(_FIRST_RECORD, rb"<entry><x>1</x></entry>"),
        _listed(lambda records: records.__setitem__(0, "entry")),
    ),
    *_both(
        "null in the list",
        _xml(_FIRST_RECORD, rb"<\1/>"),
        _listed(lambda records: records.__setitem__(0, None)),
    ),
    Fault("bare text in the list", GROUP,
          _xml(_LIST_START + rb".*(</items>|</patches>)", rb"\1not active\2"),
          lambda kind: kind in XML_LISTS),
    Fault("the records within another element", GROUP,
          _xml(_LIST_START + rb"(.*)(</items>|</patches>)", rb"\1<records>\2</records>\3"),
          lambda kind: kind in XML_LISTS),
    Fault("a second list", GROUP,
          _xml(rb"<items>" + _FIRST_RECORD, lambda m: b"<items></items>" + m[0]),
          lambda kind: kind in XML_LISTS),
    Fault("the list under another name", GROUP,
          _json(lambda value: {"data": {"rows": _records_of(value)}}),
          lambda kind: kind in JSON_LISTS),
    Fault("a field twice", GROUP, _xml(rb"<status>\d+</status>", rb"\g<0><status>8</status>"),
          lambda kind: kind == "patch_list_all"),
    Fault("an id twice (XML)", GROUP,
          _xml(rb"<(clientid|siteid|id|serverid|workstationid|patchid)>\d+</\1>",
               lambda m: m[0] + m[0].replace(b"<" + m[1] + b">", b"<" + m[1] + b">9")),
          lambda kind: kind in XML_LISTS),
    Fault("an element with children in the place of a text", GROUP,
          _xml(rb"<(name|patchTitle)>(.*?)</\1>", rb"<\1>T <br/>\2</\1>"),
          lambda kind: kind in XML_LISTS, blurs=TEXT_COLUMNS),
    *_both(
        "an id that is missing",
        _xml(rb"<(clientid|siteid|id|serverid|workstationid|patchid)>\d+</\1>", b""),
        _listed(lambda records: [records[0].pop(name, None)
                                 for name in ("id", "assetId", "uuid", "jobInstanceId")]),
    ),
    *_both(
        "an id of 0",
        _xml(rb"<(clientid|siteid|id|serverid|workstationid|patchid)>\d+</\1>", rb"<\1>0</\1>"),
        _listed(lambda records: [records[0].__setitem__(name, 0)
                                 for name in ("id", "assetId", "uuid") if name in records[0]]),
    ),
    *_both(
        "a record twice",
        _xml(_FIRST_RECORD, lambda m: m[0] * 2),
        _listed(lambda records: records.append(records[0])),
    ),
)  # fmt: skip

_SHORT_JSON = _listed(lambda records: records.pop())
SHORTER = (
    Fault("a page short by one", GROUP, _SHORT_JSON, lambda kind: kind in COUNTED),
    Fault("a list short by one, where nothing counts it (JSON)", GROUP, _SHORT_JSON,
          lambda kind: kind in JSON_LISTS - COUNTED, hidden=UNCOUNTED),
    Fault("a list short by one, where nothing counts it (XML)", GROUP, _xml(_FIRST_RECORD, b""),
          lambda kind: kind == "patch_list_all", hidden=UNCOUNTED),
    Fault("a list short by one (XML)", GROUP, _xml(_FIRST_RECORD, b""),
          lambda kind: kind in XML_LISTS - {"patch_list_all"}),
    Fault("an empty list in the place of records (JSON)", GROUP, _body(b"[]"),
          lambda kind: kind in JSON_LISTS),
    Fault("an empty list in the place of records (XML)", GROUP,
          _xml(_LIST_START + rb".+(</items>|</patches>)", rb"\1\2"),
          lambda kind: kind in XML_LISTS),
)  # fmt: skip


async def _later_page(exchange: "Exchange", reply: Reply | None) -> None:
    """Give this answer, or no records, for a page that follows another."""
    if not {"page"} & exchange.call.subject.keys() or exchange.call.subject["page"] == "0":
        raise NotMetError
    own = await exchange.forward()
    if reply is None:
        value = own.json
        records = _records_of(value)
        records.clear()
        reply = replace(own, body=json.dumps(value).encode())
    await exchange.send(reply)


def _page(name: str, reply: Reply | None) -> Fault:
    async def act(exchange: "Exchange") -> None:
        await _later_page(exchange, reply)

    return Fault(name, GROUP, act, lambda kind: kind in PAGED, small=True)


PAGES = (
    _page("a later page without records", None),
    _page("a later page with an empty body", Reply(200)),
    _page("HTTP 204 for a later page", Reply(204)),
    _page("HTTP 404 of a gateway for a later page", page(404, "Not found")),
    _page("a later page that is []", Reply(200, (), b"[]")),
    _page("a later page that is null", Reply(200, (), b"null")),
    Fault("no word of a page that follows", GROUP,
          altered(lambda r: r.without("searchafter") if dict(r.headers).get("searchafter")
                  else r.with_json({**r.json, "hasMore": 0})),
          lambda kind: kind in ("get_assets", "get_patches", "get_all_assets"), small=True),
    Fault("a cursor that is not ASCII", GROUP,
          altered(lambda r: r.without("searchafter").with_header("searchAfter", "Caf\u00e9,7")),
          lambda kind: kind in ("get_assets", "get_patches"), small=True),
    Fault("a cursor without an end", GROUP,
          altered(lambda r: r.without("searchafter").with_header("searchAfter", "x" * 60_000)),
          lambda kind: kind in ("get_assets", "get_patches"), small=True, whens=("once",)),
)  # fmt: skip

VALUES = (
    *(
        fault
        for said, xml, number in (("0", b"0", 0), ("-1", b"-1", -1), ("1e30", b"9" * 30, 10**30))
        for fault in _both(
            f"dates that are {said}",
            _xml(_XML_DATES, rb"\g<1>" + xml + rb"\2", 0),
            _fields(_DATES, number),
            blurs=DATE_COLUMNS,
        )
    ),
    *_both(
        "a control character in a text",
        _xml(rb"<(name|patchTitle|description)><!\[CDATA\[", lambda m: m[0] + b"\x0b"),
        _fields("name|title|assetName", lambda old: f"\x0b{old}" if isinstance(old, str) else old),
        blurs=TEXT_COLUMNS,
    ),
    Fault("a reference to a control character", GROUP,
          _xml(rb"<(name|patchTitle|description)><!\[CDATA\[(.*?)\]\]>", rb"<\1>&#1;x"),
          lambda kind: kind in XML_LISTS, blurs=TEXT_COLUMNS | {"kb"}),
    Fault("a byte that is no UTF-8", GROUP,
          altered(lambda r: replace(r, body=re.sub(rb'("(?:name|title|assetName)": ")',
                                                   lambda hit: hit[1] + b"\xff", r.body))),
          lambda kind: kind in ("get_assets", "get_patches", "get_all_assets", "list_jobs"),
          blurs=TEXT_COLUMNS),
    Fault("half of a surrogate pair", GROUP,
          altered(lambda r: replace(r, body=re.sub(rb'("(?:name|title|assetName)": ")',
                                                   lambda hit: hit[1] + rb"\ud83d", r.body))),
          lambda kind: kind in ("get_assets", "get_patches", "get_all_assets", "list_jobs"),
          blurs=TEXT_COLUMNS),
    Fault("a byte order mark", GROUP, altered(lambda r: replace(r, body=b"\xef\xbb\xbf" + r.body)),
          lambda kind: kind in XML_LISTS | JSON_LISTS),
    Fault("blank lines before the document", GROUP,
          altered(lambda r: replace(r, body=b"\r\n\r\n" + r.body)),
          lambda kind: kind in XML_LISTS | JSON_LISTS),
    Fault("tags that are odd", GROUP, _fields("tags", [None, "x", 5]),
          lambda kind: kind == "get_assets", blurs=TAGGED),
    Fault("CVEs that are odd", GROUP, _fields("cve", ["cve-2024-1234 ", None, "", {"id": "x"}]),
          lambda kind: kind == "get_patches", blurs=frozenset({"cves"})),
    Fault("one value for a list", GROUP, _fields("cve|product", lambda old: str(old[0])),
          lambda kind: kind == "get_patches", blurs=frozenset({"cves", "product"})),
    Fault("a list for one value", GROUP, _fields("linkedJobId", lambda old: [old]),
          lambda kind: kind in ("get_job", "list_jobs"), blurs=ORDERED),
    Fault("KB numbers that are none", GROUP, _fields("kb", "Gold"),
          lambda kind: kind == "get_patches", blurs=frozenset({"kb"})),
    Fault("numbers as texts", GROUP,
          _json(_texts), lambda kind: kind in JSON_LISTS),
    Fault("one letter of a text changed", GROUP,
          _xml(rb"(<(?:name|patchTitle)><!\[CDATA\[.)[A-Za-z]", rb"\1~"),
          lambda kind: kind in XML_LISTS,
          hidden="another text is well-formed too"),
    Fault("one digit of a number changed", GROUP, _xml(rb"(<policy>)4", rb"\g<1>2"),
          lambda kind: kind == "patch_list_all",
          hidden="another number is well-formed too"),
)  # fmt: skip


CONTENT_FAULTS = (*EMPTY, *LISTS, *SHORTER, *PAGES, *VALUES)
