"""Values that the parsers read without loss, derived from the types of their records."""

from collections.abc import Iterable
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, TypeAlias, Union, get_args, get_origin

import msgspec

from patchfleet.doctor.formats import NO_TIME, family
from patchfleet.doctor.shape import Shape
from patchfleet.nsight.envelope import plain
from patchfleet.nsight.records.record import Record as NSightRecord
from patchfleet.nsight.records.record import attributes

Kinds: TypeAlias = frozenset[str]

NULL, FLAG, DECIMAL, INTEGER, LIST, OBJECT, TEXT = (
    "null", "true/false", "decimal", "integer", "list", "object", "any text",
)  # fmt: skip
ANYTHING: Kinds = frozenset({NULL, FLAG, DECIMAL, INTEGER, LIST, OBJECT, TEXT})

_NUMBERS = ("digits", "0 or 1", "negative number")
_FLAGS = ("0 or 1", "true or false")
_NSIGHT_TIMES = (
    NO_TIME, "date YYYY-MM-DD", "time YYYY-MM-DD HH:MM:SS", "time YYYY-MM-DD HH:MM",
    "date DD-Mon-YYYY", "time DD-Mon-YYYY HH:MM",
)  # fmt: skip
_QUALYS_TIMES = (
    "time ISO 8601, Z", "time ISO 8601, offset", "time ISO 8601, no zone", "date YYYY-MM-DD",
    "digits", "0 or 1", "negative number", "decimal number", "time YYYY-MM-DD HH:MM:SS",
)  # fmt: skip
_READ_AS_TIMES = frozenset({"release_date_text", "install_date_text", "utc_time_247"})
"""Fields of N-sight whose texts are read as times; other times are kept as text."""


class Expected(NamedTuple):
    """A field as a parser reads it: its values, and whether a record needs it."""

    kinds: Kinds
    is_required: bool


def kinds_of(shape: Shape) -> set[str]:
    """Return the kinds and formats of the values of a shape; a listed word is `listed word`."""
    found = set(shape.texts)
    for kind, is_there in (
        (NULL, shape.nulls), (FLAG, shape.booleans), (DECIMAL, shape.decimals),
        (INTEGER, shape.integers), (LIST, shape.lists), (OBJECT, shape.objects),
    ):  # fmt: skip
        if is_there:
            found.add(kind)
    if any(not word.isdigit() for word in shape.words):
        found.add("listed word")
    if any(word.isdigit() for word in shape.words):
        found.add("code")
    return found


def unexpected(kinds: Iterable[str], expected: Kinds) -> list[str]:
    """Return the kinds and formats that a parser does not read as they are."""
    odd = []
    for kind in kinds:
        if kind in expected or family(kind) == "no value":
            continue
        if kind == "code" and expected & {INTEGER, TEXT, *_NUMBERS}:
            continue
        is_text = kind not in ANYTHING
        if not (is_text and TEXT in expected):
            odd.append(kind)
    return sorted(odd)


@cache
def fields_of(record: type[msgspec.Struct]) -> dict[str, Expected]:
    """Return what the parser of a record expects, by the plain name of the field."""
    if issubclass(record, NSightRecord):
        return _of_nsight(record)
    return {
        plain(info.encode_name): Expected(
            _with_times(_json_kinds(info.type), info.name), info.required
        )
        for info in msgspec.structs.fields(record)
        if info.encode_name != "problems of reading"
    }


def _of_nsight(record: type[NSightRecord]) -> dict[str, Expected]:
    fields = {info.name: info for info in msgspec.structs.fields(record)}
    found: dict[str, Expected] = {}
    for wire, name in attributes(record).items():
        info = fields[name]
        kinds = _xml_kinds(info.type)
        if name in _READ_AS_TIMES:
            kinds = frozenset(_NSIGHT_TIMES)
        if name in record.READ_APART or LIST in kinds:
            kinds |= {OBJECT, TEXT}
        found[wire] = Expected(kinds, info.required)
    return found


def _xml_kinds(kind: Any) -> Kinds:
    """Return the formats of texts that are read as this type."""
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    found: set[str] = set()
    for part in parts:
        if part is int:
            found.update(_NUMBERS)
        elif part is bool:
            found.update(_FLAGS)
        elif get_origin(part) is list:
            found.add(LIST)
        elif part is not type(None):
            found.add(TEXT)
    return frozenset(found)


def _json_kinds(kind: Any) -> Kinds:
    """Return the kinds of JSON that are read as this type, texts of numbers among them."""
    if kind is Any:
        return ANYTHING
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    found: set[str] = set()
    for part in parts:
        found.update(_of_part(part))
    return frozenset(found)


def _of_part(part: Any) -> tuple[str, ...]:
    if part is Any:
        return tuple(ANYTHING)
    if get_origin(part) in (list, tuple):
        return (LIST,)
    if get_origin(part) is dict or (isinstance(part, type) and issubclass(part, msgspec.Struct)):
        return (OBJECT,)
    return {
        type(None): (NULL,), bool: (FLAG, INTEGER, *_FLAGS), int: (INTEGER, *_NUMBERS),
        float: (DECIMAL, INTEGER, "decimal number", *_NUMBERS), str: (TEXT,),
    }.get(part, tuple(ANYTHING))  # fmt: skip


def _with_times(kinds: Kinds, name: str) -> Kinds:
    """Return the kinds of a field, of which only times are read if it holds one."""
    return (kinds - {TEXT}) | set(_QUALYS_TIMES) if name.endswith("_raw") else kinds
