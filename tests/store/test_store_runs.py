"""Runs: begun, resumed, refused, complete, and what each of them leaves behind."""

import gc
import os
import subprocess
import sys
import weakref
from datetime import timedelta

import pytest
from small_fleet import DAY, NOW, device, finding, inventory, patch, sync

from patchfleet.errors import StoreError
from patchfleet.models import Gap
from patchfleet.store import Delta, Store, queries

pytestmark = pytest.mark.slow


def rows_of(store, table):
    with store._database.read() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


def test_a_listing_is_compared_with_the_one_before(store):
    first = [finding(1), finding(2), finding(3)]
    later = [finding(1), finding(2, state="installed", installed_at=NOW), finding(4)]
    _, deltas = sync(store, {"d1": first})
    assert deltas == {"d1": Delta(new=3, changed=0, gone=0, unchanged=0)}
    _, deltas = sync(store, {"d1": later}, now=NOW + DAY)
    assert deltas == {"d1": Delta(new=1, changed=1, gone=1, unchanged=1)}


def test_what_is_unchanged_costs_one_scan_row(store):
    listings = {f"d{i}": [finding(n, patch(f"Update {n}")) for n in range(20)] for i in range(5)}
    sync(store, listings)
    before = {name: rows_of(store, name) for name in ("finding", "description", "patch", "scan")}
    sync(store, listings, now=NOW + DAY)
    after = {name: rows_of(store, name) for name in ("finding", "description", "patch", "scan")}
    assert after == {**before, "scan": before["scan"] + 5}


def test_first_seen_survives_a_change_and_an_absence(store):
    seen = []
    for days, found in enumerate(
        ([finding()], [finding(state="failed")], [], [finding(state="failed")])
    ):
        sync(store, {"d1": found}, now=NOW + days * DAY)
        with store.snapshot() as snapshot:
            seen.append([(r.first_seen_at, r.changed_at) for r in queries.findings(snapshot)])
    assert seen == [[(NOW, NOW)], [(NOW, NOW + DAY)], [], [(NOW, NOW + 3 * DAY)]]


def test_a_new_title_of_a_patch_is_no_change_of_the_finding(store):
    sync(store, {"d1": [finding(what=patch("Updte"))]})
    _, deltas = sync(store, {"d1": [finding(what=patch("Update"))]}, now=NOW + DAY)
    assert deltas["d1"].changed == 1
    with store.snapshot() as snapshot:
        (row,) = queries.findings(snapshot)
    assert (row.patch, row.changed_at) == ("Update", NOW)


def test_recording_a_device_twice_in_a_run_keeps_the_second(store):
    sync(store, {"d1": [finding(1), finding(2)]})
    run = store.begin("nsight", now=NOW + DAY)
    run.inventory(inventory(device()))
    run.record("d1", [finding(1, state="failed"), finding(3)], now=NOW + DAY)
    run.record("d1", [finding(1, state="installed"), finding(2)], now=NOW + DAY)
    run.complete(now=NOW + DAY, as_of=NOW + DAY)
    with store.snapshot() as snapshot:
        assert [(r.finding_id, r.state) for r in queries.findings(snapshot)] == [
            ("1", "installed"),
            ("2", "missing"),
        ]
    with store.snapshot(run_id=1) as snapshot:
        assert [(r.finding_id, r.state) for r in queries.findings(snapshot)] == [
            ("1", "missing"),
            ("2", "missing"),
        ]


def test_a_run_that_stopped_goes_on_where_it_was(store):
    run = store.begin("nsight", now=NOW)
    run.inventory(inventory(device("d1"), device("d2")))
    run.record("d1", [finding()], now=NOW)
    gap = Gap("device d2 D2 (Acme)", "timed out", customer_id="acme", device_id="d2")
    run.problem(gap)
    run.stop(now=NOW)
    assert store.runs.gaps(run.id) == [gap]
    assert store.runs.latest()[0].state == "incomplete"

    again = store.begin("nsight", now=NOW + timedelta(hours=1))
    assert (again.id, again.is_resumed, again.started_at) == (run.id, True, NOW)
    assert again.scanned == {"d1"}
    assert store.runs.gaps(run.id) == []
    again.inventory(inventory(device("d1"), device("d2")))
    again.record("d2", [], now=NOW)
    again.complete(now=NOW, as_of=NOW)
    (row,) = store.runs.latest()
    assert (row.state, row.devices, row.findings, row.problems) == ("complete", 2, 1, 0)
    assert row.is_current


