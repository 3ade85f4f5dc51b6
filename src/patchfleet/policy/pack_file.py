"""A rule pack from its file, in TOML, one standard a file.

    name = "…"  title = "…"  version = "…"  source = "…"    the standard and its source
    status = "certain" | "uncertain", note = "…"             how certain, and why, in a sentence
    in_force_from = 2026-06-10, in_force_until = …           days; left out for no limit
    clock = "released" | "detected" | "listed" | "listed_or_detected"
    otherwise = "…"                                          why findings without a rule have none
    [[rule]]  name, when = { question = true, … }, limit = "14 days", duties = […], because = "…"
    [statistics]  measures = […], grouped_by = […]          instead of rules, if it sets no number

Invariant: anything not understood is an error with its line (tests/policy/test_policy_packs.py).
"""

import re
import tomllib
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal, NoReturn, get_args

import msgspec
from msgspec import Struct

from patchfleet.decodable import decodable
from patchfleet.errors import PolicyError
from patchfleet.policy.pack import Condition, Limit, Pack, Question, Rule, Span, Start, Status


class _RuleTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    limit: str
    when: dict[Question, bool | int | float] = {}
    duties: tuple[str, ...] = ()
    because: str = ""


class _Statistics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    measures: tuple[str, ...]
    grouped_by: tuple[str, ...] = ()


class _PackTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    title: str
    version: str
    source: str
    status: Status
    note: str
    otherwise: str
    clock: Start | None = None
    in_force_from: date | None = None
    in_force_until: date | None = None
    rule: tuple[_RuleTable, ...] = ()
    statistics: _Statistics | None = None


