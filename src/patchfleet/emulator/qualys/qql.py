"""Evaluation of QQL queries over rows.

Tables of `Token` define the known tokens. An error in a query raises `Refused` (400) that names the
token and its position.

A bare word matches a word that begins with it; all words of a bare value must match. Quotes match
the words in sequence, backticks the exact value [D: qql_best_practices.htm; D: smart_search.htm].
Without backticks case does not matter (a choice). A day means all of it, UTC; `now-30d` counts back
from the emulated time (a choice: units m, h, d, w).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Generic, Literal, TypeVar

from patchfleet.emulator.qualys.qql_grammar import (
    Condition,
    Every,
    IsNull,
    Nested,
    Node,
    Not,
    Range,
    Some,
    Value,
    parse,
)
from patchfleet.emulator.qualys.request import Refused

T = TypeVar("T")
Kind = Literal["text", "number", "flag", "date", "nested"]
Test = Callable[[Any], bool]

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TERMS = re.compile(rf"{_UUID}|[a-z][\w.]*|[\d.]+|\w+", re.IGNORECASE)
_NOW = re.compile(r"now(?:\s*([+-])\s*(\d+)([mhdw]))?")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Token(Generic[T]):
    """One token of a query and how to read its value from a row.

    `read` returns a value, a sequence of values (any of them may match), or None. A `nested` token
    reads a sequence of elements, which have tokens of their own, `inner`.
    """

    kind: Kind
    read: Callable[[T], Any]
    inner: Mapping[str, "Token[Any]"] | None = None


def matcher(text: str, tokens: Mapping[str, Token[T]], now: datetime) -> Callable[[T], bool]:
    """Return the test that a query makes of a row; an empty query matches every row.

    Raises Refused (400) for a query that cannot be parsed, unknown tokens and unsuitable values.
    """
    if not text.strip():
        return lambda _: True
    return _compile(parse(text.strip()), tokens, now)


def _compile(node: Node, tokens: Mapping[str, Token[Any]], now: datetime) -> Test:
    match node:
        case Every(parts):
            tests = [_compile(part, tokens, now) for part in parts]
            return lambda row: all(test(row) for test in tests)
        case Some(parts):
            tests = [_compile(part, tokens, now) for part in parts]
            return lambda row: any(test(row) for test in tests)
        case Not(part):
            unwanted = _compile(part, tokens, now)
            return lambda row: not unwanted(row)
        case IsNull():
            read = _token(node, tokens).read
            return lambda row: not list(_values(read(row)))
        case Nested():
            return _nested(node, _token(node, tokens), now)
        case Condition():
            return _condition(node, _token(node, tokens), now)


def _token(node: IsNull | Nested | Condition, tokens: Mapping[str, Token[Any]]) -> Token[Any]:
    token = tokens.get(node.name)
    if token is None:
        raise Refused(400, "1400", f"unknown token {node.name!r} at position {node.position}")
    return token


def _nested(node: Nested, token: Token[Any], now: datetime) -> Test:
    if token.inner is None:
        raise _unsuited(node, "takes a value, not an expression")
    test = _compile(node.inner, token.inner, now)
    return lambda row: any(test(element) for element in token.read(row))


def _condition(node: Condition, token: Token[Any], now: datetime) -> Test:
    if token.kind == "nested":
        raise _unsuited(node, "takes an expression in parentheses")
    tests = [_choice(node, token.kind, choice, now) for choice in node.choices]

    def holds(row: Any) -> bool:
        return any(test(value) for value in _values(token.read(row)) for test in tests)

    return holds


def _values(value: object) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)


def _choice(  # noqa: PLR0911 -- one line for each comparison there is
    node: Condition, kind: Kind, choice: Value | Range, now: datetime
) -> Test:
    """Return the test that one value or range makes of a row's value."""
    if kind in ("text", "flag"):
        if isinstance(choice, Range) or node.comparison != ":":
            raise _unsuited(node, "cannot be compared by size")
        return _flag(node, choice) if kind == "flag" else _text(choice)
    if isinstance(choice, Range):
        low, high = (_span(node, kind, end, now) for end in (choice.low, choice.high))
        if choice.is_inclusive:
            return lambda value: low[0] <= value <= high[1]
        return lambda value: low[1] < value < high[0]
    begin, end = _span(node, kind, choice, now)
    match node.comparison:
        case ">":
            return lambda value: value > end
        case ">=":
            return lambda value: value >= begin
        case "<":
            return lambda value: value < begin
        case "<=":
            return lambda value: value <= end
    return lambda value: begin <= value <= end


def _flag(node: Condition, choice: Value) -> Test:
    wanted = choice.text.lower()
    if wanted not in ("true", "false"):
        raise _unsuited(node, f"is true or false, not {choice.text!r}")
    return lambda value: value is (wanted == "true")


def _text(choice: Value) -> Test:
    if choice.quoting == "exact":
        return lambda value: bool(value == choice.text)
    wanted = choice.text.lower()
    if choice.quoting == "bare" and "*" in wanted:
        return lambda value: fnmatchcase(str(value).lower(), wanted.replace("[", "[[]"))
    words = _TERMS.findall(wanted)
    if choice.quoting == "bare":
        return lambda value: _has_all(_TERMS.findall(str(value).lower()), words)
    return lambda value: _has_in_order(_TERMS.findall(str(value).lower()), words)


def _has_all(terms: Sequence[str], words: Sequence[str]) -> bool:
    return all(any(term.startswith(word) for term in terms) for word in words)


def _has_in_order(terms: Sequence[str], words: Sequence[str]) -> bool:
    count = len(words)
    return any(terms[place : place + count] == words for place in range(len(terms) - count + 1))


def _span(node: Condition, kind: Kind, value: Value, now: datetime) -> tuple[Any, Any]:
    """Return the first and last instant or number of a value; they differ for a day."""
    if kind == "number":
        try:
            number = float(value.text)
        except ValueError as problem:
            raise _unsuited(node, f"is a number, not {value.text!r}") from problem
        return number, number
    relative = _NOW.fullmatch(value.text.strip())
    if relative:
        sign, count, unit = relative.groups()
        step = timedelta(**{_UNITS[unit]: int(count)}) if count else timedelta()
        at = now - step if sign == "-" else now + step
        return at, at
    try:
        at = datetime.fromisoformat(value.text.strip())
    except ValueError as problem:
        raise _unsuited(node, f"is a date as 2026-11-13, not {value.text!r}") from problem
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    is_day = len(value.text.strip()) == len("2026-11-13")
    return at, at + _DAY - timedelta.resolution if is_day else at


def _unsuited(node: Nested | Condition, what: str) -> Refused:
    return Refused(400, "1400", f"token {node.name!r} at position {node.position} {what}")
