"""Every fault there is, in the inventory and while devices are read: complete, or it says so."""

import threading

import pytest

from ground_truth import patched, recorded_findings, true_devices, true_findings
from patchfleet.emulator import Emulator
from patchfleet.emulator.faults import OF_NSIGHT
from patchfleet.errors import Unauthorized, VendorError
from patchfleet.fleet import NSightSource, SyncOptions, sync
from patchfleet.fleet.sync import FAILURES_IN_A_ROW
from patchfleet.models import Gap
from patchfleet.nsight import NAble, Retries
from patchfleet.store import Store
from patchfleet.store.queries import findings

SAME = {
    "pretty", "escaped", "no_declaration", "open_close", "trailing_blanks", "lower_dates",
    "upper_dates", "case", "unknown_elements", "utf8", "slow", "trickle",
}  # fmt: skip
"""Other ways to say the same."""
OTHER = {"bad_dates", "unknown_ids"}
"""Answers that say something else."""
BROKEN = sorted(OF_NSIGHT - SAME - OTHER)
OPTIONS = {
    "slow": {"seconds": 0},
    "trickle": {"piece_bytes": 10_000, "pause_seconds": 0},
    "rate_limited": {"retry_after": 0},
}
SERVICES = (
    "list_clients",
    "list_sites",
    "list_devices_at_client",
    "list_servers",
    "list_workstations",
)

ONE_BY_ONE = SyncOptions(concurrency=1)


class World:
    """An emulated account and a record in which its first state is current."""

    def __init__(self, emulator, host, store):
        self.emulator, self.host, self.store = emulator, host, store
        self.patience_seconds = 20
        self.sync()

    def sync(self, **settings):
        emulator = self.emulator
        given = {
            "rate_limit": None,
            "retries": Retries(attempts=1),
            "timeout": self.patience_seconds,
            **settings,
        }
        with NAble(base_url=self.host.url, **{"key": self.host.api_key, **given}) as client:
            return sync(
                NSightSource(client, now=lambda: emulator.now),
                self.store,
                now=lambda: emulator.now,
                rules=SyncOptions(fresh=True),
            )

    def learned(self):
        with self.store.snapshot() as snapshot:
            return recorded_findings(findings(snapshot))

    def current_run(self):
        return next(run.id for run in self.store.runs.latest(1000) if run.is_current)


@pytest.fixture(scope="module")
def _world(tmp_path_factory):
    emulator = Emulator(customers=2, devices=6, patches=20, seed=7)
    with (
        emulator.running() as host,
        Store.open(tmp_path_factory.mktemp("faults") / "fleet.db") as store,
    ):
        world = World(emulator, host, store)
        emulator.advance(days=8)  # a sync that becomes current is seen to
        yield world


@pytest.fixture
def world(_world, patience_seconds):
    _world.patience_seconds = patience_seconds
    _world.current = _world.learned()
    yield _world
    _world.emulator.clear_faults()
    _world.emulator.clear_calls()


@pytest.mark.parametrize("fault", BROKEN)
def test_one_device_cannot_be_read(world, fault):
    customer, _, device = next(d for d in true_devices(world.emulator) if d[2]["is_managed"])
    number = device["deviceid"]
    world.emulator.fault(
        fault, service="patch_list_all", device=number, times=None, **OPTIONS.get(fault, {})
    )
    run = world.current_run()
    outcome = world.sync()
    assert not outcome.is_complete
    (problem,) = outcome.problems
    subject = f"device {number} {device['name']} ({customer['name']})"
    (row,) = world.store.runs.gaps(outcome.run_id)
    assert row == problem == Gap(subject, row.reason, str(customer["clientid"]), str(number))
    assert row.reason.startswith("patch_list_all: "), "the call is named"
    assert outcome.scanned == len(patched(world.emulator)) - 1, "the others were read"
    assert world.current_run() == run
    assert world.learned() == world.current


@pytest.mark.parametrize("service", SERVICES)
def test_the_inventory_cannot_be_read(world, service):
    run = world.current_run()
    world.emulator.fault("cut", service=service)
    with pytest.raises(VendorError):
        world.sync()
    assert world.current_run() == run
    assert world.learned() == world.current
    assert "patch_list_all" not in {call.service for call in world.emulator.calls}


@pytest.mark.parametrize("fault", BROKEN)
def test_any_fault_in_the_inventory_ends_the_sync(world, fault):
    run = world.current_run()
    world.emulator.fault(fault, service="list_devices_at_client", after=1, **OPTIONS.get(fault, {}))
    with pytest.raises(VendorError) as caught:
        world.sync()
    assert world.host.api_key not in str(caught.value)
    assert world.current_run() == run
    newest = world.store.runs.latest()[0]
    assert (newest.state, newest.is_current) == ("incomplete", False)


