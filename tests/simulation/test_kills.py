"""Processes killed by SIGKILL at random instants: nothing half is current, and the next goes on.

A hundred times where everything runs; fewer times, at other instants each run and in a database
that is drawn, in a plain run.
"""

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import PIPE
from typing import NamedTuple

import pytest
from emulated_sources import TRUTH_OF, VENDORS, has, learned, reading

import sampling
from patchfleet.emulator import Emulator
from patchfleet.errors import StoreError
from patchfleet.fleet import sync
from patchfleet.store import Store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
]

AT_ONCE = 3
UNDER_WAY = 3 * AT_ONCE + 1
"""Calls of devices that are not yet committed: as many are being made, twice as many answers wait
to be recorded, and one is being recorded."""
KILLS = {"sqlite": (24, 100), "postgresql": (8, 20)}
"""How many, in a plain run and where everything runs."""
SPARED = 5
"""One process of so many lives to its end, so that time goes on in the world."""


@pytest.fixture(scope="module")
def fork_server():
    """The program that makes the processes which are killed."""
    command = [sys.executable, str(Path(__file__).with_name("fork_server.py"))]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, bufsize=0) as running:
        yield running
        running.stdin.close()


class Dying:
    """A world and a record that are synced by processes that do not live long."""

    def __init__(self, fork_server, host, address, published):
        self.fork_server, self.emulator = fork_server, host.emulator
        self.address, self.published = address, published
        qualys = host.emulator.qualys
        self.account = {
            "url": host.url,
            "key": host.api_key,
            "username": qualys.username,
            "password": qualys.password,
        }
        self.truths = {}
        self.current = {vendor: {} for vendor in VENDORS}

    def live(self, vendor, seconds):
        """Sync in a process, killed after so many seconds; return its exit code."""
        asked = {
            "vendor": vendor,
            "address": self.address,
            "published": str(self.published),
            "now": self.emulator.now.isoformat(),
            "at_once": AT_ONCE,
            "account": self.account,
        }
        self.fork_server.stdin.write(json.dumps(asked).encode() + b"\n")
        pid = int(self.fork_server.stdout.readline())
        if not select.select([self.fork_server.stdout], [], [], seconds)[0]:
            os.kill(pid, signal.SIGKILL)  # nobody has waited for it yet: the number is its own
        return int(self.fork_server.stdout.readline())

    def open(self):
        return Store.open(self.address, published=self.published)

    def newest(self, store, vendor):
        """Return the newest run of a vendor; remember what was true when it was first seen."""
        run = next((run for run in store.runs.latest(1000) if run.source == vendor), None)
        if run is not None and run.id not in self.truths:
            self.truths[run.id] = has(TRUTH_OF[vendor](self.emulator))
        return run

    def check_current(self, store):
        """Compare what is current, row for row, with what was true when it was read."""
        try:
            snapshot = store.snapshot()
        except StoreError as error:
            assert "no complete sync is on record" in error.message  # noqa: PT017
            return
        with snapshot:
            assert not snapshot.repaired
            for publication in snapshot.publications:
                truth = self.truths[publication.run_id]
                assert learned(snapshot, publication.source) == truth
                self.current[publication.source] = truth


@pytest.mark.full(group="kills", share=0.5)
@pytest.mark.parametrize("database", KILLS)
def test_killed_at_any_instant(request, fork_server, tmp_path, database, is_full):
    chance = random.Random(f"{database} {sampling.seed()}")
    kills = KILLS[database][is_full]
    address, other = str(tmp_path / "fleet.db"), str(tmp_path / "aside.db")
    if database == "postgresql":
        server = request.getfixturevalue("server")
        address, other = server.new_database(), server.new_database()
    emulator = Emulator(customers=2, devices=24, patches=20, seed=3, qualys_assets=14, latency_ms=1)
    with emulator.running() as host:
        dying = Dying(fork_server, host, address, tmp_path / "published")
        aside = Dying(fork_server, host, other, tmp_path / "aside")
        lasts = {vendor: how_long(aside, vendor) for vendor in VENDORS}
        lives = killed = completed = resumed = 0
        while killed < kills:
            lives += 1
            vendor = chance.choices(VENDORS, (3, 1))[0]
            seconds = None if lives % SPARED == 0 else chance.random() * 1.2 * lasts[vendor]
            told = one_life(dying, vendor, seconds)
            killed += told.killed
            completed += told.completed
            resumed += told.resumed
        with dying.open() as store, reading(host) as sources:
            for vendor in VENDORS:
                assert sync(sources[vendor], store, now=lambda: emulator.now).is_complete
                assert dying.newest(store, vendor).state == "complete"
            dying.check_current(store)
            assert store.publications.damaged() == []
    assert completed >= lives // SPARED
    assert resumed > kills / (4 if is_full else 8)


def how_long(dying, vendor):
    """Return how many seconds a sync takes that nobody kills, once there is a record."""
    assert dying.live(vendor, None) == 0
    dying.emulator.advance(days=1)
    began = time.perf_counter()
    assert dying.live(vendor, None) == 0
    return time.perf_counter() - began


class Life(NamedTuple):
    """What became of one process: `lost` are devices that it asked and did not commit."""

    killed: bool
    completed: bool
    resumed: bool
    lost: int


def one_life(dying, vendor, seconds):
    """Let a process live so long, then look at what it left behind."""
    emulator = dying.emulator
    with dying.open() as store:
        before = dying.newest(store, vendor)
    emulator.clear_calls()
    code = dying.live(vendor, seconds)
    assert code in {-9, 0}
    asked = {c.params["deviceid"] for c in emulator.calls if c.service == "patch_list_all"}
    with dying.open() as store:
        after = dying.newest(store, vendor)
        dying.check_current(store)
        newest = [dying.newest(store, one) for one in VENDORS]
    completed = after is not None and after != before and after.state == "complete"
    is_same = before is not None and after.id == before.id
    lost = 0
    if vendor == "nsight" and after is not None and not completed:
        lost = len(asked) - (after.devices - (before.devices if is_same else 0))
        now, known = dying.truths[after.id], dying.current[vendor]
        unchanged = sum(now.get(device) == known.get(device) for device in asked)
        assert lost <= UNDER_WAY + unchanged, "unchanged devices are committed many at once"
    if all(run is not None and run.state == "complete" for run in newest):
        emulator.advance(days=1)
    return Life(code == -9, completed, is_same and before.state != "complete", lost)
