"""Which devices a sync asks: those with a reason, and each in time for the bound."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from patchfleet.fleet.refresh import MARGIN, LastListing, devices_to_refresh
from patchfleet.models import Device

NOW = datetime(2026, 11, 17, 6, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def device(number="d1", **fields):
    return Device(id=number, site_id="s", customer_id="c", name=number, kind="server", **fields)


QUIET = device(last_seen_at=NOW, last_boot_at=NOW - 30 * DAY)


@pytest.mark.parametrize(
    ("asked", "about", "reason"),
    [
        (QUIET, None, "never listed"),
        (QUIET, LastListing(NOW - DAY), None),
        (QUIET, LastListing(NOW - 7 * DAY), "as old as it may be"),
        (QUIET, LastListing(NOW - 7 * DAY + timedelta(microseconds=1)), None),
        (QUIET, LastListing(NOW - DAY, changed_at=NOW - HOUR), "changed by us"),
        (QUIET, LastListing(NOW - DAY, changed_at=NOW - 2 * DAY), None),
        (device(last_boot_at=NOW - HOUR), LastListing(NOW - DAY), "restarted"),
        (device(last_boot_at=NOW - DAY - MARGIN), LastListing(NOW - DAY), "restarted"),
        (device(last_boot_at=NOW - DAY - 2 * MARGIN), LastListing(NOW - DAY), None),
        (QUIET, LastListing(NOW - DAY, moving_since=NOW - DAY), "in motion"),
        (QUIET, LastListing(NOW - DAY, moving_since=NOW - 2 * DAY), "in motion"),
        (QUIET, LastListing(NOW - DAY, moving_since=NOW - 2 * DAY - HOUR), None),
        (QUIET, LastListing(NOW - 2 * DAY, moving_since=NOW - 4 * DAY), "in motion"),
        (device(), LastListing(NOW - DAY, moving_since=NOW - DAY), "in motion"),
        (device(last_seen_at=NOW - 9 * DAY), LastListing(NOW - DAY, moving_since=NOW - DAY), None),
        (QUIET, LastListing(NOW + DAY), "listed in the future: a clock went back"),
    ],
)
def test_a_device_is_asked_for_a_reason(asked, about, reason):
    known = {} if about is None else {"d1": about}
    assert devices_to_refresh([asked], known, now=NOW, max_age=7 * DAY).get("d1") == reason


def test_without_a_bound_everybody_is_asked():
    devices = [device(str(n)) for n in range(5)]
    known = {str(n): LastListing(NOW) for n in range(5)}
    assert len(devices_to_refresh(devices, known, now=NOW, max_age=timedelta(0))) == 5


def test_the_most_pressing_come_first_and_of_equals_the_oldest():
    devices = [device(n) for n in ("new", "old", "older", "ours", "calm")]
    known = {
        "old": LastListing(NOW - 8 * DAY),
        "older": LastListing(NOW - 9 * DAY),
        "ours": LastListing(NOW - HOUR, changed_at=NOW),
        "calm": LastListing(NOW - HOUR),
    }
    assert list(devices_to_refresh(devices, known, now=NOW, max_age=7 * DAY)) == [
        "new",
        "ours",
        "older",
        "old",
    ]


@given(ages=some.lists(some.integers(0, 400), max_size=20), bound=some.integers(1, 200))
def test_no_listing_stays_older_than_the_bound(ages, bound):
    devices = [device(str(n)) for n in range(len(ages))]
    known = {str(n): LastListing(NOW - age * HOUR) for n, age in enumerate(ages)}
    asked = devices_to_refresh(devices, known, now=NOW, max_age=bound * HOUR)
    for n, age in enumerate(ages):
        assert str(n) in asked or age < bound
