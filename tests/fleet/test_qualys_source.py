"""Qualys as a source: all of it equals the emulator's truth, and no failure is a shorter list."""

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

import pytest

from patchfleet.emulator import Emulator
from patchfleet.errors import Error, Forbidden, VendorError
from patchfleet.fleet import QualysSource, SyncOptions, sync
from patchfleet.qualys import Qualys, Retries
from patchfleet.store import Store, queries


@pytest.fixture(scope="module")
def quiet():
    """A subscription that no test changes."""
    with Emulator(customers=3, devices=24, patches=40, seed=11).running() as host:
        yield host


@pytest.fixture(autouse=True)
def opened():
    """Close every client that a test opens."""
    with ExitStack() as stack:
        source_of.opened = stack
        yield


def source_of(host, cls=Qualys, **settings):
    emulator, account = host.emulator, host.emulator.qualys
    client = cls(
        account.username,
        account.password,
        override_platform={"gateway_url": host.url},
        retries=Retries(attempts=1),
    )
    source_of.opened.enter_context(client)
    return QualysSource(client, now=lambda: emulator.now, **settings)


def truth_of(host):
    return host.emulator.ground_truth(vendor="qualys")


def listed(source, inventory):
    answers = {device.id: answer for device, answer in source.listings(inventory.devices)}
    assert len(answers) == len(inventory.devices)
    for answer in answers.values():
        assert not isinstance(answer, Exception), answer
    return answers


def test_every_asset_is_a_device(quiet):
    inventory = source_of(quiet).inventory()
    truth = {asset["uuid"]: asset for asset in truth_of(quiet)["assets"]}
    assert {device.id for device in inventory.devices} == set(truth)
    for device in inventory.devices:
        asset = truth[device.id]
        assert (device.name, device.os) == (asset["name"], asset["os"])
        assert device.serial == asset["serial"] or not asset["serial"]
        assert device.kind == asset["kind"]
        assert device.last_seen_at is not None


def test_machines_without_an_agent_are_a_gap(quiet):
    alone = truth_of(quiet)["agentless"]
    gaps = source_of(quiet).inventory().gaps
    assert alone
    (gap,) = gaps
    said = f"{len(alone):,} machines are in the inventory and not in patch management: "
    assert gap.reason.startswith(f"{gap.customer_id}: {said}")


def test_every_patch_of_every_asset_is_a_finding(quiet):
    source = source_of(quiet)
    inventory = source.inventory()
    answers = listed(source, inventory)
    patches = {patch["uuid"]: patch for patch in truth_of(quiet)["patches"]}
    for asset in truth_of(quiet)["assets"]:
        findings = {finding.id: finding for finding in answers[asset["uuid"]].findings}
        installed = {n for n, finding in findings.items() if finding.state == "installed"}
        assert installed == set(asset["installed"])
        assert findings.keys() - installed == {*asset["missing"], *asset["reboot_pending"]}
        for number, finding in findings.items():
            patch = patches[number]
            assert finding.patch.title == patch["title"]
            assert finding.patch.vendor_id == number
            assert (finding.patch.kb or None) == (patch["kb"] and patch["kb"].removeprefix("KB"))


def test_a_job_that_failed_or_waits_shows_on_what_is_missing():
    with Emulator(customers=2, devices=30, patches=40, seed=3).running() as host:
        host.emulator.advance(days=20)
        source = source_of(host)
        answers = listed(source, source.inventory())
        states = Counter(
            finding.state for answer in answers.values() for finding in answer.findings
        )
        waiting = sum(len(asset["reboot_pending"]) for asset in truth_of(host)["assets"])
        assert states["missing"] > 0
        assert states["installed"] > 0
        assert states["failed"] > 0
        assert states["reboot_required"] <= waiting


def test_tags_name_customers(quiet):
    names = {asset["customer"] for asset in truth_of(quiet)["assets"]}
    inventory = source_of(quiet, customer_tags=sorted(names)).inventory()
    truth = {asset["uuid"]: asset["customer"] for asset in truth_of(quiet)["assets"]}
    assert {device.id: device.customer_id for device in inventory.devices} == truth


