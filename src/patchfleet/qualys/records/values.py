"""Conversion of Qualys's values: a value of the wire becomes a typed value, or None.

Most lists of Qualys are known from public clients only, so a field may hold another type than they
saw, and 0, -1 or a word for no value. A value that means none becomes None; an invalid one becomes
None too, and the `Door` notes it, so that it is named and never passed on; a single value in place
of a list is a list of one.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from patchfleet.models.vocabulary import kb_numbers

NOTHING: Final = frozenset(
    {
        *("", "-", "--", "n/a", "na", "none", "null", "nil", "not announced", "not available"),
        *("not applicable", "not set", "not specified", "undefined", "unknown"),
    }
)
"""Words by which a field has no value."""

_LONGEST: Final = max(map(len, NOTHING))

FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""No patch is older: an earlier time is in seconds instead of milliseconds, or invalid."""

AHEAD: Final = timedelta(hours=1)
"""Tolerated difference between clocks: a time further ahead of its answer is invalid."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""Characters that XML and terminals do not take."""
_BETWEEN = re.compile(r"[\s,;|]+")


def is_nothing(value: Any) -> bool:
    """Return whether a value means none: null, a blank, a word such as `N/A`."""
    return value is None or (isinstance(value, str) and value.strip().casefold() in NOTHING)


def moment_of(value: Any) -> Any:
    """Return the time of a value, None for none, or the value itself if it is not a time.

    Times are epoch milliseconds or ISO 8601; 0 and below mean never [O: elastic]. A value before
    1990, or outside the calendar, is not a time and is returned unchanged.
    """
    if isinstance(value, str) and _MILLISECONDS.fullmatch(value) and len(value) != len("20260131"):
        value = float(value)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            if value <= 0:
                return None
            found = _EPOCH + timedelta(milliseconds=value)
        elif isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
            if found <= _EPOCH:
                return None
        else:
            return value
    except (ValueError, OverflowError):
        return value
    return found if found >= FIRST else value


def text_of(value: Any) -> str | None:
    """Return the text of a value; None for a word that means none, for a list or object."""
    if type(value) is str and len(value) > _LONGEST and value.isprintable():
        return value if len(value.strip()) > _LONGEST or not is_nothing(value) else None
    if is_nothing(value) or isinstance(value, list | dict):
        return None
    return word_of(value)


def word_of(value: Any) -> str | None:
    """Return the vendor's own word, whatever it means; None for null, a list or an object."""
    if value is None or isinstance(value, list | dict):
        return None
    try:
        text = str(value)
    except ValueError:  # a number of more digits than Python formats
        return None
    return (text if text.isprintable() else _FORBIDDEN.sub("\ufffd", text)) or None


def id_of(value: Any) -> str:
    """Return an id, or the empty text if it is not a text."""
    return value if isinstance(value, str) else ""


def number_of(value: Any) -> int | None:
    """Return a whole number of 64 bits, which Qualys also sends as text; None for other values."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and not _MILLISECONDS.fullmatch(value.strip()):
        return None
    try:
        number = int(float(value)) if isinstance(value, str) and "." in value else int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1 << 63 else None


def count_of(value: Any) -> int | None:
    """Return a number of things; None if it is below 0 or not a number."""
    number = number_of(value)
    return number if number is not None and number >= 0 else None


def flag_of(value: Any) -> bool | None:
    """Return a flag, which Qualys also sends as 0 and 1 and as text; None for other values."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().casefold())
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def entries_of(value: Any) -> list[Any]:
    """Return the entries of a list: none, a single value in its place, or several."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


class Problem(NamedTuple):
    """A problem that several records share, with an example of the value."""

    records: tuple[str, ...]
    what: str
    sample: str

    def __str__(self) -> str:
        return f"{self.what}: {self.sample}" if self.sample else self.what


class Door:
    """Convert the values of records, and note the invalid ones.

    `answered_at` is the time of the vendor's answer: times of past events are not after it.
    """

    def __init__(self, answered_at: datetime) -> None:
        self.answered_at = answered_at
        self._noted: dict[str, tuple[dict[str, None], str]] = {}

    def note(self, record: str, what: str, value: object = None) -> None:
        """Note a problem of a record, and the record's value."""
        records, _ = self._noted.setdefault(what, ({}, "" if value is None else shown(value)))
        records[record] = None

    def note_all(self, record: str, problems: Iterable[str]) -> None:
        """Note values of a record that were not of their documented type, or damaged."""
        for problem in problems:
            self.note(record, problem)

    def take(self) -> list[Problem]:
        """Return the noted problems, and clear them."""
        noted, self._noted = self._noted, {}
        return [Problem(tuple(records), what, values) for what, (records, values) in noted.items()]

    def moment(
        self, value: Any, record: str, name: str, *, is_past: bool = True
    ) -> datetime | None:
        """Return a time, or None if it `is_past` and lies ahead of the answer."""
        if is_nothing(value):
            return None
        if not isinstance(value, datetime):
            self.note(record, f"{name} is not a time", value)
            return None
        if is_past and value > self.answered_at + AHEAD:
            self.note(record, f"{name} is ahead of its answer: {value:%Y-%m-%d %H:%M}")
            return None
        return value

    def text(self, value: Any, record: str, name: str) -> str | None:
        """Return a text; None for a word that means none, and for a list or an object."""
        if isinstance(value, list | dict):
            self.note(record, f"{name} is not a text", value)
        return text_of(value)

    def number(self, value: Any, record: str, name: str) -> int | None:
        """Return a number of things."""
        found = count_of(value)
        if found is None and not is_nothing(value) and value != -1:
            self.note(record, f"{name} is not a number", value)
        return found

    def texts(self, value: Any, record: str, name: str) -> list[str]:
        """Return the texts of a list."""
        return [
            text for one in entries_of(value) if (text := self.text(one, record, name)) is not None
        ]

    def ids(self, value: Any, record: str, name: str) -> list[str]:
        """Return the ids in a list of ids, or of records that have one, each once."""
        if type(value) is list and set(map(type, value)) <= {str} and "" not in value:
            return list(dict.fromkeys(value))
        return list(dict.fromkeys(self._ids(value, record, name)))

    def _ids(self, value: Any, record: str, name: str) -> Iterator[str]:
        for one in entries_of(value):
            found = one if isinstance(one, str) else getattr(one, "id", None)
            if isinstance(found, str) and found.strip():
                yield found.strip()
            else:
                self.note(record, f"{name} holds an invalid id", one)

    def cves(self, value: Any, record: str) -> tuple[str, ...]:
        """Return the CVE ids of a list, in capitals, each once; note other entries."""
        found: dict[str, None] = {}
        for one in entries_of(value):
            if type(one) is str and _CVE.fullmatch(one):
                found[one] = None
                continue
            for part in _BETWEEN.split(one.strip()) if isinstance(one, str) else [one]:
                word = part.upper() if isinstance(part, str) else ""
                if _CVE.fullmatch(word):
                    found[word] = None
                elif not is_nothing(part):
                    self.note(record, "cve holds an invalid CVE id", part)
        return tuple(found)

    def kb(self, value: Any, record: str) -> str | None:
        """Return the KB numbers of a field, separated by commas; other words are skipped.

        The patch engine writes words there for other products (`Gold`); only a value that is not a
        text is noted.
        """
        texts = self.texts(value, record, "kb")
        found = dict.fromkeys(number for text in texts for number in kb_numbers(text))
        return ", ".join(found) or None


def shown(value: object) -> str:
    """Return a value as a message shows it: short, and in one line."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):
        text = "a value too large to show"
    text = " ".join(text.split())
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
