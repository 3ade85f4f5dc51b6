"""Ninety emulated days, synced daily: what the record says of any day is what was true that day.

Once with every device asked every day, at both vendors; once sparing calls at N-sight, where what
the record says of a device is what was true on the day it was listed, within the bound. A plain run
lives through some days in a row out of the ninety, drawn anew.
"""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
from emulated_sources import TRUTH_OF, VENDORS, learned, reading

import sampling
from patchfleet.emulator import Emulator
from patchfleet.fleet import SyncOptions, sync
from patchfleet.store import Store
from patchfleet.store.queries import devices

pytestmark = pytest.mark.slow

DAYS = 90
DRAWN_DAYS = 24
CHECKED_A_DAY = 6
BOUND = timedelta(days=7)
SPARING = SyncOptions(max_age=BOUND)


class Day(NamedTuple):
    """One day: when it was synced, what was true then, and how many devices were asked."""

    at: datetime
    truth: dict
    asked: int


class Lived(NamedTuple):
    """The record that asked every device, the one that spared calls, and the days of each."""

    exact: Store
    sparing: Store
    days: list


def world():
    return Emulator(
        customers=3, devices=24, patches=20, seed=17, qualys_assets=16, qualys_patches=30
    )


def eventful(count):
    """Return the days from which `count` in a row hold both: days that differ, and quiet ones."""
    emulator, truths = world(), []
    for _ in range(DAYS):
        truths.append({vendor: TRUTH_OF[vendor](emulator) for vendor in VENDORS})
        emulator.advance(days=1)
    differ = {vendor: [a[vendor] != b[vendor] for a, b in pairwise(truths)] for vendor in VENDORS}
    spans = [slice(start, start + count - 1) for start in range(DAYS - count + 1)]
    return [
        span.start
        for span in spans
        if all(sum(differ[vendor][span]) > count / 3 for vendor in VENDORS)
        and count - 1 - sum(differ["nsight"][span]) >= count / 9
    ]


@pytest.fixture(scope="module")
def lived(tmp_path_factory, is_full):
    """Live through the days once; both records are of one world."""
    folder = tmp_path_factory.mktemp("ninety")
    emulator = world()
    count = DAYS if is_full else DRAWN_DAYS
    if not is_full:
        emulator.advance(days=random.Random(sampling.seed()).choice(eventful(count)))
    days = []
    with (
        emulator.running() as host,
        reading(host) as sources,
        Store.open(folder / "exact.db") as exact,
        Store.open(folder / "sparing.db") as sparing,
    ):
        for _ in range(count):
            truth = {vendor: TRUTH_OF[vendor](emulator) for vendor in VENDORS}
            for vendor in VENDORS:
                assert sync(sources[vendor], exact, now=lambda: emulator.now).is_complete
            spared = sync(sources["nsight"], sparing, now=lambda: emulator.now, rules=SPARING)
            assert spared.is_complete
            assert spared.scanned + spared.kept == len(truth["nsight"])
            days.append(Day(emulator.now, truth, spared.scanned))
            emulator.advance(days=1)
        yield Lived(exact, sparing, days)


def test_any_day_is_remembered_as_it_was(lived):
    """Six random devices a day of each vendor, finding by finding."""
    chance = random.Random(sampling.seed())
    chosen = defaultdict(list)
    for vendor in VENDORS:
        everything = [
            (n, number) for n, day in enumerate(lived.days) for number in day.truth[vendor]
        ]
        for place, number in chance.sample(everything, CHECKED_A_DAY * len(lived.days)):
            chosen[place].append((vendor, number))
    compared = 0
    for place, asked in chosen.items():
        day = lived.days[place]
        with lived.exact.snapshot(at=day.at) as snapshot:
            known = {vendor: learned(snapshot, vendor) for vendor in VENDORS}
        for vendor, number in asked:
            truth = day.truth[vendor][number]
            assert known[vendor].get(number, {}) == truth, (day.at, vendor, number)
            compared += len(truth)
    assert compared > 20 * CHECKED_A_DAY * len(lived.days)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_days_differ(lived, vendor):
    """What is remembered is worth comparing: on many days something changed."""
    changed = sum(day.truth[vendor] != before.truth[vendor] for before, day in pairwise(lived.days))
    assert changed > len(lived.days) / 3


def test_every_listing_is_true_of_its_day_and_none_is_older_than_the_bound(lived):
    true_at = {day.at: day.truth["nsight"] for day in lived.days}
    ages = set()
    for day in lived.days:
        with lived.sparing.snapshot(at=day.at) as snapshot:
            known = learned(snapshot, "nsight")
            listed = {row.device_id: row.scanned_at for row in devices(snapshot) if row.is_patched}
        assert listed.keys() == day.truth["nsight"].keys()
        for number, at in listed.items():
            assert known.get(number, {}) == true_at[at][number], (day.at, at, number)
            ages.add(day.at - at)
    assert timedelta(days=3) < max(ages) <= BOUND, "calls are spared, within the bound"


def test_where_nothing_changed_few_are_asked(lived, is_full):
    """On days without changes four calls of five are spared; two of three on a few such days."""
    quiet = [day for old, day in pairwise(lived.days) if day.truth["nsight"] == old.truth["nsight"]]
    assert len(quiet) >= len(lived.days) / 9
    asked, could_be = sum(day.asked for day in quiet), len(quiet) * len(quiet[0].truth["nsight"])
    assert asked <= (0.2 if is_full else 1 / 3) * could_be, (asked, could_be)
