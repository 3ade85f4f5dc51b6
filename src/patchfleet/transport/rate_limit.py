"""Rate limits as arithmetic on a clock that is passed in.

Law of this file: nothing sleeps and nothing reads a clock. One `RateLimit` is shared by all threads
and tasks of a client, so its few lines stand under a lock.
"""

from collections import deque
from threading import Lock
from typing import Protocol

from patchfleet.errors import ConfigError


class RateLimiter(Protocol):
    """Who says when a call may begin: one process by itself, or several together."""

    def take(self, now: float) -> float:
        """Take a place and return 0, or return after how many seconds to ask again."""
        ...

    def hold(self, until: float) -> None:
        """Give out no place before `until`."""
        ...


def whole_calls(calls: float, seconds: float) -> tuple[int, float]:
    """Return a number of calls and a time; less than one call is one in more than the time."""
    return (1, seconds / calls) if 0 < calls < 1 else (int(calls), seconds)


class RateLimit:
    """Allow `calls` in any window of `seconds`: never one more, wherever the window is laid.

    The vendor's own tools state 60 calls a minute and key [O: vendor-mcp PARTNER_GUIDE.md]; its
    manual asks for one automated call in 90 seconds [D: api_calls.htm], which is
    `Pace(1, seconds=90)`.
    """

    def __init__(self, calls: int = 60, *, seconds: float = 60.0) -> None:
        if calls < 1 or seconds <= 0:
            raise ConfigError(
                f"a pace of {calls} calls in {seconds:g} seconds is none",
                hint="at least 1 call and some seconds, or pace=None for no limit",
            )
        self.calls = calls
        self.seconds = seconds
        self._starts: deque[float] = deque(maxlen=calls)
        self._not_before = float("-inf")
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Pace({self.calls}, seconds={self.seconds:g})"

    def take(self, now: float) -> float:
        """Take a place and return 0, or return after how many seconds to ask again.

        No place is given out ahead of its time, so that `hold` concerns whoever still waits.
        """
        with self._lock:
            free = self._not_before
            if len(self._starts) == self.calls:
                free = max(free, self._starts[0] + self.seconds)
            if free > now:
                return free - now
            self._starts.append(now)
            return 0.0

    def hold(self, until: float) -> None:
        """Give out no place before `until`: the vendor asked everybody with this key to wait."""
        with self._lock:
            self._not_before = max(self._not_before, until)


class NoRateLimit:
    """No limit: for the emulator and for whoever keeps the pace elsewhere."""

    def __repr__(self) -> str:
        return "Unpaced()"

    def take(self, now: float) -> float:  # noqa: ARG002 -- the shape of Pace
        """Return 0: there is always a place."""
        return 0.0

    def hold(self, until: float) -> None:
        """Take no notice: whoever was asked to wait waits by itself."""
