"""Numbers, dates and words of the wire: whatever is malformed is None, never a crash."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.nsight.codes import moment, stamp, unix_moment, whole_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025-01-09 12:12:51", datetime(2025, 1, 9, 12, 12, 51, tzinfo=UTC)),
        ("2025-01-09", datetime(2025, 1, 9, tzinfo=UTC)),
        ("31-Jul-2024", datetime(2024, 7, 31, tzinfo=UTC)),
        ("1-jan-2024 9:05", datetime(2024, 1, 1, 9, 5, tzinfo=UTC)),
        ("31-Jul-2024 00:00", datetime(2024, 7, 31, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("0000-00-00", None),
        ("Not Available", None),
        ("0000-03-05:00T01:00:00", None),
        ("31-Foo-2024", None),
        ("31-Feb-2024", None),
        ("2025-13-01", None),
        ("2025-01-09 25:00:00", None),
        ("31-Jul-24", None),
        ("", None),
        (None, None),
    ],
)
def test_moments(text: str | None, value: datetime | None) -> None:
    assert moment(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025-01-09T12:12:51-06:00", datetime(2025, 1, 9, 18, 12, 51, tzinfo=UTC)),
        ("2009-10-01T12:47:15+01:00", datetime(2009, 10, 1, 11, 47, 15, tzinfo=UTC)),
        ("2011-08-25T15:54:05", None),
        ("2015-07-20T08T08:47:41+01:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("", None),
        (None, None),
    ],
)
def test_stamps(text: str | None, value: datetime | None) -> None:
    assert stamp(text) == value


@pytest.mark.parametrize(
    ("seconds", "value"),
    [
        (1736812800, datetime(2025, 1, 14, tzinfo=UTC)),
        (0, None),
        (-1, None),
        (None, None),
        (10**15, None),
        (10**30, None),
    ],
)
def test_unix_seconds(seconds: int | None, value: datetime | None) -> None:
    assert unix_moment(seconds) == value


@given(st.text())
def test_no_text_crashes_a_reader(text: str) -> None:
    for value in (moment(text), stamp(text)):
        assert value is None or value.tzinfo is UTC
    whole = whole_number(text)
    assert whole is None or str(whole) == (text.lstrip("0") or "0")


@given(st.integers())
def test_no_number_crashes_the_calendar(seconds: int) -> None:
    found = unix_moment(seconds)
    assert found is None or found.timestamp() == seconds
