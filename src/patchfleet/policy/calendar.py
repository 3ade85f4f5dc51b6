"""Calendar arithmetic in a time zone: days and months after an instant.

An hour is an hour anywhere. A day or a month later is the same local time: over a change to summer
time it is an hour shorter or longer, and in a shorter month it is the last day. A local time that
occurs twice is the first of the two, one that is skipped is moved by the length of the gap, so that
a deadline is always one instant. Instants returned are UTC.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from patchfleet.policy.pack import Span

INSTANT = timedelta(microseconds=1)
"""Resolution of a datetime."""


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day in a time zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the last instant of a day in a time zone."""
    return start_of(day + timedelta(days=1), zone) - INSTANT


def instant_of(when: datetime | date, zone: ZoneInfo) -> datetime:
    """Return a time as UTC; a plain date is midnight in the time zone."""
    return when.astimezone(UTC) if isinstance(when, datetime) else start_of(when, zone)


def after(start: datetime, span: Span, zone: ZoneInfo) -> datetime:
    """Return the instant a span after another; raise OverflowError beyond the year 9999."""
    if span.unit == "hour":
        return start.astimezone(UTC) + timedelta(hours=span.amount)
    wall = start.astimezone(zone)
    if span.unit == "day":
        moved = wall.replace(tzinfo=None) + timedelta(days=span.amount)
    else:
        moved = _months_later(wall.replace(tzinfo=None), span.amount)
    return moved.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _months_later(wall: datetime, months: int) -> datetime:
    years, month = divmod(wall.month - 1 + months, 12)
    year = wall.year + years
    if year > date.max.year:
        raise OverflowError(f"there is no year {year}")
    last = monthrange(year, month + 1)[1]
    return wall.replace(year=year, month=month + 1, day=min(wall.day, last))