def test_a_run_whose_process_is_gone_is_resumed_and_shown_as_incomplete(address):
    with Store.open(address) as store:
        run = store.begin("nsight", now=NOW)
        assert store.runs.latest()[0].state == "running"
        assert not run.is_resumed
    with Store.open(address) as store:
        assert store.runs.latest()[0].state == "incomplete"
        assert store.begin("nsight", now=NOW).is_resumed


def test_an_old_run_is_abandoned_and_one_exactly_as_old_is_not(store):
    store.begin("nsight", now=NOW).stop(now=NOW)
    kept = store.begin("nsight", now=NOW + timedelta(hours=6))
    assert kept.is_resumed
    kept.stop(now=NOW)
    later = NOW + timedelta(hours=6, microseconds=1)
    new = store.begin("nsight", now=later)
    assert not new.is_resumed
    assert [(r.id, r.state) for r in store.runs.latest()] == [(2, "running"), (1, "abandoned")]
    assert store.runs.latest()[1].ended_at == later


def test_a_fresh_run_abandons_an_unfinished_one(store):
    store.begin("nsight", now=NOW).stop(now=NOW)
    assert not store.begin("nsight", now=NOW, fresh=True).is_resumed


def test_a_clock_that_went_back_resumes(store):
    store.begin("nsight", now=NOW).stop(now=NOW)
    assert store.begin("nsight", now=NOW - DAY).is_resumed


def test_two_runs_of_one_source_are_refused_and_of_two_sources_are_not(address, store):
    store.begin("nsight", now=NOW)
    with Store.open(address) as other:
        other.begin("qualys", now=NOW)
        with pytest.raises(StoreError) as caught:
            other.begin("nsight", now=NOW, fresh=True)
    assert f"pid {os.getpid()}" in caught.value.message
    assert "2026-11-17 06:00:00 UTC" in caught.value.message
    assert caught.value.hint


def test_a_run_of_another_process_is_refused_until_it_is_killed(address, store):
    code = (
        "import sys, datetime; from patchfleet.store import Store\n"
        "store = Store.open(sys.argv[1])\n"
        "store.begin('nsight', now=datetime.datetime.fromisoformat(sys.argv[2]))\n"
        "print('begun', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, address, NOW.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout.readline() == b"begun\n"
        with pytest.raises(StoreError, match=f"pid {child.pid} on "):
            store.begin("nsight", now=NOW)
        child.kill()
    assert store.begin("nsight", now=NOW).is_resumed


def test_a_run_that_misses_a_device_is_not_complete(store):
    sync(store, {"d1": [finding(1)]})
    run = store.begin("nsight", now=NOW + DAY)
    run.inventory(inventory(device("d1"), device("d2"), device("d3", is_patched=False)))
    run.record("d1", [finding(2)], now=NOW + DAY)
    with pytest.raises(StoreError, match=r"1 of 3 devices were not read \(d2 D2\)") as caught:
        run.complete(now=NOW, as_of=NOW)
    assert caught.value.hint
    with store.snapshot() as snapshot:
        assert [row.finding_id for row in queries.findings(snapshot)] == ["1"]
    run.record("d2", [], now=NOW)
    run.complete(now=NOW, as_of=NOW)
    with store.snapshot() as snapshot:
        assert [row.finding_id for row in queries.findings(snapshot)] == ["2"]


def test_a_resumed_run_needs_its_inventory_again(store):
    run = store.begin("nsight", now=NOW)
    with pytest.raises(StoreError, match="no inventory"):
        run.complete(now=NOW, as_of=NOW)
    with pytest.raises(StoreError, match="not in the inventory"):
        run.record("d1", [], now=NOW)


def test_a_listing_with_a_number_twice_is_refused_whole(store):
    sync(store, {"d1": [finding(1)]})
    run = store.begin("nsight", now=NOW)
    run.inventory(inventory(device()))
    with pytest.raises(StoreError, match="names finding 7 twice"):
        run.record("d1", [finding(7), finding(8), finding(7, state="failed")], now=NOW)
    assert run.scanned == frozenset()
    assert run.record("d1", [finding(1)], now=NOW) == Delta(0, 0, 0, 1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (inventory(device(), device()), "names device d1 twice"),
        (inventory(device(site="s9")), "puts device d1 at site s9 of customer c1"),
        (inventory(device(customer="c9")), "puts device d1 at site s1 of customer c9"),
        (inventory(customers=(), sites=("Main",)), "puts site s1 at customer c0"),
    ],
)
def test_an_inventory_that_contradicts_itself_is_refused_whole(store, wrong, words):
    run = store.begin("nsight", now=NOW)
    with pytest.raises(StoreError, match=words) as caught:
        run.inventory(wrong)
    assert caught.value.hint
    run.inventory(inventory())
    run.complete(now=NOW, as_of=NOW)
    with store.snapshot() as snapshot:
        assert queries.devices(snapshot) == []