@pytest.mark.parametrize("fault", sorted(SAME))
def test_other_ways_to_say_the_same_change_nothing(tmp_path, world, fault):
    world.emulator.fault(fault, times=None, **OPTIONS.get(fault, {}))
    outcome = world.sync()
    assert outcome.is_complete
    assert not outcome.gaps
    assert world.learned() == true_findings(world.emulator)


def test_what_nobody_knows_survives_in_the_vendors_words(world):
    world.emulator.fault("unknown_ids", service="patch_list_all", times=None)
    assert world.sync().is_complete
    with world.store.snapshot() as snapshot:
        learned = findings(snapshot)
    assert len(learned) == len(true_findings(world.emulator))
    assert {(f.state, f.decision, f.is_own_decision) for f in learned} == {
        ("unknown", "unknown", True)
    }
    assert {(f.vendor_status, f.vendor_decision) for f in learned} == {
        ("128 Deferred", "80 Quarantine")
    }
    world.emulator.clear_faults()
    assert world.sync().is_complete


def test_dates_that_are_none_cost_the_date_only(world):
    world.emulator.fault("bad_dates", times=None)
    assert world.sync().is_complete
    truth = true_findings(world.emulator)
    learned = world.learned()
    assert learned.keys() == truth.keys()
    titles = {key: row[6] for key, row in truth.items()}
    assert {key: row[6] for key, row in learned.items()} == titles
    world.emulator.clear_faults()
    assert world.sync().is_complete


def test_a_wrong_key_records_nothing(tmp_path, world):
    with Store.open(tmp_path / "other.db") as other:
        old, world.store = world.store, other
        with pytest.raises(Unauthorized):
            world.sync(key="wrong")
        world.store = old
        assert [run.devices for run in other.runs.latest()] == [0]
        assert not any(run.is_current for run in other.runs.latest())


def test_a_key_that_is_refused_half_way_ends_the_sync_at_once(world):
    run = world.current_run()
    world.emulator.fault(
        "e1", service="patch_list_all", after=2, times=None, code=3, message="Login failed"
    )
    with pytest.raises(Unauthorized):
        world.sync()
    assert world.current_run() == run
    assert world.store.runs.latest()[0].state == "incomplete"


def test_a_vendor_that_is_gone_is_not_asked_for_every_device(store):
    emulator = Emulator(customers=1, devices=60, patches=5, seed=2)
    emulator.fault("server_error", service="patch_list_all", after=4, times=None, status=500)
    with emulator.running() as host:
        with (
            NAble(
                base_url=host.url, key=host.api_key, rate_limit=None, retries=Retries(attempts=1)
            ) as client,
            pytest.raises(VendorError) as caught,
        ):
            sync(
                NSightSource(client),
                store,
                now=lambda: emulator.now,
                rules=ONE_BY_ONE,
            )
        for thread in threading.enumerate():  # no call goes on while somebody holds the error
            if thread.name == "patchfleet-call":
                thread.join(timeout=30)
                assert not thread.is_alive()
        asked = sum(call.service == "patch_list_all" for call in emulator.calls)
    assert any(f"{FAILURES_IN_A_ROW} devices in a row" in note for note in caught.value.__notes__)
    assert 4 + FAILURES_IN_A_ROW <= asked <= 4 + FAILURES_IN_A_ROW + 3, "two wait, one is under way"
    (run,) = store.runs.latest()
    assert (run.state, run.devices) == ("incomplete", 4)
    assert run.problems == FAILURES_IN_A_ROW + 1, "each device, and why it ended"


def test_failures_here_and_there_do_not_end_it(store):
    emulator = Emulator(customers=1, devices=60, patches=5, seed=2)
    numbers = [int(number) for number in patched(emulator)]
    for number in numbers[::2]:
        emulator.fault("html", service="patch_list_all", device=number, times=None)
    with (
        emulator.running() as host,
        NAble(
            base_url=host.url, key=host.api_key, rate_limit=None, retries=Retries(attempts=1)
        ) as client,
    ):
        outcome = sync(NSightSource(client), store, now=lambda: emulator.now, rules=ONE_BY_ONE)
    assert len(outcome.problems) == len(numbers[::2]) > FAILURES_IN_A_ROW
    assert outcome.scanned == len(numbers) - len(numbers[::2])
