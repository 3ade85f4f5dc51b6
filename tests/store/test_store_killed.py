"""Killed at any instant: nothing acknowledged is lost, nothing half is current, and it goes on."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from small_fleet import DAY, NOW, finding, patch, sync

from patchfleet.store import Store, queries

DEVICES = [f"d{i}" for i in range(30)]

WRITER = """
import sys
from test_store_killed import DEVICES, go_on
from patchfleet.store import Store
with Store.open(sys.argv[1]) as store:
    go_on(store, lambda number: print(number, flush=True))
"""


def listing(number, state):
    seed = int(number[1:])
    return [
        finding(n, patch(f"Update {(n * 7 + seed) % 50}"), state) for n in range(seed, seed + 40)
    ]


def go_on(store, recorded):
    """Make one run over all devices, from where it is to its end."""
    from small_fleet import device, inventory

    run = store.begin("nsight", now=NOW + DAY)
    run.inventory(inventory(*(device(number) for number in DEVICES)))
    for number in DEVICES:
        if number not in run.scanned:
            run.record(number, listing(number, "installed"), now=NOW + DAY)
            recorded(number)
    run.complete(now=NOW + DAY, as_of=NOW + DAY)
    recorded("complete")


def states(store):
    with store.snapshot() as snapshot:
        return {(r.device_id, r.finding_id, r.patch): r.state for r in queries.findings(snapshot)}


@pytest.mark.slow
def test_a_killed_sync_loses_nothing_and_goes_on(address):
    """Kill the writer after a random number of acknowledged devices, at whatever it does then."""
    chance = random.Random(2026)
    with Store.open(address) as store:
        sync(store, {number: listing(number, "missing") for number in DEVICES})
        before = states(store)
    acknowledged = set()
    while "complete" not in acknowledged:
        left = len(DEVICES) - len(acknowledged)
        # At once, in the middle, and, once all devices are recorded, while it is published.
        kill_after = chance.choice([0, 1, left // 2, left, left]) if left else 1
        child = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, address],
            cwd=Path(__file__).parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            for _ in range(kill_after):
                acknowledged.add(child.stdout.readline().strip())
            child.kill()
            acknowledged |= {line.strip() for line in child.stdout if line.endswith("\n")}
        with Store.open(address) as store:
            if "complete" not in acknowledged:
                assert states(store) == before
                assert store.begin("nsight", now=NOW + DAY).scanned >= acknowledged
    with Store.open(address) as store:
        assert states(store) == dict.fromkeys(before, "installed")
        with store.snapshot(run_id=1) as snapshot:
            assert {row.state for row in queries.findings(snapshot)} == {"missing"}