def test_a_device_that_is_gone_is_gone_only_with_a_complete_run(store):
    sync(store, {"d1": [finding(1)], "d2": [finding(1)]})
    run = store.begin("nsight", now=NOW + DAY)
    run.inventory(inventory(device("d1"), customers=("Acme Ltd",)))
    with store.snapshot() as snapshot:
        assert [row.device_id for row in queries.devices(snapshot)] == ["d1", "d2"]
    run.record("d1", [finding(1)], now=NOW + DAY)
    run.complete(now=NOW + DAY, as_of=NOW + DAY)
    with store.snapshot() as snapshot:
        assert [(d.device_id, d.customer) for d in queries.devices(snapshot)] == [
            ("d1", "Acme Ltd")
        ]
        assert queries.count_findings(snapshot) == 1
    with store.snapshot(run_id=1) as snapshot:
        assert [(d.device_id, d.customer) for d in queries.devices(snapshot)] == [
            ("d1", "Acme"),
            ("d2", "Acme"),
        ]
        assert queries.count_findings(snapshot) == 2


def test_a_device_that_moves_keeps_its_findings_and_its_past(store):
    at_acme = inventory(device(), customers=("Acme", "Beta"), sites=("Main", "North"))
    at_beta = inventory(
        device(customer="c2", site="s2"), customers=("Acme", "Beta"), sites=("Main", "North")
    )
    sync(store, {"d1": [finding()]}, of=at_acme)
    sync(store, {"d1": [finding()]}, now=NOW + DAY, of=at_beta)
    with store.snapshot() as now, store.snapshot(run_id=1) as then:
        for snapshot, customer in ((now, "Beta"), (then, "Acme")):
            (row,) = queries.findings(snapshot)
            assert (row.customer, row.first_seen_at) == (customer, NOW)


def test_a_device_that_left_the_inventory_of_a_resumed_run_is_not_in_it(store):
    run = store.begin("nsight", now=NOW)
    run.inventory(inventory(device("d1"), device("d2")))
    run.record("d1", [finding()], now=NOW)
    run.record("d2", [finding()], now=NOW)
    run.stop(now=NOW)
    again = store.begin("nsight", now=NOW)
    again.inventory(inventory(device("d2", "SRV-2")))
    assert again.scanned == {"d2"}
    again.complete(now=NOW, as_of=NOW)
    with store.snapshot() as snapshot:
        (row,) = queries.findings(snapshot)
    assert (row.device_id, row.device) == ("d2", "SRV-2")


def test_an_ended_run_takes_nothing_more(store):
    run = store.begin("nsight", now=NOW)
    run.stop(now=NOW)
    for call in (
        lambda: run.inventory(inventory()),
        lambda: run.record("d1", [], now=NOW),
        lambda: run.problem(Gap("x", "y")),
        lambda: run.stop(now=NOW),
        lambda: run.complete(now=NOW, as_of=NOW),
    ):
        with pytest.raises(StoreError, match="has ended"):
            call()


