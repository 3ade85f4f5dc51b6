"""The two clocks of the emulator, and which of them a time on the wire comes from.

The one rule: whatever a vendor says about its world (when a patch was released, a device seen, a
job created, an answer made) is emulated time, at both vendors alike.  Only what a client compares
with its own clock is wall-clock time: the `iat` and `exp` of a token, the headers `Date` and
`Retry-After`.

The emulated clock is frozen, moves only when told, and never backwards.  The wall clock is read in
`Clock.wall_now` and nowhere else in the emulator.  All times are aware and UTC.
"""

from collections.abc import Callable
from datetime import UTC, datetime

DEFAULT_START = datetime(2026, 11, 13, 7, 0, tzinfo=UTC)
"""The Friday after a Patch Tuesday, early in the morning."""


class Clock:
    """Hold the emulated time; `wall` tells that of the client's side, by default the machine's."""

    def __init__(self, start: datetime, wall: Callable[[], datetime] | None = None) -> None:
        self.now = in_utc(start)
        self._wall = wall or (lambda: datetime.now(UTC))

    @property
    def wall_now(self) -> datetime:
        """Return the wall-clock time."""
        return self._wall()

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
