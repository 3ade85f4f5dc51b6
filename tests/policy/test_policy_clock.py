"""Days and months on the wall clock: month ends, leap years, changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.policy.calendar import after, end_of, instant_of, start_of
from patchfleet.policy.pack import Span

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
SYDNEY = ZoneInfo("Australia/Sydney")
BEIRUT = ZoneInfo("Asia/Beirut")
ZONES = st.sampled_from([LONDON, NEW_YORK, SYDNEY, BEIRUT, ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo")])
MONTH = Span(1, "month")


def wall(text, zone):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        ("2026-01-31T10:00", 1, "2026-02-28T10:00"),
        ("2028-01-31T10:00", 1, "2028-02-29T10:00"),
        ("2100-01-31T10:00", 1, "2100-02-28T10:00"),
        ("2028-01-29T10:00", 1, "2028-02-29T10:00"),
        ("2028-02-29T10:00", 12, "2029-02-28T10:00"),
        ("2026-03-31T10:00", 1, "2026-04-30T10:00"),
        ("2026-04-30T10:00", 1, "2026-05-30T10:00"),
        ("2026-12-31T10:00", 1, "2027-01-31T10:00"),
        ("2026-12-31T10:00", 2, "2027-02-28T10:00"),
        ("2026-11-30T23:59:59.999999", 3, "2027-02-28T23:59:59.999999"),
    ],
)
@pytest.mark.parametrize("zone", [LONDON, NEW_YORK, SYDNEY], ids=str)
def test_a_month_later(start, months, due, zone):
    assert after(wall(start, zone), Span(months, "month"), zone) == wall(due, zone)


def test_a_month_is_the_months_of_the_fleet_and_not_of_utc():
    start = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)  # in Sydney it is the first of February
    assert after(start, MONTH, SYDNEY) == wall("2026-03-01T10:30", SYDNEY)
    assert after(start, MONTH, ZoneInfo("UTC")) == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "span", "hours"),
    [
        ("2026-03-28T12:00", Span(1, "day"), 23),  # clocks go forward on the 29th
        ("2026-10-24T12:00", Span(1, "day"), 25),  # and back on the 25th of October
        ("2026-03-20T12:00", Span(14, "day"), 14 * 24 - 1),
        ("2026-10-20T12:00", Span(14, "day"), 14 * 24 + 1),
        ("2026-03-28T12:00", Span(48, "hour"), 48),
        ("2026-10-24T12:00", Span(48, "hour"), 48),
        ("2026-10-01T12:00", MONTH, 31 * 24 + 1),
    ],
)
def test_over_a_change_of_the_clock(start, span, hours):
    begin = wall(start, LONDON)
    assert after(begin, span, LONDON) - begin.astimezone(UTC) == timedelta(hours=hours)


def test_a_time_the_clock_leaps_over_is_that_much_later():
    due = after(wall("2026-03-28T01:30", LONDON), Span(1, "day"), LONDON)
    assert due == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 02:30 by the clock


def test_a_time_the_clock_shows_twice_is_the_first():
    due = after(wall("2026-10-24T01:30", LONDON), Span(1, "day"), LONDON)
    assert due == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert after(second, Span(1, "day"), LONDON) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_day_without_midnight_begins_when_it_begins():
    assert start_of(date(2026, 3, 29), BEIRUT) == datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert end_of(date(2026, 3, 28), BEIRUT) == datetime(
        2026, 3, 28, 21, 59, 59, 999999, tzinfo=UTC
    )


def test_the_last_instant_of_a_day():
    assert end_of(date(2026, 6, 30), LONDON) == wall("2026-06-30T23:59:59.999999", LONDON)


def test_a_plain_date_is_midnight_of_the_fleet():
    assert instant_of(date(2026, 7, 1), LONDON) == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert instant_of(wall("2026-07-01T08:00", NEW_YORK), LONDON) == datetime(
        2026, 7, 1, 12, tzinfo=UTC
    )


@pytest.mark.parametrize("span", [MONTH, Span(14, "day"), Span(720, "hour")], ids=str)
def test_beyond_the_calendar(span):
    with pytest.raises(OverflowError):
        after(datetime(9999, 12, 25, tzinfo=UTC), span, LONDON)


SPANS = st.builds(Span, st.integers(1, 90), st.sampled_from(["hour", "day", "month"]))
TIMES = st.datetimes(
    datetime.fromisoformat("1990-01-01"),
    datetime.fromisoformat("2090-01-01"),
    timezones=st.just(UTC),
)


@given(TIMES, SPANS, ZONES)
def test_what_is_later_is_later(start, span, zone):
    assert after(start, span, zone) > start


@given(TIMES, st.integers(0, 10**10), SPANS, ZONES)
def test_what_starts_later_is_not_due_earlier_but_for_the_hour_shown_twice(start, more, span, zone):
    later = start + timedelta(microseconds=more)
    slack = timedelta(hours=1)
    assert after(later, span, zone) >= after(start, span, zone) - slack


@given(TIMES, st.integers(1, 90), ZONES)
def test_days_keep_the_wall_clock_unless_it_leaps(start, days, zone):
    begin = start.astimezone(zone)
    due = after(start, Span(days, "day"), zone).astimezone(zone)
    assert due.date() == begin.date() + timedelta(days=days)
    assert due.minute == begin.minute
    assert 0 <= due.hour - begin.hour <= 1
