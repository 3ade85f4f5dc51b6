"""Faults of complete answers: those to another question, and lists with wrong records.

The same kinds apply to the XML of N-sight and the JSON of Qualys. Everything beside the records
(counts, cursors, "more follows") stays as if nothing were wrong.
"""

import copy
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from patchfleet.emulator.bodies import (
    changed_json,
    changed_xml,
    each_record,
    holders,
    is_meant,
    other_id,
    records,
    with_records,
)
from patchfleet.emulator.fault_kind import FaultedCall, FaultKind, Option, Options, Question
from patchfleet.emulator.response import Response

OF = (
    "any", "device", "customer", "site", "asset", "check", "devicetype", "job", "run", "platform",
    "patch",
)  # fmt: skip
_IDENTITIES = ("patchid", "id", "serverid", "workstationid", "siteid", "clientid", "checkid")
_MARK = "\N{SECTION SIGN}twice"


def _other(case: FaultedCall) -> Response:
    ask = case.question.other(case.options)
    return ask() if ask else case.reply


def _has_other(question: Question, options: Options) -> bool:
    return not question.is_act and question.other(options) is not None


def _neighbour(case: FaultedCall) -> Response:
    ask = case.question.other(case.options, in_pairs=True)
    return ask() if ask else case.reply


def _has_neighbour(question: Question, options: Options) -> bool:
    return not question.is_act and question.other(options, in_pairs=True) is not None


def _without(case: FaultedCall) -> Response:
    ask = case.question.without(case.options["identity"])
    return ask() if ask else case.reply


def _has_without(question: Question, options: Options) -> bool:
    return not question.is_act and question.without(options["identity"]) is not None


def _lists(
    on_holder: Callable[[ET.Element, Options], None], on_rows: Callable[[list[Any], Options], Any]
) -> Callable[[FaultedCall], Response]:
    """Return a fault of both vendors' lists, from one change for XML and one for JSON."""

    def apply(case: FaultedCall) -> Response:
        def in_xml(root: ET.Element) -> None:
            for holder in holders(root):
                on_holder(holder, case.options)

        def in_json(value: Any) -> Any:
            return with_records(value, on_rows(list(records(value)), case.options))

        return changed_json(changed_xml(case.reply, in_xml), in_json)

    return apply


def _kept(rows: list[Any], options: Options) -> list[Any]:
    """Return the records that remain when some at one end, or those of one id, are missing."""
    if options["of"]:
        return [row for row in rows if not is_meant(row, options["of"])]
    count = options["records"]
    return rows[count:] if options["place"] == "first" else rows[: max(0, len(rows) - count)]


def _replace_children(holder: ET.Element, children: list[ET.Element]) -> None:
    for child in list(holder):
        holder.remove(child)
    holder.extend(children)


def _named(name: str, text: str = "", children: list[ET.Element] | None = None) -> ET.Element:
    element = ET.Element(name)
    element.text = text or None
    element.extend(children or [])
    return element


def _fewer_in_xml(holder: ET.Element, options: Options) -> None:
    kept = _kept([one for one in holder if len(one)], options)
    own = {id(one) for one in kept}
    # Other content, such as the name of a site beside its devices, stays.
    _replace_children(holder, [one for one in holder if not len(one) or id(one) in own])


def _none_in_xml(holder: ET.Element, _: Options) -> None:
    _replace_children(holder, [one for one in holder if not len(one)])


def _sentence_in_xml(holder: ET.Element, options: Options) -> None:
    children = list(holder) if options["beside"] else []
    if options["element"]:
        children.append(_named(options["element"], options["words"]))
    else:
        holder.text = options["words"]
    _replace_children(holder, children)


def _sentence_in_json(rows: list[Any], options: Options) -> Any:
    row = {options["element"]: options["words"]} if options["element"] else options["words"]
    return [*(rows if options["beside"] else []), row]


def _renamed_in_xml(holder: ET.Element, options: Options) -> None:
    for child in holder:
        if len(child):
            child.tag = options["name"]


def _wrapped_in_xml(holder: ET.Element, options: Options) -> None:
    _replace_children(holder, [_named(options["name"], children=list(holder))])


