"""Faults of values: what a live vendor, a broken agent or a careless proxy may send.

The same kinds apply to the XML of N-sight and the JSON of Qualys. The structure is unchanged; one
kind of value is odd.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from patchfleet.emulator.bodies import (
    changed_json,
    changed_xml,
    each_object,
    each_record,
    holders,
    is_meant,
    is_xml,
)
from patchfleet.emulator.fault_kind import JSON, FaultedCall, FaultKind, Option
from patchfleet.emulator.nsight import envelope
from patchfleet.emulator.qualys import timestamps
from patchfleet.emulator.qualys.cursors import HEADER
from patchfleet.emulator.response import Response

_DATE_FIELD = re.compile(
    r"(\w*[dD]ate(Time)?|\w+On|last(Boot|Activity|CheckedIn|Inventory|FullScan|Updated)|created"
    r"|last_boot_time|lastresponse(_utc)?|lastboot|utc_(apt|time_247)|dsc_utc_time)"
)
_TICKING = ("last_boot_time", "utc_apt", "utc_time_247", "dsc_utc_time", "lastresponse_utc")
_AGENT = {"lastBoot", "statusDateTime", "scanDateTime", "lastActivity", "lastCheckedIn",
          "lastInventory", "lastFullScan"}  # fmt: skip
_TEXTS = ("title", "name", "assetName", "patchTitle", "description")
_FORMS = ("control", "nul", "reference", "c1", "bad utf-8", "surrogate", "byte order mark",
          "blank line", "warning")  # fmt: skip
_INSIDE_XML = {
    "control": b"\x0b",
    "nul": b"\x00",
    "reference": b"]]>&#1;<![CDATA[",
    "c1": b"\x93smart\x94 \x80",
    "bad utf-8": b"\xc3\x28\xff",
    "surrogate": b"]]>&#xD83D;<![CDATA[",
}
_INSIDE_JSON = {
    "control": b"\x0b",
    "nul": b"\x00",
    "reference": b"\\u0001",
    "c1": b"\xc2\x93smart\xc2\x94",
    "bad utf-8": b"\xc3\x28\xff",
    "surrogate": b"\\ud83d",
}
_BEFORE = {
    "byte order mark": b"\xef\xbb\xbf",
    "blank line": b"\r\n",
    "warning": b"<br />\n<b>Warning</b>:  Undefined index in <b>api.php</b> on line <b>7</b>\n",
}


def _element(name: str, value: Any) -> Iterator[ET.Element]:
    """Write a value as XML: a list as repeated elements, None as an empty one."""
    for one in value if isinstance(value, list) else [value]:
        element = ET.Element(name)
        if isinstance(one, dict):
            element.extend(part for key, inner in one.items() for part in _element(key, inner))
        elif one is not None:
            element.text = str(int(one)) if isinstance(one, bool) else str(one)
        yield element


def _put(record: ET.Element, name: str, value: Any) -> None:
    for field in list(record):
        if field.tag.lower() == name.lower():
            place = list(record).index(field)
            record.remove(field)
            for offset, element in enumerate(_element(field.tag, value)):
                record.insert(place + offset, element)
            return


def _odd_value(case: FaultedCall) -> Response:
    return _with_value(case, case.options["field"], case.options["value"])


def _with_value(case: FaultedCall, name: str, value: Any) -> Response:
    """Set a field to `value` wherever it occurs in the selected records."""
    of = case.options.get("of", "")

    def in_xml(root: ET.Element) -> None:
        for holder in holders(root):
            for record in holder:
                if is_meant(record, of):
                    _put(record, name, value)

    def in_json(body: Any) -> Any:
        for record in each_record(body):
            if is_meant(record, of):
                for one in each_object(record):
                    if name in one:
                        one[name] = value
        return body

    return changed_json(changed_xml(case.reply, in_xml), in_json)


def _dates(case: FaultedCall, value: Any, is_meant_field: Callable[[str], bool]) -> Response:
    """Set every field that holds a time to `value`."""

    def in_xml(root: ET.Element) -> None:
        for field in root.iter():
            if not len(field) and field.text and is_meant_field(field.tag):
                field.text = str(value)

    def in_json(body: Any) -> Any:
        for one in each_object(body):
            for key, old in one.items():
                is_time = isinstance(old, (int, str)) and not isinstance(old, bool)
                if is_time and is_meant_field(key):
                    one[key] = value
        return body

    return changed_json(changed_xml(case.reply, in_xml), in_json)


def _odd_dates(case: FaultedCall) -> Response:
    wanted = case.options["field"]
    return _dates(
        case,
        case.options["value"],
        lambda name: name == wanted if wanted else bool(_DATE_FIELD.fullmatch(name)),
    )


def _clock_ahead(case: FaultedCall) -> Response:
    """Move times of a device's own clock past the time of the answer."""
    ahead = case.now + timedelta(hours=case.options["hours"])
    of = case.options["of"]

    def in_xml(root: ET.Element) -> None:
        for record in root.iter():
            if is_meant(record, of):
                _set_ahead(record, ahead)

    def in_json(body: Any) -> Any:
        for record in each_record(body):
            for one in each_object(record) if is_meant(record, of) else ():
                for key in one.keys() & _AGENT:
                    is_text = isinstance(one[key], str)
                    one[key] = timestamps.iso(ahead) if is_text else timestamps.milliseconds(ahead)
        return body

    return changed_json(changed_xml(case.reply, in_xml), in_json)


