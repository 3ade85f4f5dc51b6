"""Rate limits, computed on a clock that is passed in.

Nothing here sleeps or reads a clock. One `RateLimit` is shared by all threads and tasks of a
client, under a lock.
"""

from collections import deque
from threading import Lock
from typing import Protocol

from patchfleet.errors import ConfigError


class RateLimiter(Protocol):
    """A limit on when calls begin: of one process, or of several together."""

    def take(self, now: float) -> float:
        """Take a place and return 0, or return the seconds after which to ask again."""
        ...

    def hold(self, until: float) -> None:
        """Give out no place before `until`."""
        ...


def whole_calls(calls: float, seconds: float) -> tuple[int, float]:
    """Return whole calls and their time; less than one call becomes one in a longer time."""
    return (1, seconds / calls) if 0 < calls < 1 else (int(calls), seconds)


class RateLimit:
    """Allow `calls` in any window of `seconds`, wherever the window begins.

    The vendor's own tools state 60 calls a minute and key [O: vendor-mcp PARTNER_GUIDE.md]; its
    manual asks for one automated call in 90 seconds [D: api_calls.htm], which is
    `RateLimit(1, seconds=90)`.
    """

    def __init__(self, calls: int = 60, *, seconds: float = 60.0) -> None:
        if calls < 1 or seconds <= 0:
            raise ConfigError(
                f"the rate limit must be greater than 0, not {calls} calls in {seconds:g} seconds",
                hint="at least 1 call and some seconds, or rate_limit=None for no limit",
            )
        self.calls = calls
        self.seconds = seconds
        self._starts: deque[float] = deque(maxlen=calls)
        self._not_before = float("-inf")
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"RateLimit({self.calls}, seconds={self.seconds:g})"

    def take(self, now: float) -> float:
        """Take a place and return 0, or return the seconds after which to ask again.

        No place is given out ahead of its time, so `hold` affects every caller that still waits.
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
        """Give out no place before `until`: the vendor asked all callers with this key to wait."""
        with self._lock:
            self._not_before = max(self._not_before, until)


class NoRateLimit:
    """No limit: for the emulator, and for callers that limit the rate elsewhere."""

    def __repr__(self) -> str:
        return "NoRateLimit()"

    def take(self, now: float) -> float:  # noqa: ARG002 -- the shape of RateLimiter
        """Return 0: there is always a place."""
        return 0.0

    def hold(self, until: float) -> None:
        """Do nothing: a caller that was asked to wait waits by itself."""
