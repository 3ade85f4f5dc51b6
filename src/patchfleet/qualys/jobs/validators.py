"""Validators of single values: accepted forms of a parameter, and its form on the wire.

A validator takes the parameter's name and value, and returns the wire's form or raises
`ConfigError`: one line with the parameter, the value and what is allowed. Nothing is guessed: an
ambiguous value is refused.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from math import isfinite
from reprlib import Repr
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from patchfleet.errors import ConfigError

Validator: TypeAlias = Callable[[str, Any], Any]
"""A validator: (the parameter's name, its value) to the wire's form."""

START_FORM = "a datetime, or a text such as '2022-2-20 01:18:30 PM'"

_START = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2}) +(\d{1,2}):(\d{2}):(\d{2}) *([AaPp][Mm])", re.ASCII
)
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
_WIDEST = 2**63 - 1
"""The greatest number that the other side surely reads."""
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def refused(parameter: str, value: object, allowed: str, hint: str | None = None) -> ConfigError:
    """Return the error for an invalid value: parameter, value, what is allowed."""
    return ConfigError(f"{parameter} is {shown(value)}, but must be {allowed}", hint=hint)


def shown(value: object) -> str:
    """Return a value as an error shows it: short, and in one line."""
    return " ".join(_SHORT.repr(value).split())


def unknown(what: str, name: object, known: Iterable[str]) -> ConfigError:
    """Return the error for an unknown name, with the most similar known one."""
    names = list(known)
    close = get_close_matches(str(name), names, 1)
    hint = f"did you mean '{close[0]}'?" if close else "there are " + ", ".join(names)
    return ConfigError(f"{what} has no parameter {shown(name)}", hint=hint)


def truth(parameter: str, value: object) -> bool:
    """Return True or False; a text is neither, since 'false' would count as true."""
    if not isinstance(value, bool):
        raise refused(parameter, value, "True or False")
    return value


def text(parameter: str, value: object) -> str:
    """Return a text that can be sent, of any length."""
    if not isinstance(value, str):
        raise refused(parameter, value, "a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refused(parameter, value, "a text that can be encoded in UTF-8") from None
    return value


def line(parameter: str, value: object) -> str:
    """Return a text of one line that is not blank."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise refused(parameter, value, "a text of one line that is not blank")
    return value


def word(*allowed: str) -> Validator:
    """Return a validator of one of these words, in any case, as the wire writes it."""
    spelled = {known.lower(): known for known in allowed}

    def read(parameter: str, value: object) -> str:
        found = spelled.get(value.strip().lower()) if isinstance(value, str) else None
        if found is None:
            raise refused(parameter, value, " or ".join(f"'{known}'" for known in allowed))
        return found

    return read


def whole_number(low: int, high: int | None = None, *, allowed: str | None = None) -> Validator:
    """Return a validator of a whole number, or of its digits, between two inclusive bounds."""
    bounds = f"from {low} to {high}" if high is not None else f"from {low}"
    wanted = allowed or f"a whole number {bounds}"

    def read(parameter: str, value: object) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            number = int(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            number = value
        else:
            raise refused(parameter, value, wanted)
        if not low <= number <= (_WIDEST if high is None else high):
            raise refused(parameter, value, wanted)
        return number

    return read


def digits(low: int, high: int, *, allowed: str | None = None) -> Validator:
    """Return a validator of a whole number that the wire takes as a text [D: cre]."""
    read = whole_number(low, high, allowed=allowed)
    return lambda parameter, value: str(read(parameter, value))


def digits_or_none(low: int, high: int) -> Validator:
    """Return a validator like `digits`, for which 0 means none."""
    read = whole_number(low, high)

    def read_or_none(parameter: str, value: object) -> str | None:
        number = read(parameter, value)
        return str(number) if number else None

    return read_or_none


def mapping(fields: Mapping[str, Validator], *, needed: Iterable[str] = ()) -> Validator:
    """Return a validator of an object with these fields, of which those `needed` are mandatory."""
    required = tuple(needed)

    def read(parameter: str, value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise refused(parameter, value, "a mapping with " + ", ".join(fields))
        for name in value:
            if name not in fields:
                raise unknown(parameter, name, fields)
        for name in required:
            if name not in value:
                raise refused(parameter, value, f"a mapping that has '{name}'")
        return {name: fields[name](f"{parameter}.{name}", one) for name, one in value.items()}

    return read


def plain(parameter: str, value: object) -> Any:
    """Return a value that JSON can hold, for parts whose fields are not documented."""
    if isinstance(value, str):
        return text(parameter, value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: plain(f"{parameter}.{name}", one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(f"{parameter}[{place}]", one) for place, one in enumerate(value)]
    raise refused(parameter, value, "a value that JSON has")


def objects(parameter: str, value: object) -> list[dict[str, Any]]:
    """Return a list of mappings, none of them empty."""
    found = plain(parameter, value)
    if not isinstance(found, list) or not all(isinstance(one, dict) and one for one in found):
        raise refused(parameter, value, "a list of mappings that are not empty")
    return found


def week_days(parameter: str, value: object) -> str:
    """Return seven flags, Sunday first, 1 for a chosen day [D: cre] [O: peer]."""
    flags = [flag.strip() for flag in value.split(",")] if isinstance(value, str) else []
    if len(flags) != 7 or not set(flags) <= {"0", "1"}:
        raise refused(parameter, value, "seven flags 0 or 1, Sunday first, such as '0,1,0,0,0,0,0'")
    return ",".join(flags)


def start(parameter: str, value: object) -> str | datetime:
    """Return a local time as the wire writes it [D: cre]; an aware datetime is returned unchanged.

    The local time of an aware one depends on the job's zone: see `local_text`.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else local_text(value)
    found = _START.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise refused(parameter, value, START_FORM)
    year, month, day, hour, minute, second = map(int, found.group(1, 2, 3, 4, 5, 6))
    try:
        if not 1 <= hour <= 12:
            raise ValueError  # noqa: TRY301 -- an invalid hour is an error as an invalid month is
        datetime(year, month, day, hour % 12, minute, second)  # noqa: DTZ001 -- local by nature
    except ValueError:
        raise refused(parameter, value, START_FORM + ", of a moment that exists") from None
    return str(value).strip()


def local_text(moment: datetime) -> str:
    """Format the clock of a datetime as the wire does, whatever the language of this machine."""
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.year:04}-{moment:%m-%d} {moment.hour % 12 or 12:02}:{moment:%M:%S} {half}"


def zone(parameter: str, value: object) -> str:
    """Return the name of an IANA time zone; the vendor's own list was not reachable [A]."""
    name = value.strip() if isinstance(value, str) else ""
    try:
        if name:
            return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is an OSError
        pass
    close = get_close_matches(name, available_timezones(), 1)
    hint = f"did you mean '{close[0]}'?" if close else None
    raise refused(parameter, value, "an IANA time zone such as 'America/New_York'", hint)


def addresses(parameter: str, value: object) -> str:
    """Return e-mail addresses as the wire takes them: one text, separated by commas [D: 3.12]."""
    parts: list[Any] = []
    if isinstance(value, str):
        parts = value.split(",")
    elif isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
        parts = list(value)
    found = [part.strip() for part in parts if isinstance(part, str)]
    if len(found) < len(parts) or not found or not all(map(_ADDRESS.fullmatch, found)):
        raise refused(parameter, value, "one or more e-mail addresses, separated by commas")
    return ",".join(found)
