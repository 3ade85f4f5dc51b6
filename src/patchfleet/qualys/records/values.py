"""The one door for what Qualys says: a value of the wire becomes a value, or unknown.

Most of Qualys's lists are known from public clients only, so a field may hold another type than
they saw, and 0, -1 or a word where there is nothing. Laws of this file: pure; what says that there
is nothing is None; what is no value of its kind is None too, and the `Door` notes it, so that it is
named and never passed on; one value where a list should stand is a list of one.
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
"""Words with which a field says that it has no value."""

_LONGEST: Final = max(map(len, NOTHING))

FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing that is patched is older: an earlier time is seconds for milliseconds, or none at all."""

AHEAD: Final = timedelta(hours=1)
"""How far clocks differ: a time that is further ahead of its answer is none."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""What XML and terminals do not take."""
_BETWEEN = re.compile(r"[\s,;|]+")


def is_nothing(value: Any) -> bool:
    """Say whether a value says that there is none: null, a blank, a word such as `N/A`."""
    return value is None or (isinstance(value, str) and value.strip().casefold() in NOTHING)


def moment_of(value: Any) -> Any:
    """Return the time that a value stands for, None for none, or the value itself.

    Times are epoch milliseconds or ISO 8601; 0 and below mean never [O: elastic]. What is before
    1990, or outside the calendar, is no time and comes back as it is.
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
    """Return the text of a value; None for none, for a word that means it, for a list or object."""
    if type(value) is str and len(value) > _LONGEST and value.isprintable():
        return value if len(value.strip()) > _LONGEST or not is_nothing(value) else None
    if is_nothing(value) or isinstance(value, list | dict):
        return None
    return word_of(value)


def word_of(value: Any) -> str | None:
    """Return the vendor's own word, whatever it means; None for none and for what is no word."""
    if value is None or isinstance(value, list | dict):
        return None
    try:
        text = str(value)
    except ValueError:  # a number of more digits than Python spells
        return None
    return (text if text.isprintable() else _FORBIDDEN.sub("\ufffd", text)) or None


def id_of(value: Any) -> str:
    """Return an id, or the empty text for what is none."""
    return value if isinstance(value, str) else ""


def number_of(value: Any) -> int | None:
    """Return a whole number of 64 bits, which Qualys also sends as text; None for what is none."""
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
    """Return a number of things; None for what is none, and for one below 0."""
    number = number_of(value)
    return number if number is not None and number >= 0 else None


def flag_of(value: Any) -> bool | None:
    """Return a flag, which Qualys also sends as 0 and 1 and as text; None for what is none."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().casefold())
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def entries_of(value: Any) -> list[Any]:
    """Return what stands in a list: none, one value in its place, or several."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


class Problem(NamedTuple):
    """What records have in common of which nothing can be made, and what one of them says."""

    records: tuple[str, ...]
    what: str
    sample: str

    def __str__(self) -> str:
        return f"{self.what}: {self.sample}" if self.sample else self.what


class Door:
    """Take in the values of records, and note those of which nothing can be made.

    `told_at` is when the vendor said all this: what it says of the past is not after it.
    """

    def __init__(self, told_at: datetime) -> None:
        self.told_at = told_at
        self._noted: dict[str, tuple[dict[str, None], str]] = {}

    def note(self, record: str, what: str, said: object = None) -> None:
        """Note a problem of a record, and what it says there."""
        records, _ = self._noted.setdefault(what, ({}, "" if said is None else shown(said)))
        records[record] = None

    def note_all(self, record: str, problems: Iterable[str]) -> None:
        """Note what of a record was not of its documented type, or damaged."""
        for problem in problems:
            self.note(record, problem)

    def take(self) -> list[Problem]:
        """Return what was noted, and forget it."""
        noted, self._noted = self._noted, {}
        return [Problem(tuple(records), what, said) for what, (records, said) in noted.items()]

    def moment(
        self, value: Any, record: str, name: str, *, is_past: bool = True
    ) -> datetime | None:
        """Return a time, as a `Moment` shows it; one ahead of its telling is none, if `is_past`."""
        if is_nothing(value):
            return None
        if not isinstance(value, datetime):
            self.note(record, f"{name} is no time", value)
            return None
        if is_past and value > self.told_at + AHEAD:
            self.note(
                record, f"{name} is ahead of the answer that tells it: {value:%Y-%m-%d %H:%M}"
            )
            return None
        return value

    def text(self, value: Any, record: str, name: str) -> str | None:
        """Return a text; None for a word that means none, and for a list or an object."""
        if isinstance(value, list | dict):
            self.note(record, f"{name} is no text", value)
        return text_of(value)

    def number(self, value: Any, record: str, name: str) -> int | None:
        """Return a number of things."""
        found = count_of(value)
        if found is None and not is_nothing(value) and value != -1:
            self.note(record, f"{name} is no number", value)
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
                self.note(record, f"{name} holds what is no id", one)

    def cves(self, value: Any, record: str) -> tuple[str, ...]:
        """Return the CVE ids of a list, in capitals, each once; what is none is noted."""
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
                    self.note(record, "cve holds what is no CVE id", part)
        return tuple(found)

    def kb(self, value: Any, record: str) -> str | None:
        """Return the KB numbers of a field, several with a comma between; a word is no number.

        What the patch engine writes there of other products (`Gold`) says nothing, and is noted
        only where it is no text at all.
        """
        texts = self.texts(value, record, "kb")
        found = dict.fromkeys(number for text in texts for number in kb_numbers(text))
        return ", ".join(found) or None


def shown(value: object) -> str:
    """Return a value as a sentence shows it: short, and in one line."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):
        text = "a value too large to show"
    text = " ".join(text.split())
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"
