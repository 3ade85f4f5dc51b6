"""A sync that is broken off: by an error, Ctrl-C, a kill; what follows asks what is missing."""

import random
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta

import pytest

from ground_truth import patched, recorded_findings, true_findings
from patchfleet.emulator import Emulator
from patchfleet.errors import StoreError
from patchfleet.fleet import SyncOptions, sync
from patchfleet.store import Store
from patchfleet.store.queries import findings

ONE_BY_ONE = SyncOptions(concurrency=1)


@pytest.fixture
def emulator():
    return Emulator(customers=2, devices=20, patches=15, seed=11)


def asked(emulator):
    """Count how often each device was asked for its patches, by all syncs."""
    return Counter(c.params["deviceid"] for c in emulator.calls if c.service == "patch_list_all")


def learned(store):
    with store.snapshot() as snapshot:
        return recorded_findings(findings(snapshot))


def breaking(error, scanned):
    """Tell progress to somebody who raises `error` once so many devices are scanned."""

    def tell(progress):
        if progress.devices and progress.scanned == scanned:
            raise error

    return tell


def wait_for_calls():
    """Let the calls end that a broken-off sync left under way: it waits for none of them itself."""
    for thread in threading.enumerate():
        if thread.name == "patchfleet-call":
            thread.join(60)
            assert not thread.is_alive()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("scanned", [0, 1, 7])
def test_it_goes_on_where_it_stopped(emulator, source, store, error, scanned):
    def now():
        return emulator.now

    told = breaking(error, scanned)
    with pytest.raises(error):
        sync(source, store, now=now, rules=ONE_BY_ONE, on_progress=told)
    (run,) = store.runs.latest()
    assert (run.state, run.devices, run.is_current) == ("incomplete", scanned, False)
    with pytest.raises(StoreError, match="no complete sync"):
        store.snapshot()
    wait_for_calls()
    emulator.clear_calls()
    outcome = sync(source, store, now=now, rules=ONE_BY_ONE)
    assert (outcome.is_complete, outcome.is_resumed) == (True, True)
    assert (outcome.already_scanned, outcome.scanned) == (scanned, len(patched(emulator)) - scanned)
    again = asked(emulator)
    assert len(again) == outcome.scanned
    assert set(again.values()) == {1}
    assert learned(store) == true_findings(emulator)


def test_what_was_complete_stays_current_until_the_next_is(emulator, source, store):
    sync(source, store, now=lambda: emulator.now)
    before = learned(store)
    emulator.advance(days=8)
    with pytest.raises(KeyboardInterrupt):
        sync(source, store, now=lambda: emulator.now, on_progress=breaking(KeyboardInterrupt, 9))
    assert learned(store) == before
    sync(source, store, now=lambda: emulator.now)
    assert learned(store) == true_findings(emulator) != before


def test_only_what_failed_is_asked_again(emulator, source, store):
    failing = patched(emulator)[2:5]
    for number in failing:
        emulator.fault("e1", service="patch_list_all", device=int(number), times=None)
    outcome = sync(source, store, now=lambda: emulator.now)
    assert len(outcome.problems) == 3
    emulator.clear_faults()
    emulator.clear_calls()
    outcome = sync(source, store, now=lambda: emulator.now)
    assert asked(emulator) == dict.fromkeys(failing, 1)
    assert outcome.is_complete
    assert store.runs.gaps(outcome.run_id) == []
    assert learned(store) == true_findings(emulator)


@pytest.mark.parametrize("how", ["fresh", "too old"])
def test_it_can_begin_anew(emulator, source, store, how):
    with pytest.raises(KeyboardInterrupt):
        sync(source, store, now=lambda: emulator.now, on_progress=breaking(KeyboardInterrupt, 5))
    wait_for_calls()
    emulator.clear_calls()
    later = emulator.now + timedelta(hours=6, microseconds=how == "too old")
    outcome = sync(source, store, now=lambda: later, rules=SyncOptions(fresh=how == "fresh"))
    assert (outcome.is_resumed, outcome.already_scanned) == (False, 0)
    assert asked(emulator) == dict.fromkeys(patched(emulator), 1)
    assert [run.state for run in store.runs.latest()] == ["complete", "abandoned"]


def test_a_device_that_came_meanwhile_is_asked_too(emulator, source, store):
    """The inventory is read again by the sync that goes on."""
    with pytest.raises(KeyboardInterrupt):
        sync(source, store, now=lambda: emulator.now, on_progress=breaking(KeyboardInterrupt, 5))
    services = {call.service for call in emulator.calls}
    emulator.clear_calls()
    sync(source, store, now=lambda: emulator.now)
    assert {call.service for call in emulator.calls} == services


def test_two_at_once_are_refused(emulator, source, store):
    def tell(progress):
        if progress.scanned == 3:
            with Store.open(store.address) as other, pytest.raises(StoreError) as caught:
                sync(source, other, now=lambda: emulator.now)
            refusals.append(caught.value.message)

    refusals = []
    outcome = sync(source, store, now=lambda: emulator.now, rules=ONE_BY_ONE, on_progress=tell)
    assert outcome.is_complete
    assert "nsight is being synced already" in refusals[0]


DYING = """
import os, signal, sys
from datetime import datetime
from patchfleet.fleet import Rules, NSightSource, sync
from patchfleet.nsight import NAble
from patchfleet.store import Store

url, key, path, now, scanned, calls, seconds = sys.argv[1:]
at = datetime.fromisoformat(now)

def tell(progress):
    if progress.scanned == int(scanned) or progress.calls == int(calls):
        os.kill(os.getpid(), signal.SIGKILL)

with NAble(base_url=url, key=key, pace=None) as client, Store.open(path) as store:
    if float(seconds):
        signal.setitimer(signal.ITIMER_REAL, float(seconds))  # SIGALRM ends a process at once
    sync(NSightSource(client), store, now=lambda: at, on_progress=tell)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_sync_is_taken_up_again(emulator, host, source, tmp_path):
    """Killed after so many devices, in the inventory, and at random moments."""
    emulator.reset(devices=40, latency_ms=3)
    chance = random.Random(5)
    deaths = [("9", "-1", "0"), ("-1", "7", "0"), ("30", "-1", "0"), ("-1", "-1", "0.02")]
    deaths += [("-1", "-1", str(chance.uniform(0.001, 0.15))) for _ in range(3)]
    path = tmp_path / "fleet.db"
    with Store.open(path) as store:  # the tables are there before anybody dies
        assert store.runs.latest() == []
    now = emulator.now.isoformat()
    for death in deaths:
        command = [sys.executable, "-c", DYING, host.url, host.api_key, str(path), now, *death]
        ended = subprocess.run(command, capture_output=True, check=False)
        assert ended.returncode in {-9, -14, 0}, ended.stderr.decode()
        with Store.open(path) as store:
            recorded = sum(run.devices for run in store.runs.latest())
            assert recorded <= sum(asked(emulator).values())
    with Store.open(path) as store:
        before = asked(emulator)
        known = next((run.devices for run in store.runs.latest() if not run.is_current), 0)
        outcome = sync(source, store, now=lambda: emulator.now)
        assert outcome.is_complete
        assert sum((asked(emulator) - before).values()) == outcome.scanned
        assert not outcome.is_resumed or outcome.already_scanned == known
        assert learned(store) == true_findings(emulator)