def _second_in_xml(holder: ET.Element, _: Options) -> None:
    rows = [one for one in holder if len(one)]
    second = _named(holder.tag, children=rows[len(rows) // 2 :])
    for row in second:
        holder.remove(row)
    holder.append(second)


def _second_items(case: FaultedCall) -> Response:
    """Move the second half of a list into a list of its own: beside `items`, or else inside."""

    def in_xml(root: ET.Element) -> None:
        items = root.find("items")
        if items is None:
            _second_in_xml(root, case.options)
            return
        rows = list(items)
        second = _named("items", children=rows[len(rows) // 2 :])
        for row in second:
            items.remove(row)
        root.insert(list(root).index(items) + 1, second)

    def in_json(value: Any) -> Any:
        rows = records(value)
        half = len(rows) // 2
        return with_records(value, [*rows[:half], rows[half:]])

    return changed_json(changed_xml(case.reply, in_xml), in_json)


def _field_twice(case: FaultedCall) -> Response:
    name = case.options["field"]

    def in_xml(root: ET.Element) -> None:
        for holder in holders(root):
            for record in [one for one in holder if len(one)][:1]:
                field = record.find(name) if name else record[min(1, len(record) - 1)]
                if field is not None:
                    twin = copy.deepcopy(field)
                    twin.text = _other_text(field.text or "")
                    record.insert(list(record).index(field) + 1, twin)

    def in_json(value: Any) -> Any:
        for record in each_record(value):
            fields = dict(record)
            record.clear()
            chosen = name or next(iter(fields), "")
            for key, one in fields.items():
                record[key] = one
                if key == chosen:
                    record[key + _MARK] = _other_text(one) if isinstance(one, str) else None
            break
        return value

    answer = changed_json(changed_xml(case.reply, in_xml), in_json)
    return replace(answer, body=answer.body.replace(_MARK.encode(), b""))


def _other_text(text: str) -> str:
    return str(int(text) ^ 1) if text.isdigit() else f"{text} twice"


def _null_elements(case: FaultedCall) -> Response:
    """Insert an odd element into the list of records and into the lists inside each record."""
    value = case.options["value"]

    def in_xml(root: ET.Element) -> None:
        for holder in holders(root):
            rows = [one for one in holder if len(one)]
            if rows:
                holder.insert(0, _named(rows[0].tag, "" if value is None else str(value)))

    def in_json(body: Any) -> Any:
        rows = records(body)
        for record in each_record(body):
            for inner in record.values():
                if isinstance(inner, list) and inner is not rows:
                    inner.append(value)
        if case.options["in_records"] and rows:
            rows.append(value)
        return body

    return changed_json(changed_xml(case.reply, in_xml), in_json)


def _other_ids(case: FaultedCall) -> Response:
    def in_xml(root: ET.Element) -> None:
        for holder in holders(root):
            for record in holder:
                for field in record:
                    if field.tag in _IDENTITIES and field.text:
                        field.text = other_id(field.text)
                        break

    def in_json(value: Any) -> Any:
        for record in each_record(value):
            whose = record["asset"] if isinstance(record.get("asset"), dict) else record
            if isinstance(whose.get("id"), str):
                whose["id"] = other_id(whose["id"])
        return value

    return changed_json(changed_xml(case.reply, in_xml), in_json)


def _own_words(case: FaultedCall) -> Response:
    """Return the body that the test gives."""
    value = case.options["body"]
    body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return replace(case.reply, status=case.options["status"], body=body)


_OF = Option("any", (str,), f"which object is exchanged: {', '.join(OF)}", words=OF)
_INSTEAD = Option(
    "", (str, int), "the id of the other object; empty for the next one", high=1 << 62
)
_ID = Option("", (str,), "only the records of this id; empty for all")
_NAME = Option("record", (str,), "the name of the element or field")

ANSWER_FAULTS: dict[str, FaultKind] = {
    "other_answer": FaultKind(
        "the right answer to another question: about the next device, customer, site, job, run, …",
        _other, "after", {"of": _OF, "instead": _INSTEAD}, _has_other,
    ),
    "swapped": FaultKind(
        "neighbours exchanged: each of two has the answer about the other", _neighbour, "after",
        {"of": _OF}, _has_neighbour,
    ),
    "device_missing": FaultKind(
        "answers as if one device were absent: in no list and no count", _without, "after",
        {"identity": Option("", (str,), "the device: N-sight's id, or an asset's at Qualys")},
        _has_without,
    ),
    "records_missing": FaultKind(
        "a list without some of its records; counts and cursors as if they were there",
        _lists(_fewer_in_xml, _kept), "after",
        {
            "records": Option(1, (int,), "how many are missing"),
            "place": Option("last", (str,), "first or last", words=("first", "last")),
            "of": replace(_ID, description="the id of the missing one; empty to use `records`"),
        },
    ),
    "no_records": FaultKind(
        "a list without a record; counts and cursors as if they were there",
        _lists(_none_in_xml, lambda _, __: []), "after",
    ),
    "sentence": FaultKind(
        "a sentence instead of the records", _lists(_sentence_in_xml, _sentence_in_json),
        "after",
        {
            "words": Option("Patch Management is not active on this device", (str,),
                            "the sentence"),
            "element": Option("msg", (str,), "the element or field around it; empty for none"),
            "beside": Option(default=False, types=(bool,), description="true: beside the records"),
        },
    ),
    "other_element": FaultKind(
        "records under an unknown name",
        _lists(_renamed_in_xml, lambda rows, options: [{options["name"]: one} for one in rows]),
        "after", {"name": _NAME},
    ),
    "wrapped": FaultKind(
        "the whole list inside an additional element",
        _lists(_wrapped_in_xml, lambda rows, options: {options["name"]: rows}),
        "after", {"name": replace(_NAME, default="page")},
    ),
    "second_list": FaultKind("the second half of a list in a second list", _second_items, "after"),
    "field_twice": FaultKind(
        "a field of the first record twice, with two values", _field_twice, "after",
        {"field": Option("", (str,), "which field; empty for the first")},
    ),
    "null_elements": FaultKind(
        "an odd element among the records, and in the lists of each", _null_elements, "after",
        {
            "value": Option(None, (str, int, float, bool, list, dict, type(None)), "the element"),
            "in_records": Option(default=False, types=(bool,),
                                 description="true: at Qualys among the records as well"),
        },
    ),
    "other_ids": FaultKind("every record with a different id", _other_ids, "after"),
    "own_body": FaultKind(
        "a body given by the test", _own_words, "after",
        {
            "body": Option("", (str, int, float, bool, list, dict, type(None)),
                           "a text is sent unchanged, anything else as JSON"),
            "status": Option(200, (int,), "a status code from 200", 200, 599),
        },
    ),
}  # fmt: skip
"""The kinds of fault in which the answer is complete but answers another question."""
