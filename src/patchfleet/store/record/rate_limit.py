"""Rate limit shared by all processes with the same key, through the store.

A call starts only when the row of its account has room; the process that takes the place records it
in the same transaction.
"""

import time
from collections.abc import Callable
from threading import Lock

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from patchfleet.store.record.database import Database
from patchfleet.store.record.schema import pace

LONGEST_HOLD_SECONDS = 3600.0
"""A hold that ends later is ignored: it dates from before the clock was set back."""


class SharedRateLimit:
    """Allow `calls` in any window of `seconds`, to all processes that open the same store.

    The interface of `transport.pace.Pace`. `account` identifies an API key without revealing it.
    The clock is the database's, read under its write lock; starts and holds that lie in the future
    because the clock was set back are ignored.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        calls: int,
        *,
        seconds: float,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.calls, self.seconds = calls, seconds
        self._database, self._account, self._clock = database, account, clock
        # One thread of a process at a time: each would need a connection of its own.
        self._turn = Lock()

    def __repr__(self) -> str:
        return f"SharedRateLimit({self.calls}, seconds={self.seconds:g})"

    def take(self, now: float) -> float:  # noqa: ARG002 -- the shape of Pace; see the class
        """Take a place and return 0, or return the seconds to wait before the next try."""
        window = round(self.seconds * 1e6)
        with self._turn, self._database.write(alone=True) as connection:
            at = self._now(connection)
            row = connection.execute(select(pace).where(self._mine)).first()
            if row is None:
                values = {"account": self._account, "starts": "[]", "not_before": 0}
                connection.execute(insert(pace), values)
            starts: list[int] = msgspec.json.decode(row.starts) if row else []
            starts = [start for start in starts if at - window < start <= at]
            held = row.not_before if row else 0
            free = held if held <= at + LONGEST_HOLD_SECONDS * 1e6 else 0
            if len(starts) >= self.calls:
                free = max(free, starts[-self.calls] + window)
            if free > at:
                return (free - at) / 1e6
            text = msgspec.json.encode([*starts, at]).decode()
            connection.execute(update(pace).where(self._mine).values(starts=text))
        return 0.0

    def hold(self, until: float) -> None:
        """Allow no process a call before `until` on the caller's clock."""
        seconds = min(until - time.monotonic(), LONGEST_HOLD_SECONDS)
        wait = max(0, round(seconds * 1e6))
        with self._turn, self._database.write(alone=True) as connection:
            at = self._now(connection) + wait
            forgotten = pace.c.not_before > at - wait + round(LONGEST_HOLD_SECONDS * 1e6)
            later = update(pace).where(self._mine, or_(pace.c.not_before < at, forgotten))
            connection.execute(later.values(not_before=at))

    @property
    def _mine(self) -> ColumnElement[bool]:
        return pace.c.account == self._account

    def _now(self, connection: Connection) -> int:
        """Read the clock under the lock: an earlier reading would miss calls made meanwhile."""
        clock = self._clock
        seconds = self._database.backend.clock(connection) if clock is None else clock()
        return round(seconds * 1e6)
