"""In any order of actions, the replies agree with the ground truth."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchfleet.emulator import Emulator

from .nsight_calls import ask, devices, patch_rows

SERVICES = ("patch_approve", "patch_ignore", "patch_do_nothing", "patch_inherit", "patch_retry")
ACT = st.tuples(st.sampled_from(SERVICES), st.integers(0, 3), st.sets(st.integers(0, 24)))
STEP = st.integers(1, 9 * 24)
LIFE = st.lists(st.one_of(ACT, STEP), max_size=12)
WORLD = {"customers": 2, "devices": 4, "patches": 25, "seed": 9, "exact_patches": True}


def live(emulator, life, *, cut=1):
    """Act and wait as listed; `cut` is the number of parts of every wait."""
    every = list(emulator._account.devices)
    for step in life:
        if isinstance(step, int):
            for _ in range(cut):
                emulator.advance(hours=step / cut)
            continue
        service, place, chosen = step
        rows = list(emulator._account.devices[every[place]].rows)
        patchids = ",".join(str(rows[one]) for one in sorted(chosen)) or "1"
        ask(emulator, service, deviceid=every[place], patchids=patchids)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIFE)
def test_replies_equal_the_truth(life):
    emulator = Emulator(**WORLD)
    live(emulator, life)
    for device in devices(emulator.ground_truth()):
        told = patch_rows(emulator, device["deviceid"])
        assert told.keys() == {row["patchid"] for row in device["patches"]}
        for row in device["patches"]:
            said = told[row["patchid"]]
            assert (said["policy"], said["status"]) == (str(row["policy"]), str(row["status"]))
            assert (said["installdate"] == "") == (row["installed_at"] is None)
            assert said["patchTitle"] == row["title"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIFE, st.sampled_from([2, 3, 16]), st.sampled_from([0, 30 * 3600]))
def test_the_size_of_the_clocks_steps_does_not_matter(life, cut, settle_seconds):
    whole, parted = (Emulator(**WORLD, settle_seconds=settle_seconds) for _ in range(2))
    live(whole, life)
    live(parted, life, cut=cut)
    assert whole.now == parted.now
    assert whole.ground_truth() == parted.ground_truth()


def test_a_delayed_action_takes_effect_in_its_place_among_what_happens():
    once, twice = (Emulator(**WORLD, settle_seconds=30 * 3600) for _ in range(2))
    for emulator in (once, twice):
        for deviceid, device in emulator._account.devices.items():
            patchids = ",".join(map(str, device.rows))
            ask(emulator, "patch_approve", deviceid=deviceid, patchids=patchids)
    once.advance(days=9)
    for _ in range(9 * 24):
        twice.advance(hours=1)
    assert once.ground_truth() == twice.ground_truth()


def test_an_outcome_does_not_depend_on_what_happens_elsewhere():
    alone, busy = Emulator(**WORLD), Emulator(**WORLD)
    first, second, *_ = list(alone._account.devices)
    approve = {"patchids": ",".join(map(str, alone._account.devices[first].rows))}
    other = {"patchids": ",".join(map(str, alone._account.devices[second].rows))}
    ask(busy, "patch_approve", deviceid=second, **other)
    for emulator in (alone, busy):
        ask(emulator, "patch_approve", deviceid=first, **approve)
        emulator.advance_to(emulator.now + timedelta(days=12))
    assert alone.ground_truth(first) == busy.ground_truth(first)


def test_the_demonstration_has_something_to_show():
    emulator = Emulator()
    overdue = {
        device["deviceid"]: [
            row["patchid"]
            for row in device["patches"]
            if row["status"] == 1 and row["severity"] == "Critical"
        ]
        for device in devices({"customers": emulator.ground_truth()["customers"][1:2]})
    }
    for deviceid, patchids in overdue.items():
        if patchids:
            ask(emulator, "patch_approve", deviceid=deviceid, patchids=",".join(map(str, patchids)))
    emulator.advance(days=8)
    now = [
        row["status"]
        for device in devices(emulator.ground_truth())
        for row in device["patches"]
        if row["patchid"] in overdue.get(device["deviceid"], ())
    ]
    assert now.count(8) > len(now) / 2
    assert now.count(16) >= 1
    assert now.count(64) >= 1
