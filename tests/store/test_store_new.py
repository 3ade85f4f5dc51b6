"""What is new since yesterday, of fleets that come and go by chance, against a count by hand."""

from datetime import timedelta
from random import Random

import pytest
from small_fleet import NOW, device, finding, inventory, patch

from patchfleet.store import Store, queries
from patchfleet.store.queries import count_first_listed, new_critical

PATCHES = [patch(f"P{n}", severity="critical") for n in range(6)]
DEVICES = [f"d{n}" for n in range(5)]


class Mirror:
    """What each run saw, remembered the slow way."""

    def __init__(self):
        self.first = {}  # (device, patch): the number of the run
        self.came = {}  # device: the run since which every run listed it
        self.listed = {}

    def saw(self, run, listings):
        for number in list(self.came):
            if number not in listings:
                del self.came[number]
        for number, found in listings.items():
            self.came.setdefault(number, run)
            for one in found:
                self.first.setdefault((number, one), run)
        self.listed = listings

    def new(self, times):
        last = times[-1]
        found = {}
        for number, patches in self.listed.items():
            for one in patches:
                run = self.first[number, one]
                if times[run] > last - timedelta(days=1) and run > self.came[number]:
                    found.setdefault(f"P{one}", set()).add(number)
        return {title: len(devices) for title, devices in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.full(share=0.2)) for seed in range(1, 6))]
)
def test_new_is_what_no_first_listing_saw(tmp_path, seed):
    chance = Random(seed)
    mirror, times, at = Mirror(), [], NOW
    with Store.open(tmp_path / "fleet.db") as store:
        for number in range(7):
            at += timedelta(hours=chance.choice((1, 7, 22, 24, 30)))
            times.append(at)
            there = [d for d in DEVICES if chance.random() < 0.8]
            managed = {d for d in there if chance.random() < 0.8}
            listings = {
                d: [n for n in range(6) if n <= number and chance.random() < 0.7] for d in managed
            }
            run = store.begin("nsight", now=at)
            run.inventory(inventory(*(device(d, is_patched=d in managed) for d in there), at=at))
            for d, found in listings.items():
                run.record(d, [finding(n, PATCHES[n]) for n in found], now=at)
            run.complete(now=at, as_of=at)
            mirror.saw(number, listings)
            with store.snapshot(with_history=True) as snapshot:
                told = {row.patch: row.devices for row in new_critical(snapshot)}
            assert told == mirror.new(times), (seed, number)


@pytest.mark.slow
def test_the_first_sync_of_a_source_is_no_news_and_neither_is_a_device_of_today(tmp_path):
    with Store.open(tmp_path / "fleet.db") as store:
        for source, at in (("nsight", NOW), ("qualys", NOW), ("nsight", NOW + timedelta(hours=22))):
            run = store.begin(source, now=at)
            there = ["d1", "d2"] if at != NOW else ["d1"]
            run.inventory(inventory(*(device(d) for d in there), at=at))
            for d in there:
                run.record(d, [finding(n, PATCHES[n]) for n in range(3)], now=at)
            run.complete(now=at, as_of=at)
        with store.snapshot(with_history=True) as snapshot, store.snapshot(run_id=1) as before:
            assert new_critical(snapshot) == []
            with store.snapshot(run_id=3) as after:
                assert count_first_listed(before, after) == queries.FirstListed(1, 3)
                assert len(queries.changes(before, after)) == 3
