"""Emulated clock and wall clock, and the choice between them for every time on the wire.

Whatever a vendor reports about its world (release of a patch, last contact of a device, creation of
a job, time of an answer) is emulated time, for both vendors. Only what a client compares with its
own clock is wall-clock time: `iat` and `exp` of a token, the headers `Date` and `Retry-After`.

The emulated clock moves only on request and never backwards. The wall clock is read in
`Clock.wall_now` and nowhere else in the emulator. All times are aware and UTC.
"""

from collections.abc import Callable
from datetime import UTC, datetime

DEFAULT_START = datetime(2026, 11, 13, 7, 0, tzinfo=UTC)
"""The Friday after a Patch Tuesday, early in the morning."""


class Clock:
    """The emulated time; `wall` returns the client's time, by default the machine's."""

    def __init__(self, start: datetime, wall: Callable[[], datetime] | None = None) -> None:
        self.now = in_utc(start)
        self._wall = wall or (lambda: datetime.now(UTC))

    @property
    def wall_now(self) -> datetime:
        """Return the wall-clock time."""
        return self._wall()

    def move_to(self, when: datetime) -> None:
        """Move to a time; raise ValueError if it is in the past or has no zone."""
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
