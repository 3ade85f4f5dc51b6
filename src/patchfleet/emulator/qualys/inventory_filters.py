"""Filters of the inventory's second version: a field, an operator and a value each.

Fields are the tokens of QQL, and `asset.id`; an unknown one is refused by name. The operators of
each field are documented; text is compared without regard to case (a choice). [O: qy, two scripts
for `{"filters": […], "operation": "AND"}`]
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from patchfleet.emulator.qualys.inventory_records import Host
from patchfleet.emulator.qualys.qql import Token
from patchfleet.emulator.qualys.request import Refused

_ALSO: Mapping[str, Token[Host]] = {"asset.id": Token("number", lambda host: host.number)}
_OPERATORS: Mapping[str, Callable[[list[Any], list[Any]], bool]] = {
    "EQUALS": lambda has, wanted: wanted[0] in has,
    "NOT_EQUALS": lambda has, wanted: wanted[0] not in has,
    "IN": lambda has, wanted: any(one in has for one in wanted),
    "NOT_IN": lambda has, wanted: all(one not in has for one in wanted),
    "CONTAINS": lambda has, wanted: any(str(wanted[0]) in str(one) for one in has),
    "NOT_CONTAINS": lambda has, wanted: all(str(wanted[0]) not in str(one) for one in has),
    "GREATER": lambda has, wanted: any(one > wanted[0] for one in has),
    "LESSER": lambda has, wanted: any(one < wanted[0] for one in has),
    "IS_EMPTY": lambda has, _: not has,
    "IS_NOT_EMPTY": lambda has, _: bool(has),
}


def filtered(
    hosts: Sequence[Host], body: Mapping[str, Any], tokens: Mapping[str, Token[Host]]
) -> Sequence[Host]:
    """Return the hosts that match the filters of a body, all without filters; raise Refused."""
    filters = body.get("filters") or []
    if not isinstance(filters, list):
        raise Refused(400, "1400", "filters must be a list")
    operation = str(body.get("operation") or "AND").upper()
    if operation not in ("AND", "OR"):
        raise Refused(400, "1400", f"operation must be AND or OR, not {operation!r}")
    tests = [_test(one, {**tokens, **_ALSO}) for one in filters]
    if not tests:
        return hosts
    join = all if operation == "AND" else any
    return [host for host in hosts if join(test(host) for test in tests)]


def _test(one: object, tokens: Mapping[str, Token[Host]]) -> Callable[[Host], bool]:
    """Return the test of one filter; raise Refused (400) for an invalid one."""
    if not isinstance(one, dict):
        raise Refused(400, "1400", "a filter must have field, operator and value")
    name, word = str(one.get("field", "")), str(one.get("operator", "")).upper()
    token = tokens.get(name)
    if token is None or token.kind == "nested":
        raise Refused(400, "1400", f"there is no field {name!r}")
    holds = _OPERATORS.get(word)
    if holds is None:
        raise Refused(400, "1400", f"operator must be one of {', '.join(_OPERATORS)}")
    if word in ("GREATER", "LESSER") and token.kind == "text":
        raise Refused(400, "1400", f"{name} is a text and cannot be {word}")
    wanted = _wanted(one.get("value"), word, name, token.kind)

    def test(host: Host) -> bool:
        return holds(_of_host(token.read(host)), wanted)

    return test


def _wanted(value: object, word: str, name: str, kind: str) -> list[Any]:
    """Return the values of a filter in the field's type; a list may be comma-separated."""
    if word in ("IS_EMPTY", "IS_NOT_EMPTY"):
        return []
    given = value if isinstance(value, list) else [value]
    if word in ("IN", "NOT_IN"):
        given = [part for one in given for part in str(one).split(",")]
    try:
        read = [_read(str(one).strip(), kind) for one in given if one is not None]
    except ValueError as problem:
        raise Refused(400, "1400", f"{name} is a {kind}, not {value!r}") from problem
    if not read:
        raise Refused(400, "1400", f"the filter of {name} has no value")
    return read


def _read(word: str, kind: str) -> Any:
    if kind == "number":
        return int(word)
    if kind == "date":
        when = datetime.fromisoformat(word)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when
    return word.lower()


def _of_host(value: object) -> list[Any]:
    """Return a host's values of a field: none, one or several; text in lower case."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [one.lower() if isinstance(one, str) else one for one in values if one is not None]