@pytest.mark.parametrize("name", ["", "..", "a/b", "Nsight", "a b", "-x"])
def test_a_source_is_named_so_that_it_can_be_a_folder(store, name):
    with pytest.raises(StoreError, match="cannot be the name of a source"):
        store.begin(name, now=NOW)


def test_two_sources_are_read_together_and_apart(store):
    nsight, _ = sync(store, {"d1": [finding(1)]})
    qualys, _ = sync(store, {"d1": [finding(1), finding(2)]}, source="qualys", now=NOW + DAY)
    with store.snapshot() as snapshot:
        assert [(p.source, p.run_id) for p in snapshot.publications] == [
            ("nsight", nsight),
            ("qualys", qualys),
        ]
        assert snapshot.as_of == NOW
        assert queries.count_findings(snapshot) == 3
    with store.snapshot(run_id=qualys) as snapshot:
        assert queries.count_findings(snapshot) == 2


def test_a_naive_time_is_refused(store):
    with pytest.raises(TypeError):
        store.begin("nsight", now=NOW.replace(tzinfo=None))
    assert store.runs.latest() == []


def test_customers_sites_and_devices_that_are_gone_are_not_in_the_next_run(store):
    many = inventory(
        device("d1"), device("d2", customer="c2", site="s2"),
        customers=("Acme", "Beta"), sites=("Main", "North"),
    )  # fmt: skip
    sync(store, {"d1": [finding()], "d2": [finding()]}, of=many)
    sync(store, {"d1": [finding()]}, now=NOW + DAY)
    for run_id, expected in ((1, ["Acme", "Beta"]), (2, ["Acme"])):
        with store.snapshot(run_id=run_id) as snapshot:
            assert [row.customer for row in queries.customers(snapshot)] == expected
            assert snapshot.count("SELECT count(*) FROM sites") == len(expected)
            assert [row.customer for row in queries.devices(snapshot)] == expected


def test_findings_of_a_device_nobody_patches_any_more_are_not_told(store):
    """What an earlier run found is not confirmed by one that did not ask."""
    sync(store, {"d1": [finding()]})
    sync(store, {}, of=inventory(device("d1", is_patched=False)), now=NOW + DAY)
    with store.snapshot() as snapshot:
        (row,) = queries.devices(snapshot)
        assert (row.findings, row.scanned_at) == (0, None)
    sync(store, {"d1": [finding()]}, now=NOW + 2 * DAY)
    with store.snapshot() as snapshot:
        (row,) = queries.findings(snapshot)
    assert row.first_seen_at == NOW


def test_what_is_in_motion_and_since_when(store):
    """The newest counts; what nobody can install, is over, or is of another source does not."""
    states = {"d1": "pending", "d2": "installing", "d3": "missing"}
    sync(store, {number: [finding(1, state=state)] for number, state in states.items()})
    stuck = patch("by hand only", is_installable=False)
    later = {
        "d1": [finding(1, state="pending"), finding(2, state="pending")],
        "d2": [finding(1, state="installed")],
        "d3": [finding(1, stuck, state="pending")],
    }
    moving = {"pending", "installing"}
    assert store.sources.last_changes("nsight", moving) == {"d1": NOW, "d2": NOW}
    sync(store, later, now=NOW + DAY)
    assert store.sources.last_changes("nsight", moving) == {"d1": NOW + DAY}
    assert store.sources.last_changes("qualys", moving) == {}


def test_a_store_lets_go_of_runs_that_ended(store):
    """Of each device a run knows a kilobyte, and a process may sync every hour for weeks."""
    begun = []
    for day in range(3):
        run = store.begin("nsight", now=NOW + day * DAY)
        run.inventory(inventory(device("d1"), at=NOW + day * DAY))
        run.record("d1", [finding()], now=NOW + day * DAY)
        run.complete(now=NOW + day * DAY, as_of=NOW + day * DAY)
        begun.append(weakref.ref(run))
        del run
    gc.collect()
    assert [run() for run in begun[:-1]] == [None, None]
