from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from patchfleet.emulator.clock import Clock
from patchfleet.emulator.schedule import Schedule, nth_weekday

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")


def hours(schedule, zone, begin, end):
    return [at.strftime("%m-%d %H:%M") for at in schedule.occurrences(zone, begin, end)]


def day(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_a_daily_time_is_local_and_moves_in_utc_when_the_clocks_go_back():
    found = hours(Schedule("daily", time(12)), BERLIN, day(2026, 10, 24), day(2026, 10, 27))
    assert found == ["10-24 10:00", "10-25 11:00", "10-26 11:00"]


def test_a_time_that_daylight_saving_skips_comes_an_hour_later_on_the_wall():
    found = hours(Schedule("daily", time(2, 30)), BERLIN, day(2026, 3, 28), day(2026, 3, 31))
    assert found == ["03-28 01:30", "03-29 01:30", "03-30 00:30"]


def test_a_time_that_comes_twice_happens_once_the_first_time():
    found = hours(Schedule("daily", time(2, 30)), BERLIN, day(2026, 10, 24, 12), day(2026, 10, 26))
    assert found == ["10-25 00:30"]


def test_zones_off_by_half_an_hour_are_met():
    found = hours(Schedule("daily", time(0, 15)), KOLKATA, day(2026, 1, 1), day(2026, 1, 2))
    assert found == ["01-01 18:45"]


def test_weekly_falls_on_the_local_weekday():
    sydney = ZoneInfo("Australia/Sydney")
    monday = Schedule("weekly", time(3), (0,))
    found = list(monday.occurrences(sydney, day(2026, 11, 13), day(2026, 11, 25)))
    assert [at.isoformat() for at in found] == [
        "2026-11-15T16:00:00+00:00",
        "2026-11-22T16:00:00+00:00",
    ]


def test_monthly_is_the_nth_weekday():
    second_tuesday = Schedule("monthly", time(9), (1,), 2)
    found = hours(second_tuesday, ZoneInfo("UTC"), day(2026, 9, 1), day(2026, 12, 1))
    assert found == ["09-08 09:00", "10-13 09:00", "11-10 09:00"]
    assert nth_weekday(2026, 11, 1, 2) == date(2026, 11, 10)


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("weekday", range(7))
def test_the_nth_weekday_is_the_same_both_ways(weekday, nth):
    schedule = Schedule("monthly", time(0), (weekday,), nth)
    days = [date(2026, 1, 1) + timedelta(days=count) for count in range(365)]
    found = [day for day in days if schedule.falls_on(day)]
    assert found == [nth_weekday(2026, month, weekday, nth) for month in range(1, 13)]


def test_manual_never_happens():
    assert Schedule("manual").next_after(BERLIN, day(2026, 1, 1)) is None


def test_the_interval_leaves_out_its_begin_and_takes_in_its_end():
    noon = Schedule("daily", time(12))
    utc = ZoneInfo("UTC")
    assert hours(noon, utc, day(2026, 1, 1, 12), day(2026, 1, 2, 12)) == ["01-02 12:00"]


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Kolkata"])
def test_whatever_the_steps_every_occurrence_comes_once(zone):
    schedule = Schedule("daily", time(1, 30))
    begin, end = day(2026, 1, 1), day(2027, 1, 1)
    whole = list(schedule.occurrences(ZoneInfo(zone), begin, end))
    parts = []
    while begin < end:
        step = min(begin + timedelta(hours=17), end)
        parts += schedule.occurrences(ZoneInfo(zone), begin, step)
        begin = step
    assert parts == whole
    assert len(whole) in (365, 366)


def test_the_clock_refuses_the_past_and_times_without_a_zone():
    clock = Clock(day(2026, 1, 2))
    with pytest.raises(ValueError, match="cannot go back"):
        clock.move_to(day(2026, 1, 1))
    with pytest.raises(ValueError, match="no zone"):
        clock.move_to(datetime(2027, 1, 1))  # noqa: DTZ001
    clock.move_to(datetime(2026, 1, 2, 5, tzinfo=BERLIN))
    assert clock.now == day(2026, 1, 2, 4)
    assert clock.now.tzinfo is UTC
