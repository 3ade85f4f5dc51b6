"""Trouble on some devices: nothing closes because it was not read, all of it is named, none is
for ever, and a person decides.
"""

from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from small_world import DAY, Jobbing, World

from patchfleet.fleet import SyncOptions, sync
from patchfleet.store import ChangeEntry, Store
from patchfleet.store.queries import findings

numbers = count()
FEW = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def learned(store: Store) -> dict[str, set[int]]:
    with store.snapshot() as snapshot:
        found: dict[str, set[int]] = {}
        for one in findings(snapshot):
            found.setdefault(one.device_id, set()).add(int(one.finding_id))
        return found


def synced(world: World, store: Store, **rules):
    return sync(world, store, now=lambda: world.now, rules=SyncOptions(max_missing=1, **rules))


def days(store: Store, world: World, *outcomes, **rules):
    world.now += DAY
    return synced(world, store, **rules)


@some.composite
def troubles(draw):
    """Several days, and the devices with which the vendor is in trouble on each."""
    devices = draw(some.integers(1, 6))
    of = some.sets(some.sampled_from([str(n) for n in range(devices)]), max_size=3)
    return devices, [
        (draw(of), draw(of), draw(of)) for _ in range(draw(some.integers(1, 3)))
    ]  # fmt: skip


ACCEPTS = {
    "nothing": {},
    "all": {"accepts_unread": ("*",)},
    "the second attempt": {"accepts_unread_after": 2},
    "by name": {"accepts_unread": ("pc-0", "1")},
}


@pytest.mark.parametrize("accepts", ACCEPTS)
@FEW
@given(troubles())
def test_nothing_closes_because_it_was_not_read(tmp_path: Path, accepts, drawn):
    devices, trouble = drawn
    rules = ACCEPTS[accepts]
    world, calm = World(devices), World(devices)
    with Store.open(tmp_path / f"{next(numbers)}.db") as store:
        assert synced(world, store).is_complete
        known = learned(store)
        listed = dict(known)
        for failing, hidden, half in trouble:
            world.now += DAY
            world.failing, world.hidden, world.half = failing, hidden, half
            for number in world.patches:
                world.patches[number] = {*world.patches[number], max(world.patches[number]) + 9}
            outcome = synced(world, store, **rules)
            bad = failing | hidden | half
            assert {one.device_id for one in outcome.unread} == bad, "all of it is named"
            named = {one.device_id: one.reason for one in store.runs.gaps(outcome.run_id)}
            assert bad <= named.keys()
            assert all(outcome.unread), "with customer and name"
            accepted = {one.device_id for one in outcome.unread if one.is_accepted}
            assert outcome.is_complete == (bad == accepted)
            if accepts == "all":
                assert outcome.is_complete
            if accepts == "by name":
                assert accepted == bad & {"0", "1"}
            listed |= {one: set(is_) for one, is_ in world.patches.items() if one not in bad}
            if outcome.is_complete:
                known = dict(listed)
                assert all("kept as listed on" in named[one] for one in bad)
            assert learned(store) == known, "what was not read is as it was"
        world.calm()
        for number in world.patches:
            calm.patches[number] = set(world.patches[number])
        outcome = days(store, world, **rules)
        assert outcome.is_complete
        assert not outcome.unread
        assert learned(store) == calm.patches, "and nothing is left of it"
        assert not any(store.runs.gaps(outcome.run_id))


@FEW
@given(some.integers(1, 4), some.integers(1, 4), some.booleans(), some.booleans())
def test_after_so_many_attempts_the_rest_goes_on(tmp_path, limit, devices, hides, resumes):
    """Attempts are syncs in a row, those that take up a broken-off one among them."""
    world = World(devices + 1)
    with Store.open(tmp_path / f"{next(numbers)}.db") as store:
        synced(world, store)
        (world.hidden if hides else world.failing).add("0")
        world.patches["1"] = {77}
        for attempt in range(1, 7):
            world.now += DAY / 48 if resumes else DAY
            outcome = synced(world, store, accepts_unread_after=limit)
            (unread,) = outcome.unread
            assert unread.attempts == attempt
            assert unread.is_accepted == outcome.is_complete == (attempt >= limit)
        assert learned(store)["1"] == {77}
        assert learned(store)["0"] == world.patches["0"]
        world.calm()
        assert days(store, world).is_complete
        world.failing.add("0")
        (unread,) = days(store, world).unread
        assert unread.attempts == 1, "read between"


def test_a_device_never_listed_is_not_covered_and_stops_nobody(tmp_path):
    world = World(3)
    world.failing.add("1")
    with Store.open(tmp_path / "fleet.db") as store:
        assert not synced(world, store).is_complete
        outcome = synced(world, store, accepts_unread=("PC-1",))
        assert outcome.is_complete
        (unread,) = outcome.unread
        assert (unread.listed_at, unread.is_accepted) == (None, True)
        assert "never listed, so it is not covered" in unread.reason
        assert learned(store).keys() == {"0", "2"}
        world.calm()
        assert days(store, world).is_complete
        assert learned(store) == world.patches


def test_more_devices_than_end_a_sync_do_not_stop_the_fleet_for_ever(tmp_path):
    """So many in a row that the vendor is taken to be gone; those of last time do not count."""
    world = World(30)
    with Store.open(tmp_path / "fleet.db") as store:
        synced(world, store)
        world.failing = set(sorted(world.patches)[:25])
        world.now += DAY
        with pytest.raises(Exception, match="is broken"):
            synced(world, store, accepts_unread=("*",))
        outcome = synced(world, store, accepts_unread=("*",))
        assert outcome.is_complete
        assert len(outcome.unread) == 25


