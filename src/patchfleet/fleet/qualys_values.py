"""Single values of Qualys's records, whatever type came.

Most of Qualys's lists are known from public clients only, so a field may be of another type than
they saw. Law of this file: what can be said as text is kept as text; what must be a time, a number
or a flag and is not, is unknown; a list that others depend on has to be one.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from patchfleet.errors import Unreadable


def text(value: Any) -> str | None:
    """Return the text of a value; None for none, and for an empty one."""
    return None if value is None or value == "" else str(value)


def moment(value: Any) -> datetime | None:
    """Return a time; None for none, and for words such as "Not Announced"."""
    return value if isinstance(value, datetime) else None


def number(value: Any) -> int | None:
    """Return a whole number, which Qualys also sends as text; None for what is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def flag(value: Any) -> bool | None:
    """Return a flag, which Qualys also sends as 0 and 1; None for what is none."""
    return bool(value) if isinstance(value, int) else None


def entries(value: Any, what: str) -> list[Any]:
    """Return a list, empty for none; raise `Unreadable` for what is no list."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{what} are no list")
    return value


def ids(value: Any, what: str) -> Iterable[str]:
    """Yield the ids in a list of ids, or of records that have one.

    Raises `Unreadable` for what is no list, and for an entry without an id.
    """
    for one in entries(value, what):
        found = one if isinstance(one, str) else getattr(one, "id", None)
        if not isinstance(found, str) or not found:
            raise Unreadable(f"one of {what} has no id")
        yield found
