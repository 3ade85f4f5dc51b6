"""A pace that processes keep together: never one call more in any window, whoever makes it."""

import random
import subprocess
import sys

import pytest

from patchfleet.store import Store


class Clock:
    def __init__(self, at=1_000_000.0):
        self.at = at

    def __call__(self):
        return self.at


@pytest.mark.parametrize("seed", range(3))
def test_no_window_holds_more_than_allowed(store, address, seed):
    chance, clock = random.Random(seed), Clock()
    with Store.open(address) as other:
        paces = [one.rate_limit("key", 5, seconds=60, clock=clock) for one in (store, other)]
        starts = []
        for _ in range(60):
            wait = chance.choice(paces).take(0)
            if wait:
                clock.at += wait
            else:
                starts.append(clock.at)
                clock.at += chance.choice([0, 0, 1, 13])
    for start in starts:
        assert sum(start <= one < start + 60 for one in starts) <= 5
    assert len(starts) > 20


def test_a_wait_is_never_longer_than_needed(store):
    clock = Clock()
    rate_limit = store.rate_limit("key", 2, seconds=60, clock=clock)
    assert [rate_limit.take(0), rate_limit.take(0)] == [0, 0]
    assert rate_limit.take(0) == 60
    clock.at += 59
    assert rate_limit.take(0) == 1
    clock.at += 1
    assert rate_limit.take(0) == 0


def test_two_keys_do_not_wait_for_each_other(store):
    clock = Clock()
    one, other = (store.rate_limit(name, 1, clock=clock) for name in ("one", "other"))
    assert (one.take(0), other.take(0)) == (0, 0)
    assert one.take(0) == 60


def test_a_clock_that_was_put_back_does_not_block(store):
    clock = Clock()
    rate_limit = store.rate_limit("key", 1, seconds=60, clock=clock)
    assert rate_limit.take(0) == 0
    clock.at -= 86400
    assert rate_limit.take(0) == 0
    assert rate_limit.take(0) == 60


def test_what_a_vendor_asks_one_to_wait_all_wait(store, monkeypatch):
    import time

    clock = Clock()
    one, other = (store.rate_limit("key", 100, clock=clock) for _ in range(2))
    assert one.take(0) == 0
    monkeypatch.setattr(time, "monotonic", lambda: 500.0)
    one.hold(530.0)
    assert other.take(0) == 30
    one.hold(510.0)
    assert other.take(0) == 30


def test_no_hold_lasts_for_ever(store, monkeypatch):
    import time

    monkeypatch.setattr(time, "monotonic", lambda: 500.0)
    for back in (0, 1, 3_000, 3_571, 90_000, 10**8):
        for seconds in (1, 30, 3_600, 10**7):
            case, clock = f"{seconds} s, and the clock {back} s back", Clock(at=2e9)
            rate_limit = store.rate_limit(case, 100, clock=clock)
            assert rate_limit.take(0) == 0, case
            rate_limit.hold(500.0 + seconds)
            clock.at -= back
            wait = rate_limit.take(0)
            assert wait <= 3600, case
            assert wait > 0 or min(seconds, 3600) + back > 3600, case
            rate_limit.hold(505.0)
            assert 5 <= rate_limit.take(0) <= 3600, case


WORKER = """
import sys, time
from patchfleet.store import Store
with Store.open(sys.argv[1]) as store:
    pace = store.rate_limit("key", 10, seconds=3600)
    print(sum(pace.take(0) == 0 for _ in range(20)))
"""


@pytest.mark.slow
def test_processes_share_one_limit(address, store):
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORKER, address],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert sum(int(child.communicate()[0]) for child in children) == 10
