"""The emulated clock: frozen, it moves only when told and never backwards.

Law of this file: nothing reads the wall clock.  All times are aware and UTC.
"""

from datetime import UTC, datetime

DEFAULT_START = datetime(2026, 11, 13, 7, 0, tzinfo=UTC)
"""The Friday after a Patch Tuesday, early in the morning."""


class Clock:
    """Hold the emulated time."""

    def __init__(self, start: datetime) -> None:
        self.now = in_utc(start)

    def move_to(self, when: datetime) -> None:
        """Move to a time; raise ValueError when it has passed already or has no zone."""
        when = in_utc(when)
        if when < self.now:
            raise ValueError(
                f"the clock is at {self.now.isoformat()} and cannot go back to {when.isoformat()}"
            )
        self.now = when


def in_utc(when: datetime) -> datetime:
    """Return the same instant in UTC; raise ValueError for a time without a zone."""
    if when.tzinfo is None:
        raise ValueError(f"the time {when.isoformat()} has no zone: add one, such as Z")
    return when.astimezone(UTC)