@FEW
@given(some.integers(2, 8), some.data())
def test_every_device_that_is_gone_is_named(tmp_path, devices, data):
    world = World(devices)
    ids = list(world.patches)
    gone = data.draw(some.sets(some.sampled_from(ids), max_size=devices - 1))
    off = data.draw(some.sets(some.sampled_from(ids), max_size=2)) - gone
    with Store.open(tmp_path / f"{next(numbers)}.db") as store:
        synced(world, store)
        for number in gone:
            del world.patches[number]
        world.unmanaged = off
        outcome = days(store, world)
        assert outcome.is_complete
        assert {one.device_id for one in outcome.lost} == gone | off
        assert all((one.device, one.customer) for one in outcome.lost)
        said = {one.device_id: one for one in store.runs.gaps(outcome.run_id) if one.device_id}
        assert said.keys() == gone | off
        assert all(f"PC-{number}" in gap.subject for number, gap in said.items())
        assert learned(store).keys() == world.patches.keys() - off
        assert not days(store, world).lost, "once"


def test_a_device_missing_from_a_short_list_may_be_let_go(tmp_path):
    world = World(4)
    with Store.open(tmp_path / "fleet.db") as store:
        synced(world, store)
        world.hidden = {"2"}
        outcome = days(store, world)
        assert not outcome.is_complete
        assert outcome.lost[0].is_kept
        assert days(store, world, accepts_missing=True).is_complete
        assert learned(store).keys() == {"0", "1", "3"}
        after = days(store, world)
        assert after.is_complete, "a count that stays wrong stops nobody"
        assert after.gaps


@FEW
@given(
    some.lists(some.sampled_from(["sync", "change", "break"]), min_size=2, max_size=8),
    some.data(),
)
def test_what_we_changed_is_asked_again_however_the_sync_goes_on(tmp_path, steps, data):
    """Broken off, taken up again, with a bound or without: the record shows our own changes."""
    world = World(5)
    with Store.open(tmp_path / f"{next(numbers)}.db") as store:
        for step in [*steps, "sync"]:
            world.now += DAY / 2000
            max_age = data.draw(some.sampled_from([0 * DAY, 7 * DAY]))
            if step == "sync":
                assert synced(world, store, max_age=max_age).is_complete
                assert learned(store) == world.patches
            elif step == "change":
                number = data.draw(some.sampled_from(list(world.patches)))
                world.patches[number] = {max(world.patches[number]) + 1}
                change(store, world, number)
            else:
                last = data.draw(some.integers(0, 5))
                with pytest.raises(ZeroDivisionError):
                    sync(world, store, now=lambda: world.now, on_progress=breaking(last),
                         rules=SyncOptions(max_age=max_age))  # fmt: skip


def breaking(after: int):
    """Break a sync off once so many devices are read, or when it has nothing to read."""
    told = count()

    def tell(progress):
        if progress.scanned >= after and next(told) >= 0:
            raise ZeroDivisionError

    return tell


def change(store: Store, world: World, number: str) -> None:
    store.journal.append(
        ChangeEntry(
            plan_id=f"p{next(numbers)}", at=world.now, source=world.name, device_id=number,
            finding_ids=("1",), action="approve", outcome="sent",
        )
    )  # fmt: skip


def test_what_is_changed_while_a_sync_reads_is_read_again(tmp_path):
    class Changing(World):
        def listings(self, devices, known, *, at_once, on_call):
            yield from super().listings(devices, known, at_once=at_once, on_call=on_call)
            if len(self.asked) == 4:
                self.now += DAY / 1000
                self.patches["0"] = {50}
                change(store, self, "0")

    world = Changing(4)
    with Store.open(tmp_path / "fleet.db") as store:
        outcome = synced(world, store)
        assert outcome.is_complete
        assert outcome.scanned == 4
        assert learned(store) == world.patches
        assert world.asked == ["0", "1", "2", "3", "0"]


@pytest.mark.parametrize("gone", [{"j1"}, {"j1", "j2"}])
def test_jobs_that_are_gone_are_named_and_all_at_once_is_not_believed(tmp_path, gone):
    world = Jobbing(2)
    with Store.open(tmp_path / "fleet.db") as store:
        synced(world, store)
        world.jobs_now = {"j1", "j2"} - gone
        outcome = days(store, world)
        if len(gone) == 1:
            assert outcome.is_complete
        else:
            assert not outcome.is_complete
            assert "all 2 jobs on record are gone at once" in outcome.problems[0].reason
            assert store.sources.job_names("jobbing").keys() == {"j1", "j2"}
            outcome = days(store, world, accepts_missing=True)
            assert outcome.is_complete
        assert [gap.reason for gap in outcome.job_gaps] == [
            f"job {number} {number.upper()} is gone" for number in sorted(gone)
        ]
        assert store.sources.job_names("jobbing").keys() == {"j1", "j2"} - gone


def test_jobs_that_cannot_be_read_stay_and_stop_nobody_who_accepts_it(tmp_path):
    world = Jobbing(2)
    with Store.open(tmp_path / "fleet.db") as store:
        synced(world, store)
        world.jobs_now = None
        outcome = days(store, world, accepts_unread_after=2)
        assert not outcome.is_complete
        assert outcome.problems[0].sentence == "jobs: list_jobs: is broken"
        outcome = days(store, world, accepts_unread_after=2)
        assert outcome.is_complete
        assert "kept as they were last read" in outcome.job_gaps[0].reason
        assert store.sources.job_names("jobbing").keys() == {"j1", "j2"}
        world.jobs_now = {"j2"}
        assert days(store, world, accepts_unread_after=2).is_complete
        assert store.sources.job_names("jobbing").keys() == {"j2"}
