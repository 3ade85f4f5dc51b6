"""Daily, weekly and monthly schedules in the local time of a machine.

A local time that daylight saving skips is shifted by the skipped hour; one that occurs twice counts
the first time. [D: pm_installation_schedule.htm: the time is that of the device; daily, weekly,
monthly or manual]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Days and local time of day of a repeated event.

    `weekdays` count from Monday = 0; a monthly schedule has one weekday, and `week` is its number
    in the month (second Tuesday: `weekdays=(1,)`, `week=2`). A manual schedule has no occurrences.
    """

    kind: Literal["daily", "weekly", "monthly", "manual"]
    local_time: time = time(0)
    weekdays: tuple[int, ...] = ()
    week: int = 0

    def falls_on(self, day: date) -> bool:
        """Return whether the event occurs on this local day."""
        if self.kind == "daily":
            return True
        if self.kind == "manual" or day.weekday() not in self.weekdays:
            return False
        return self.kind == "weekly" or (day.day + 6) // 7 == self.week

    def occurrences(self, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield, in order, the UTC times in (after, until] at which the event occurs."""
        if self.kind == "manual":
            return
        day = after.astimezone(zone).date() - DAY
        last = until.astimezone(zone).date() + DAY
        while day <= last:
            if self.falls_on(day):
                at = datetime.combine(day, self.local_time, zone).astimezone(UTC)
                if after < at <= until:
                    yield at
            day += DAY

    def next_after(self, zone: ZoneInfo, after: datetime) -> datetime | None:
        """Return the first UTC time after `after`, or None for a manual schedule."""
        return next(self.occurrences(zone, after, after + 62 * DAY), None)

    def described(self) -> str:
        """Return the schedule in English, as the settings page of a dashboard shows it."""
        at = self.local_time.strftime("%H:%M")
        days = ", ".join(WEEKDAYS[day] for day in self.weekdays)
        match self.kind:
            case "daily":
                return f"daily at {at}"
            case "weekly":
                return f"{days} at {at}"
            case "monthly":
                return f"{days} number {self.week} of the month at {at}"
        return "manual"


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """Return the day that is the nth such weekday of the month (Monday = 0)."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
