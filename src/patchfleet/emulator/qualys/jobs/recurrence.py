"""Recurrence of a job: its schedule as arithmetic on local times.

A run has one *local* time; with AGENT_TZ every asset begins when its own clock reaches it, with
SPECIFIC_TZ all begin at one instant. [D: cre; D: sch] Choices where the pages are silent: a day
that a month does not have is skipped; `startDateTime` is the earliest run, and its time of day is
that of every run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from patchfleet.emulator.schedule import nth_weekday

RUN_ONCE = ("On-demand", "Once")
RECURRING = ("Daily", "Weekly", "Monthly")
_DAY = timedelta(days=1)
_TUESDAY = 1
_HORIZON_DAYS = 400
"""Longer than any gap between two runs: several months a year have a fifth Monday."""


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of the month, given in exactly one of four ways.

    `nth` is (week 1..5, weekday with Sunday = 0); `from_patch_tuesday` counts days from the second
    Tuesday, negative ones before it, and may lead into a neighbouring month.
    """

    day: int | None = None
    is_last: bool = False
    nth: tuple[int, int] | None = None
    from_patch_tuesday: int | None = None

    def falls_on(self, day: date) -> bool:
        """Return whether `day` is this day of its month."""
        if self.is_last:
            return (day + _DAY).day == 1
        if self.nth is not None:
            week, weekday = self.nth
            return _from_sunday(day) == weekday and (day.day + 6) // 7 == week
        if self.from_patch_tuesday is not None:
            tuesday = day - timedelta(days=self.from_patch_tuesday)
            return tuesday == nth_weekday(tuesday.year, tuesday.month, _TUESDAY, 2)
        return day.day == self.day


@dataclass(frozen=True, slots=True)
class Timetable:
    """The schedule of a job; `zone` is None if each asset uses its own.

    `starts` is local and naive, None only for On-demand; `weekdays` count from Sunday = 0.
    """

    kind: str
    starts: datetime | None = None
    zone: ZoneInfo | None = None
    weekdays: frozenset[int] = frozenset()
    month_day: MonthDay | None = None

    @property
    def is_recurring(self) -> bool:
        """Return whether it has more than one run."""
        return self.kind in RECURRING

    def falls_on(self, day: date) -> bool:
        """Return whether a recurring job runs on this local day."""
        if self.kind == "Weekly":
            return _from_sunday(day) in self.weekdays
        if self.month_day is not None:
            return self.month_day.falls_on(day)
        return True

    def local_times(self, since: date) -> Iterator[datetime]:
        """Yield the local times of the runs on or after a day, in order; none for On-demand."""
        if self.starts is None:
            return
        if not self.is_recurring:
            yield self.starts
            return
        first = max(since, self.starts.date())
        for days in range(_HORIZON_DAYS):
            day = first + days * _DAY
            if self.falls_on(day):
                yield datetime.combine(day, self.starts.time())

    def begins(self, local: datetime, asset_zone: ZoneInfo) -> datetime:
        """Return the UTC time at which an asset in a zone begins the run of a local time."""
        return local.replace(tzinfo=self.zone or asset_zone).astimezone(UTC)


def read_timetable(body: Mapping[str, Any]) -> Timetable:
    """Return the timetable of a job's validated body."""
    kind = body["scheduleType"]
    if kind == "On-demand":
        return Timetable(kind)
    flags = (body["recurringWeekDays"] or "").split(",")
    return Timetable(
        kind,
        starts=local_time(body["startDateTime"]),
        zone=ZoneInfo(body["timezone"]) if body["timezoneType"] == "SPECIFIC_TZ" else None,
        weekdays=frozenset(day for day, flag in enumerate(flags) if flag.strip() == "1"),
        month_day=month_day(body) if kind == "Monthly" else None,
    )


def month_day(body: Mapping[str, Any]) -> MonthDay:
    """Return the day of the month in a body; raise ValueError unless exactly one is given."""
    named = []
    if int(body["dayOfMonth"] or 0):
        named.append(MonthDay(day=int(body["dayOfMonth"])))
    if body["recurringLastDayOfMonth"]:
        named.append(MonthDay(is_last=True))
    week, weekday = body["recurringDayOfMonth"], body["recurringWeekDayOfMonth"]
    if week and weekday:
        named.append(MonthDay(nth=(int(week), int(weekday))))
    if body["monthlyRecurringType"] == "1":
        named.append(MonthDay(from_patch_tuesday=int(body["patchTuesdayPlusXDays"] or 0)))
    if len(named) != 1:
        raise ValueError(
            "a Monthly job needs exactly one of dayOfMonth, recurringLastDayOfMonth, "
            "recurringDayOfMonth with recurringWeekDayOfMonth, or monthlyRecurringType 1, "
            f"and this one has {len(named)}"
        )
    return named[0]


def local_time(text: str) -> datetime:
    """Return the naive time of the vendor's format, `2022-2-20 01:18:30 PM` [D: cre].

    Raises ValueError for anything else.
    """
    return datetime.strptime(text, "%Y-%m-%d %I:%M:%S %p")  # noqa: DTZ007 - it is local


def local_text(when: datetime) -> str:
    """Return a time in the vendor's format, with the month unpadded as in its sample."""
    return f"{when.year}-{when.month}-{when.day} {when:%I:%M:%S %p}"


def _from_sunday(day: date) -> int:
    return (day.weekday() + 1) % 7
