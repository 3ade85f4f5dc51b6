"""A pace that all processes with the same key keep together, through the store.

Law of this file: a call begins only when the row of its account says that its time has come, and
whoever takes that time moves it on in the same transaction.
"""

import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, insert, select, update

from patchfleet.store.database import Database
from patchfleet.store.schema import pace


class SharedPace:
    """Let the calls of one account begin evenly, so many a minute in all processes; see `Store`.

    The shape of `transport.pace.Pace`. `account` names a key without telling it. The clock is the
    wall's, since processes and machines share no other; one that jumps back costs a wait of one
    interval at most.
    """

    def __init__(
        self,
        database: Database,
        account: str,
        calls_per_minute: float,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._account = account
        self._interval = round(60_000_000 / calls_per_minute)
        self._clock = clock

    def __repr__(self) -> str:
        return f"SharedPace({60_000_000 / self._interval:g} calls a minute)"

    def take(self, now: float) -> float:  # noqa: ARG002 -- the shape of Pace; see the class
        """Take a place and return 0, or return after how many seconds to ask again."""
        at = self._now()
        with self._database.write(alone=True) as connection:
            row = connection.execute(select(pace).where(self._mine)).first()
            if row is None:
                values = {"account": self._account, "next_at": 0, "not_before": 0}
                connection.execute(insert(pace), values)
            # A time further ahead than one interval was left by a clock that has gone back since.
            free = min(row.next_at, at + self._interval) if row else 0
            free = max(free, row.not_before if row else 0)
            if free > at:
                return (free - at) / 1e6
            connection.execute(update(pace).where(self._mine).values(next_at=at + self._interval))
        return 0.0

    def hold(self, until: float) -> None:
        """Give out no place before `until`, on the caller's clock, to any of the processes."""
        at = self._now() + max(0, round((until - time.monotonic()) * 1e6))
        with self._database.write(alone=True) as connection:
            later = update(pace).where(self._mine, pace.c.not_before < at)
            connection.execute(later.values(not_before=at))

    @property
    def _mine(self) -> ColumnElement[bool]:
        return pace.c.account == self._account

    def _now(self) -> int:
        return round(self._clock() * 1e6)