def _set_ahead(record: ET.Element, ahead: datetime) -> None:
    for field in record:
        if field.tag in _TICKING and field.text:
            is_unix = field.tag == "last_boot_time"
            field.text = str(int(ahead.timestamp())) if is_unix else envelope.stamp(ahead)


def _future_created(case: FaultedCall) -> Response:
    ahead = case.now + timedelta(hours=case.options["hours"])

    def in_xml(root: ET.Element) -> None:
        if "created" in root.attrib:
            root.set("created", envelope.created(ahead))

    return changed_xml(case.reply, in_xml)


def _bad_text(case: FaultedCall) -> Response:
    form, name, body = case.options["form"], case.options["field"], case.reply.body
    if form in _BEFORE:
        return replace(case.reply, body=_BEFORE[form] + body)
    if is_xml(case.reply):
        field = re.escape(name).encode("latin-1") or rb"\w+"
        pattern, inside = rb"(<" + field + rb"(?: [^>]*)?><!\[CDATA\[)", _INSIDE_XML[form]
    else:
        field = re.escape(name).encode() or "|".join(_TEXTS).encode()
        pattern, inside = rb'("(?:' + field + rb')": ?")', _INSIDE_JSON[form]
    count = 0 if case.options["everywhere"] else 1
    return replace(case.reply, body=re.sub(pattern, lambda hit: hit[1] + inside, body, count=count))


def _odd_cursor(case: FaultedCall) -> Response:
    """Put a non-ASCII name before a cursor, as clients saw cursors made of asset names."""
    words = case.options["words"]
    if case.options["encoding"] == "utf-8":
        words = words.encode().decode("latin-1")
    headers = tuple(
        (name, f"{words};{value}" if name.lower() == HEADER.lower() else value)
        for name, value in case.reply.headers
    )
    return replace(case.reply, headers=headers)


_OF = Option("", (str,), "only the record of this id; empty for all")
_HOURS = Option(2, (int, float), "how many hours", high=1_000_000)
_ANY = Option(None, JSON, "any JSON value; in XML a list becomes repeated elements")

VALUE_FAULTS: dict[str, FaultKind] = {
    "odd_value": FaultKind(
        "a given value in one field of every record that has it", _odd_value, "after",
        {"field": Option("name", (str,), "which field"), "value": _ANY, "of": _OF},
    ),
    "odd_dates": FaultKind(
        "one value for every time: 0, -1, seconds instead of milliseconds, a word", _odd_dates,
        "after",
        {
            "value": Option(0, JSON, "the value"),
            "field": Option("", (str,), "only this field; empty for all that hold a time"),
        },
    ),
    "odd_kb": FaultKind(
        "a word instead of a patch's KB number",
        lambda case: _with_value(case, "kb", case.options["value"]), "after",
        {"value": Option("Gold", JSON, "the word"), "of": _OF},
    ),
    "odd_cve": FaultKind(
        "odd elements, or no list, instead of a patch's CVE ids",
        lambda case: _with_value(case, "cve", case.options["value"]), "after",
        {
            "value": Option(["cve-2024-1234 ", None, "", {"id": "x"}], JSON, "the value"),
            "of": _OF,
        },
    ),
    "patch_flag_off": FaultKind(
        "devices whose patch management seems to be switched off",
        lambda case: _with_value(case, "patch", 0), "after", {"of": _OF},
    ),
    "future_created": FaultKind("an answer of N-sight dated in the future",
                                _future_created, "after", {"hours": replace(_HOURS, default=48)}),
    "clock_ahead": FaultKind("devices whose own clock is ahead of the answer", _clock_ahead,
                             "after", {"hours": _HOURS, "of": _OF}),
    "bad_text": FaultKind(
        "characters and bytes that do not belong in text, or before it", _bad_text, "after",
        {
            "form": Option("control", (str,), f"one of: {', '.join(_FORMS)}", words=_FORMS),
            "field": Option("", (str,), "in which field; empty for the first text"),
            "everywhere": Option(default=False, types=(bool,),
                                 description="true: in all of them, not only the first"),
        },
    ),
    "odd_cursor": FaultKind(
        "a cursor of Qualys with non-ASCII characters, valid if sent back unchanged", _odd_cursor,
        "after",
        {
            "words": Option("Café, Bäckerei", (str,), "the text before the cursor"),
            "encoding": Option("utf-8", (str,), "utf-8 or latin-1", words=("utf-8", "latin-1")),
        },
    ),
}  # fmt: skip
"""The kinds of fault in which a value is odd."""