def read_pack(file: str, content: bytes) -> Pack:
    """Return the pack of a file; `file` is its name, for messages.

    Raises `PolicyError` with file, line and hint.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unusable(file, line, "is not UTF-8 text", "save it as UTF-8") from None
    return _Reader(file, text).pack()


def _unusable(file: str, line: int, what: str, hint: str | None) -> PolicyError:
    return PolicyError(f"{file}:{line}: {what}", file=file, line=line, hint=hint)


class _Reader:
    """Reader of one file, with the places that errors refer to."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    def pack(self) -> Pack:
        table = self._table()
        rules = tuple(self._rule(number, rule) for number, rule in enumerate(table.rule))
        self._check(table, rules)
        statistics = table.statistics or _Statistics(measures=())
        return Pack(
            name=table.name,
            title=table.title,
            version=table.version,
            source=table.source,
            status=table.status,
            note=table.note,
            otherwise=table.otherwise,
            clock=table.clock,
            in_force_from=table.in_force_from,
            in_force_until=table.in_force_until,
            rules=rules,
            measures=statistics.measures,
            grouped_by=statistics.grouped_by,
        )

    def _table(self) -> _PackTable:
        try:
            return msgspec.convert(tomllib.loads(self.text), decodable(_PackTable))
        except tomllib.TOMLDecodeError as error:
            at = re.search(r"at line (\d+)", str(error))
            line = int(at.group(1)) if at else self.text.count("\n") + 1
            phrase = str(error).split(" (at ")[0]
            raise _unusable(self.file, line, phrase, "the file is TOML: name = value") from None
        except RecursionError:
            raise _unusable(self.file, 1, "is nested too deeply", None) from None
        except msgspec.ValidationError as error:
            self._refuse_table(str(error))
        except ValueError:
            raise _unusable(self.file, 1, "a number has too many digits", None) from None

    def _refuse_table(self, message: str) -> NoReturn:
        """Raise the error of the decoder with its line and a hint."""
        phrase, _, path = message.partition(" - at `")
        place = re.search(r"rule\[(\d+)\]", path)
        number = int(place.group(1)) if place else None
        keys = [key for key in re.findall(r"\.(\w+)", path) if key != "rule"]
        known: tuple[str, ...] = _VALUES.get(keys[-1] if keys else "", ())
        for pattern, words, names in (
            (r".*unknown field `(.*)`", "there is no {!r} here", _NAMES[number is not None]),
            (r".*missing required field `(.*)`", "{!r} is missing", ()),
            (r"Invalid enum value '(.*)'", "{!r} is not known here", known),
        ):
            named = re.fullmatch(pattern, phrase)
            if named:
                word = named.group(1)
                what, hint = words.format(word), _hint(word, names)
                break
        else:
            word, hint = "", _hint("", known)
            what = f"{keys[-1] if keys else 'the file'}: {_in_words(phrase)}"
        line = self._line(number, [word, *reversed(keys)])
        raise _unusable(self.file, line, what, hint)

    def _line(self, rule: int | None, names: list[str]) -> int:
        """Return the first line of a rule, or of the file, that sets one of these names."""
        lines = self.text.splitlines()
        starts = [at for at, line in enumerate(lines) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
        first, last = 0, len(lines)
        if rule is not None and rule < len(starts):
            first = starts[rule]
            last = starts[rule + 1] if rule + 1 < len(starts) else len(lines)
        for name in filter(None, names):
            pattern = re.compile(rf"(?:^\s*\[?|[{{,]\s*)\"?{re.escape(name)}\"?\s*[=\]]")
            for at in range(first, last):
                if pattern.search(lines[at]):
                    return at + 1
        return first + 1

    def _rule(self, number: int, rule: _RuleTable) -> Rule:
        when = tuple(self._condition(number, *item) for item in rule.when.items())
        limit = self._limit(number, rule.limit)
        if (limit == "none") != bool(rule.because):
            what = "a rule without a number needs `because`, and no other rule has it"
            raise _unusable(self.file, self._line(number, ["because", "limit"]), what, None)
        return Rule(
            name=rule.name, limit=limit, when=when, duties=rule.duties, because=rule.because
        )

    def _condition(self, number: int, question: Question, value: float | bool) -> Condition:
        if question == "cvss_at_least" and not isinstance(value, bool) and 0 <= value <= 10:
            return Condition(question, is_so=True, score=float(value))
        if question != "cvss_at_least" and isinstance(value, bool):
            return Condition(question, is_so=value)
        wanted = "a score from 0 to 10" if question == "cvss_at_least" else "true or false"
        what = f"{question} is {wanted}, not {value}"
        raise _unusable(self.file, self._line(number, [question, "when"]), what, None)

    def _limit(self, number: int, text: str) -> Limit:
        if text == "KEV due date":
            return "KEV due date"
        if text == "none":
            return "none"
        phrase = re.fullmatch(r"([1-9]\d{0,3}) (hour|day|month)s?", text)
        if phrase is None:
            hint = "such as '48 hours', '14 days', '1 month', 'KEV due date' or 'none'"
            line = self._line(number, ["limit"])
            raise _unusable(self.file, line, f"{text!r} is not a limit", hint)
        unit: dict[str, Literal["hour", "day", "month"]]
        unit = {"hour": "hour", "day": "day", "month": "month"}
        return Span(int(phrase.group(1)), unit[phrase.group(2)])

    def _check(self, table: _PackTable, rules: tuple[Rule, ...]) -> None:
        """Raise an error for a readable pack that makes no sense."""
        if bool(rules) == (table.statistics is not None):
            what = "a pack has rules, or [statistics] where its standard has no number"
            raise _unusable(self.file, self._line(None, ["statistics"]), what, None)
        if rules and table.clock is None:
            hint = "one of: " + ", ".join(get_args(Start))
            raise _unusable(self.file, 1, "`clock` is missing: when each limit starts", hint)
        begins, ends = table.in_force_from, table.in_force_until
        if begins and ends and ends <= begins:
            line = self._line(None, ["in_force_until"])
            raise _unusable(self.file, line, f"it ends on {ends}, before it begins", None)
        seen: dict[Any, int] = {}
        for number, rule in enumerate(rules):
            for mark in (rule.name, frozenset(rule.when)):
                if mark in seen:
                    what = f"this rule is rule {seen[mark] + 1} over again"
                    line = self._line(number, ["name" if mark == rule.name else "when"])
                    raise _unusable(self.file, line, what, "the first rule that applies decides")
                seen[mark] = number


_NAMES = (_PackTable.__struct_fields__, _RuleTable.__struct_fields__)
"""Names that a file may set, outside of a rule and within one."""

_VALUES: dict[str, tuple[str, ...]] = {
    "clock": get_args(Start),
    "status": get_args(Status),
    "when": get_args(Question),
}

_KINDS = {
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`date`": "a day",
    "`object`": "a table",
    "`array`": "a list",
}


def _in_words(phrase: str) -> str:
    for theirs, ours in _KINDS.items():
        phrase = phrase.replace(theirs, ours)
    return f"{phrase[:1].lower()}{phrase[1:]}"


def _hint(word: str, known: tuple[str, ...]) -> str | None:
    """Return the closest known name, or all known names."""
    if not known:
        return None
    close = get_close_matches(word, known, 1)
    return f"did you mean '{close[0]}'?" if close else "known are: " + ", ".join(known)
