"""N-able's codes and their labels: policy, status, placeholders, dates.

An undocumented number is kept, with the label of the wire if there is one.
"""

import re
from datetime import UTC, datetime
from typing import Literal

Choice = Literal["ignore", "approve", "do_nothing"]

SET_BY_USER = 64
"""Added to a policy that was set on the device, by API or dashboard, not inherited [O: peer]."""

FAILED = 16
"""The status of a patch whose installation failed [O: peer]."""

CHOICES: dict[int, Choice] = {1: "ignore", 2: "approve", 4: "do_nothing"}
CHOICE_LABELS = {1: "Ignore", 2: "Approve", 4: "Do Nothing"}

STATUS_LABELS = {
    1: "Missing",
    2: "Pending",
    4: "Queued",
    8: "Installed",
    16: "Failed",
    # The existing wrapper has 23; every other number is a power of two and a script that prints
    # its block for 32 after patch_ignore was run live [O: acmeo]. Both are read as Ignored.
    23: "Ignored",
    32: "Ignored",
    64: "Reboot Required",
}

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DAY = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?")


PLACEHOLDERS = frozenset(
    {"", "-", "--", "none", "null", "(null)", "nil", "n/a", "na", "not available", "not set"}
    | {"unknown", "undefined", "0000-00-00", "0000-00-00 00:00:00"}
)
"""Placeholders for no value, in lower case [O: peer docs; I]."""

LONGEST_NUMBER = 18
"""Digits of the longest number: no vendor counts further, and no database holds more."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""A time outside of these is a placeholder: 0, -1, the year 1 and the year 9999."""

_SECONDS = EARLIEST.timestamp(), LATEST.timestamp()


def base_choice(policy: int) -> Choice | None:
    """Return the decision of a policy number, or None for an undocumented one."""
    return CHOICES.get(policy & ~SET_BY_USER)


def is_set_by_user(policy: int) -> bool:
    """Return whether a policy was set on the device itself: 66 is, 2 is inherited."""
    return policy & SET_BY_USER != 0


def policy_label(policy: int, label: str | None) -> str:
    """Return the wire's label, or the documented one, or the bare number."""
    return label or CHOICE_LABELS.get(policy & ~SET_BY_USER) or f"Unknown ({policy})"


def status_label(status: int, label: str | None) -> str:
    """Return the wire's label, or the documented one, or the bare number."""
    return label or STATUS_LABELS.get(status) or f"Unknown ({status})"


def is_placeholder(text: str | None) -> bool:
    """Return whether a text means none: empty, `Not Available`, `N/A`, `(null)` and the like."""
    return (text or "").strip().casefold() in PLACEHOLDERS


def text_or_none(text: str | None) -> str | None:
    """Return a text without surrounding blanks; None for a placeholder."""
    return None if is_placeholder(text) else (text or "").strip()


def whole_number(text: str | None) -> int | None:
    """Read plain digits, as ids and counts are written; None for anything else."""
    if text and len(text) <= LONGEST_NUMBER and text.isascii() and text.isdigit():
        return int(text)
    return None


def moment(text: str | None) -> datetime | None:
    """Read any of N-able's date forms as UTC; None for a placeholder or a malformed text.

    Forms: `2025-01-09 12:12:51`, `2025-01-09`, `31-Jul-2024`, `31-Jul-2024 00:00`. The placeholder
    `0000-00-00 00:00:00` and `Not Available` are None, and so are times before 1990 or after 2099,
    which are placeholders too. The vendor's own examples are malformed in some places; the text
    itself stays in the record.
    """
    if not text:
        return None
    found = _ISO.fullmatch(text)
    if found:
        year, month, day = found.group(1, 2, 3)
        return _utc(int(year), int(month), int(day), found.group(4, 5, 6))
    found = _DAY.fullmatch(text)
    if found and found.group(2).lower() in _MONTHS:
        month_number = _MONTHS[found.group(2).lower()]
        return _utc(int(found.group(3)), month_number, int(found.group(1)), found.group(4, 5, 6))
    return None


def unix_moment(seconds: int | None) -> datetime | None:
    """Read Unix seconds as UTC; None for 0, -1 and other placeholders."""
    if seconds is None or not _SECONDS[0] <= seconds < _SECONDS[1]:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def stamp(text: str | None) -> datetime | None:
    """Read the `created` attribute: ISO 8601 with an offset; None if it is malformed."""
    try:
        parsed = datetime.fromisoformat(text or "")
        return parsed.astimezone(UTC) if parsed.tzinfo is not None else None
    except (ValueError, OverflowError):  # another form, or a moment before the year 1
        return None


def _utc(year: int, month: int, day: int, clock: tuple[str | None, ...]) -> datetime | None:
    hour, minute, second = (int(part or 0) for part in clock)
    try:
        found = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return found if EARLIEST <= found < LATEST else None