def test_a_sync_of_qualys_is_the_truth_and_the_second_reads_nothing_anew(quiet, tmp_path):
    with Store.open(tmp_path / "fleet.db") as store:
        source = source_of(quiet)
        first = sync(source, store, now=lambda: quiet.emulator.now)
        second = sync(source_of(quiet), store, now=lambda: quiet.emulator.now)
        assert first.is_complete
        assert second.is_complete
        assert first.findings == first.new == second.findings
        assert (second.unchanged, second.changed) == (second.devices, 0)
        with store.snapshot() as snapshot:
            rows = Counter(row.device_id for row in queries.findings(snapshot))
    assert rows == {
        asset["uuid"]: len({*asset["installed"], *asset["missing"], *asset["reboot_pending"]})
        for asset in truth_of(quiet)["assets"]
    }


@pytest.mark.parametrize(
    "service", ["get_assets", "get_patches", "list_jobs", "get_job_results", "get_all_assets"]
)
@pytest.mark.parametrize("kind", ["server_error", "cut"])
def test_a_fault_in_any_list_is_an_error_and_never_a_shorter_list(tmp_path, service, kind):
    with (
        Emulator(customers=2, devices=12, patches=30, seed=5).running() as host,
        Store.open(tmp_path / "fleet.db") as store,
    ):
        sync(source_of(host), store, now=lambda: host.emulator.now)
        before = rows_of(store)
        host.emulator.fault(kind, service=service)
        with pytest.raises(VendorError):
            sync(source_of(host), store, now=lambda: host.emulator.now)
        assert store.runs.latest()[0].state == "incomplete"
        assert rows_of(store) == before
        host.emulator.clear_faults()
        assert sync(source_of(host), store, now=lambda: host.emulator.now).is_complete


def test_runs_of_long_ago_are_on_record_and_not_read_again(tmp_path):
    with (
        Emulator(customers=2, devices=16, patches=40, seed=5).running() as host,
        Store.open(tmp_path / "fleet.db") as store,
    ):
        rules = SyncOptions(max_age=timedelta(days=2))
        for days in (0, 9, 9):
            host.emulator.advance(days=days)
            outcome = sync(source_of(host), store, now=lambda: host.emulator.now, rules=rules)
            assert outcome.is_complete
        everything = source_of(host).jobs()
        with store.snapshot() as snapshot:
            runs = snapshot.ask(
                "SELECT job_id, id, status, finished_count FROM job_runs ORDER BY ALL"
            )
            did = snapshot.ask("SELECT count(*), sum(failed_count) FROM job_results").rows()
            assert [tuple(row) for row in runs.rows()] == sorted(
                (run.job_id, run.id, run.status, run.finished_count) for run in everything.runs
            )
            assert list(did) == [
                (len(everything.results), sum(one.failed_count for one in everything.results))
            ]
        over = store.sources.finished_job_runs("qualys", host.emulator.now - timedelta(days=2))
        assert len(over) >= 10
        again = source_of(host).jobs(over=over)
        assert {(run.job_id, run.id) for run in again.runs}.isdisjoint(over)
        assert len(again.runs) + len(over) == len(everything.runs)


def test_pages_that_are_read_anyway_are_used(tmp_path):
    with (
        Emulator(customers=2, devices=16, patches=40, seed=5).running() as host,
        Store.open(tmp_path / "fleet.db") as store,
    ):
        rules = SyncOptions(max_age=timedelta(days=30))
        sync(source_of(host), store, now=lambda: host.emulator.now, rules=rules)
        quiet = sync(source_of(host), store, now=lambda: host.emulator.now, rules=rules)
        host.emulator.advance(days=9)
        moved = sync(source_of(host), store, now=lambda: host.emulator.now, rules=rules)
    assert quiet.kept + quiet.scanned == moved.scanned
    assert moved.kept == 0


def rows_of(store):
    with store.snapshot() as snapshot:
        return sorted(
            (row.device_id, row.finding_id, row.state) for row in queries.findings(snapshot)
        )


def test_an_account_without_the_inventory_is_synced_and_says_what_it_lacks(quiet):
    class Without(Qualys):
        def iter_all_assets(self, *_args, **_asked):
            raise Forbidden("not in your licence", vendor="Qualys", operation="get_all_assets")

    inventory = source_of(quiet, Without).inventory()
    assert len(inventory.devices) == len(truth_of(quiet)["assets"])
    assert "may not read the asset inventory" in inventory.gaps[0].reason
    assert issubclass(Forbidden, Error)
