"""Run times of jobs, computed by hand: every schedule, both time zone types, missing days."""

from datetime import UTC, date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from patchfleet.emulator.qualys.jobs.body_schema import UNSET
from patchfleet.emulator.qualys.jobs.recurrence import (
    local_text,
    local_time,
    month_day,
    read_timetable,
)

BERLIN, SYDNEY = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")


def timetable(**fields):
    return read_timetable({**UNSET, "startDateTime": "2026-1-10 09:30:00 PM", **fields})


def days(count=6, **fields):
    times = islice(timetable(**fields).local_times(date(2026, 1, 1)), count)
    return [f"{when:%m-%d}" for when in times]


def test_on_demand_has_no_time_of_its_own():
    assert days(scheduleType="On-demand", startDateTime=None) == []


def test_once():
    assert days(scheduleType="Once") == ["01-10"]


def test_daily_at_the_time_of_its_start():
    table = timetable(scheduleType="Daily")
    first = next(table.local_times(date(2026, 1, 1)))
    assert first == datetime.fromisoformat("2026-01-10T21:30")
    assert days(3, scheduleType="Daily") == ["01-10", "01-11", "01-12"]


def test_weekly_on_several_days_from_the_start_on():
    # 10 January 2026 is a Saturday; the first flag is Sunday's
    assert days(4, scheduleType="Weekly", recurringWeekDays="1,0,0,1,0,0,0") == [
        "01-11",
        "01-14",
        "01-18",
        "01-21",
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"dayOfMonth": "15"}, ["01-15", "02-15", "03-15"]),
        ({"dayOfMonth": "31"}, ["01-31", "03-31", "05-31"]),
        ({"recurringLastDayOfMonth": True}, ["01-31", "02-28", "03-31"]),
        (
            {"recurringDayOfMonth": "1", "recurringWeekDayOfMonth": "0"},
            ["02-01", "03-01", "04-05"],
        ),
        (
            {"recurringDayOfMonth": "5", "recurringWeekDayOfMonth": "6"},
            ["01-31", "05-30", "08-29"],
        ),
        ({"monthlyRecurringType": "1"}, ["01-13", "02-10", "03-10"]),
        (
            {"monthlyRecurringType": "1", "patchTuesdayPlusXDays": "3"},
            ["01-16", "02-13", "03-13"],
        ),
        (
            {"monthlyRecurringType": "1", "patchTuesdayPlusXDays": "-7"},
            ["02-03", "03-03", "04-07"],
        ),
        (
            {"monthlyRecurringType": "1", "patchTuesdayPlusXDays": "27"},
            ["02-09", "03-09", "04-06"],
        ),
    ],
    ids=[
        "day of the month",
        "months without the day are passed over",
        "last day",
        "first Sunday",
        "fifth Saturday",
        "Patch Tuesday",
        "days after Patch Tuesday",
        "days before Patch Tuesday",
        "days after it that lead into the next month",
    ],
)
def test_monthly(fields, expected):
    assert days(3, scheduleType="Monthly", **fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"dayOfMonth": "0"},
        {"dayOfMonth": "3", "recurringLastDayOfMonth": True},
        {"dayOfMonth": "3", "monthlyRecurringType": "1"},
    ],
)
def test_a_month_names_exactly_one_day(fields):
    with pytest.raises(ValueError, match="exactly one of dayOfMonth"):
        month_day({**UNSET, **fields})


def test_each_asset_goes_by_its_own_clock_with_agent_tz():
    table = timetable(scheduleType="Daily")
    when = datetime.fromisoformat("2026-01-10T21:30")
    assert table.begins(when, BERLIN) == datetime(2026, 1, 10, 20, 30, tzinfo=UTC)
    assert table.begins(when, SYDNEY) == datetime(2026, 1, 10, 10, 30, tzinfo=UTC)


def test_all_assets_begin_at_once_with_specific_tz():
    table = timetable(scheduleType="Daily", timezoneType="SPECIFIC_TZ", timezone="Europe/Berlin")
    when = datetime.fromisoformat("2026-01-10T21:30")
    assert table.begins(when, SYDNEY) == datetime(2026, 1, 10, 20, 30, tzinfo=UTC)


def test_a_time_that_the_spring_skips_comes_an_hour_later():
    table = timetable(scheduleType="Daily")
    skipped = datetime.fromisoformat("2026-03-29T02:30")
    assert table.begins(skipped, BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_the_wires_form_of_a_local_time_goes_there_and_back():
    when = datetime.fromisoformat("2022-02-20T13:18:30")
    assert local_text(when) == "2022-2-20 01:18:30 PM"
    assert local_time("2022-2-20 01:18:30 PM") == when
    assert local_time("2022-02-20 01:18:30 PM") == when
