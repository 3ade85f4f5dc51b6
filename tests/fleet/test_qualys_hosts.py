"""Hosts that changed beside those that are known: equal to reading all, or all are read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from qualys_reading import reading

from patchfleet.emulator import Emulator
from patchfleet.errors import RateLimited, Rejected, Unreachable, VendorError
from patchfleet.fleet import QualysSource, SyncOptions, sync
from patchfleet.fleet.distributed.queued_source import QueuedSource
from patchfleet.fleet.sources.qualys.hosts import read_hosts
from patchfleet.models import Gap, SourceState
from patchfleet.qualys import Host
from patchfleet.qualys.records.values import Door
from patchfleet.store import Store

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 17, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOUND = SyncOptions(max_age=timedelta(days=7))


@pytest.fixture
def host():
    emulator = Emulator(
        customers=3, devices=60, patches=5, seed=5, qualys_patches=20, qualys_jobs=0
    )
    emulator.advance(days=3)
    with emulator.running() as host:
        yield host


@pytest.fixture
def estate(host):
    return host.emulator.qualys.state


@pytest.fixture
def source(host):
    with reading(host, customer_tags=["Cust*"]) as source:
        yield source


def asked(host):
    """Return the calls to the inventory since the last time: `all`, `changed` or `count`.

    A count after a list is the list's proof.
    """
    names = []
    for call in host.emulator.calls:
        if call.status == 401:
            continue  # the token had died: the same call follows
        if call.service == "count_assets":
            names.append("count")
        elif call.service == "get_all_assets":
            names.append("changed" if call.params.get("lastModifiedDate") else "all")
    host.emulator.clear_calls()
    return [
        name
        for before, name in zip([None, *names], names, strict=False)
        if name != "count" or before in {None, "count"} or names == ["count"]
    ]


def synced(host, store, source, rules=BOUND):
    outcome = sync(source, store, now=lambda: host.emulator.now, rules=rules)
    assert outcome.is_complete
    return outcome


def silent(estate):
    """Return an asset that no scan touches, so that only what we do moves its date."""
    return next(asset for asset in estate.assets.values() if not asset.is_reporting)


def same_but_for_hosts(read, whole):
    assert msgspec.structs.replace(read, hosts=None) == msgspec.structs.replace(whole, hosts=None)


def same(read, whole):
    """Assert that what was read of what changed is what a whole reading brings."""
    same_but_for_hosts(read, whole)
    assert read.hosts.payloads == whole.hosts.payloads
    assert read.hosts.at == read.as_of == whole.hosts.whole_at


def add(estate, now, **marks):
    machine = next(iter(estate.assets.values())).machine
    number = 9_000 + len(estate.assets) + estate.changes
    return estate.add_asset(replace(machine, number=number, **marks), now)


def retag(estate, now):
    tag = next(tag for name, tag in estate.tags_by_name.items() if name == "Pilot")
    silent(estate).tag({tag.id}, now)


CHANGES = {
    "nothing": lambda _estate, _now: None,
    "serial": lambda estate, now: silent(estate).describe(now, serial="OTHER"),
    "name": lambda estate, now: silent(estate).describe(now, name="OTHER"),
    "user": lambda estate, now: silent(estate).describe(now, user="somebody else"),
    "cards": lambda estate, now: silent(estate).describe(now, macs=("02:00:00:00:00:01",)),
    "boot": lambda estate, now: silent(estate).restart(now),
    "tags": retag,
    "added": lambda estate, now: add(estate, now, name="NEW"),
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            change, id=name, marks=pytest.mark.full(group=f"changed host: {name}", share=0.33)
        )
        for name, change in CHANGES.items()
    ],
)
@pytest.mark.parametrize("hours", [0.1, 5, 30])
def test_what_changed_beside_what_is_known_is_what_a_whole_reading_brings(
    host, estate, source, change, hours
):
    known = source.inventory().hosts
    host.emulator.advance(hours=hours)
    change(estate, host.emulator.now)
    asked(host)
    read = source.inventory(known=known)
    assert asked(host) == ["count", "changed"]
    assert read.hosts.whole_at == known.whole_at < read.hosts.at
    same(read, source.inventory())


def test_machines_without_an_agent_are_read_again_when_they_were_scanned(host, estate, source):
    known = source.inventory().hosts
    estate.agentless[0] = replace(estate.agentless[0], name="RENAMED")
    host.emulator.advance(days=1)
    asked(host)
    read = source.inventory(known=known)
    assert asked(host) == ["count", "changed"]
    assert any("RENAMED" in gap.reason for gap in read.gaps)
    same(read, source.inventory())


REMOVALS = {
    "with an agent": lambda estate, _now: estate.remove_asset(silent(estate)),
    "without": lambda estate, now: (estate.agentless.pop(), silent(estate).describe(now)),
    "one goes and one comes": lambda estate, now: (
        estate.remove_asset(silent(estate)),
        add(estate, now),
    ),
}


@pytest.mark.parametrize("removal", REMOVALS.values(), ids=REMOVALS)
def test_where_a_host_is_gone_all_are_read(host, estate, source, removal):
    known = source.inventory().hosts
    host.emulator.advance(hours=5)
    removal(estate, host.emulator.now)
    asked(host)
    read = source.inventory(known=known)
    assert asked(host) == ["count", "changed", "all"]
    assert read.hosts.whole_at == read.hosts.at
    same(read, source.inventory())


def test_a_host_that_lost_its_agent_and_one_that_got_it_are_the_same_two_hosts(
    host, estate, source
):
    known = source.inventory().hosts
    host.emulator.advance(hours=5)
    asset = silent(estate)
    del estate.assets[asset.uuid]
    asset.uuid = "0f0f0f0f-0000-4000-8000-000000000000"
    estate.assets[asset.uuid] = asset
    asset.describe(host.emulator.now)
    asked(host)
    read = source.inventory(known=known)
    assert asked(host) == ["count", "changed"]
    same(read, source.inventory())


class Listed:
    """An inventory of plain hosts: what it lists, what changed, and how many it counts."""

    def __init__(self, *hosts, changed=(), refuses=None):
        self.hosts, self.changed, self.refuses = hosts, changed, refuses

    def iter_all_assets(self, lastModifiedDate):
        if lastModifiedDate is not None and self.refuses:
            raise self.refuses
        return self.hosts if lastModifiedDate is None else self.changed

    def count_assets(self):
        return len(self.hosts)


def read(client, known=None):
    return read_hosts(client, Door(NOW), known, lambda: None)


def test_an_agent_that_is_there_twice_stays_a_gap():
    first, second = (Host(assetId=n, agentId="a", assetName=f"PC-{n}") for n in (9, 10))
    renamed = Host(assetId=9, agentId="a", assetName="PC-9, renamed")
    before = read(Listed(first, second))
    after = read(Listed(renamed, second, changed=[renamed]), before.known)
    whole = read(Listed(renamed, second))
    gap = Gap("inventory", "agent a is in the inventory twice; the last host counts")
    assert before.gaps == after.gaps == whole.gaps == [gap]
    assert after.hosts == whole.hosts == before.hosts
    assert after.known.payloads == whole.known.payloads != before.known.payloads


def test_an_inventory_that_has_no_hosts_any_more_says_what_it_said():
    one = Host(assetId=1, agentId="a", biosSerialNumber="S1")
    assert "are not known" in read(Listed()).gaps[0].reason
    for is_stale in (False, True):
        known = msgspec.structs.replace(read(Listed(one)).known, is_stale=is_stale)
        emptied = read(Listed(), known)
        assert emptied.hosts == read(Listed(one)).hosts
        assert emptied.known is None
        assert "is empty, so hosts are as they were read on 2026-11-17" in emptied.gaps[0].reason


def test_hosts_that_are_counted_and_not_listed_stay_as_they_were():
    first, second = (Host(assetId=n, agentId=str(n), biosSerialNumber=f"S{n}") for n in (1, 2))

    class Short(Listed):
        def count_assets(self):
            return 2

    known = msgspec.structs.replace(read(Listed(first, second)).known, is_stale=True)
    short = read(Short(first), known)
    assert short.hosts == read(Listed(first, second)).hosts
    assert "counts 2 machines and lists 1; 1 stay as they were" in short.gaps[0].reason


def test_a_date_that_is_refused_is_not_asked_with():
    one = Host(assetId=1, agentId="a")
    refusing = Listed(one, refuses=Rejected("lastModifiedDate is no date"))
    assert read(refusing, read(Listed(one)).known) == read(refusing)


@pytest.mark.parametrize("said", ["", "{}", "[1]", '{"agent": "a", "name": 7}', '{"more": 1}'])
def test_what_was_remembered_in_another_spelling_is_read_anew(said):
    one = Host(assetId=1, agentId="a")
    known = SourceState(payloads={"1": said}, at=NOW, whole_at=NOW)
    assert read(Listed(one), known) == read(Listed(one))


def test_an_account_that_may_not_read_them_any_more_remembers_nothing_new(host, source):
    known = source.inventory().hosts
    host.emulator.fault("forbidden", service="count_assets", times=None)
    host.emulator.fault("forbidden", service="get_all_assets", times=None)
    refused = source.inventory(known=known)
    assert refused.hosts is None
    assert refused.devices == source.inventory(known=known).devices
    assert any(device.serial for device in refused.devices)
    assert refused.gaps[0].reason.startswith("the account may not read the asset inventory (")


@pytest.mark.parametrize("service", ["count_assets", "get_all_assets"])
@pytest.mark.parametrize("kind", ["forbidden", "server_error", "html", "garbage"])
def test_where_changes_cannot_be_asked_for_all_are_read(host, source, service, kind):
    known = source.inventory().hosts
    host.emulator.advance(hours=5)
    asked(host)
    fault = host.emulator.fault(kind, service=service)
    read = source.inventory(known=known)
    assert fault.done == 1
    assert asked(host)[-1] == "all"
    assert read.hosts.whole_at == read.hosts.at
    same(read, source.inventory())


@pytest.mark.parametrize("service", ["count_assets", "get_all_assets"])
@pytest.mark.parametrize("kind", ["cut", "reset", "rate_limited"])
def test_a_vendor_that_does_not_answer_is_an_error(host, source, service, kind):
    known = source.inventory().hosts
    host.emulator.advance(hours=5)
    host.emulator.fault(kind, service=service)
    with pytest.raises((Unreachable, RateLimited)):
        source.inventory(known=known)


def test_a_sync_without_a_bound_reads_all(host, store, source):
    for rules in (SyncOptions(), BOUND, SyncOptions()):
        synced(host, store, source, rules)
    assert asked(host) == ["all", "count", "changed", "all"]


def test_a_date_that_lies_is_found_out_within_the_bound(host, estate, store, source):
    synced(host, store, source)
    liar = silent(estate)
    liar.describe(liar.changed_at, serial="OTHER")
    began, serials, read = host.emulator.now, [], []
    while host.emulator.now - began < timedelta(days=9):
        host.emulator.advance(hours=18)
        synced(host, store, source)
        read.append(asked(host)[-1])
        serials.append(of(store, liar.uuid).serial == "OTHER")
    swept = read.index("all")
    assert (swept + 1) * timedelta(hours=18) - BOUND.max_age < timedelta(hours=18)
    assert read == ["changed"] * swept + ["all"] + ["changed"] * (len(read) - swept - 1)
    assert serials == [False] * swept + [True] * (len(read) - swept)


def test_every_sync_knows_what_a_whole_reading_would_bring(host, estate, store, source):
    """Nine days with changes of every kind, one between any two syncs."""
    reads = []
    for change in (*CHANGES.values(), *REMOVALS.values(), *CHANGES.values()):
        host.emulator.advance(hours=12)
        change(estate, host.emulator.now - HOUR)
        host.emulator.clear_calls()
        outcome = synced(host, store, source)
        reads.append(asked(host)[-1])
        whole = source.inventory()
        recorded = store.sources.last_inventory("qualys")
        assert sorted(recorded.devices, key=by_id) == sorted(whole.devices, key=by_id)
        assert outcome.gaps == whole.gaps
        assert store.sources.state("qualys").payloads == whole.hosts.payloads
    unchanged = ["changed"] * (len(CHANGES) - 1)
    assert reads == ["all", *unchanged, *["all"] * len(REMOVALS), "changed", *unchanged]


def by_id(device):
    return device.id


def of(store, device_id):
    return next(
        one for one in store.sources.last_inventory("qualys").devices if one.id == device_id
    )


def broken_off(host, store, source):
    """Let a sync end as soon as the inventory is on record."""

    def tell(progress):
        if progress.devices:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(source, store, now=lambda: host.emulator.now, rules=BOUND, on_progress=tell)


def test_a_run_that_was_broken_off_and_gone_on_with_misses_nothing(host, estate, store, source):
    synced(host, store, source)
    for hours in (3, 3):
        host.emulator.advance(hours=hours)
        silent(estate).describe(host.emulator.now, serial=f"AT {host.emulator.now}")
        broken_off(host, store, source)
        assert store.sources.state("qualys").at == host.emulator.now
    host.emulator.advance(hours=3)
    asked(host)
    assert synced(host, store, source).is_resumed
    assert asked(host) == ["count", "changed"]
    assert store.sources.state("qualys").payloads == source.inventory().hosts.payloads


def test_a_run_that_ended_before_its_inventory_was_on_record_says_nothing(
    host, estate, store, source
):
    synced(host, store, source)
    known = store.sources.state("qualys")
    host.emulator.advance(hours=3)
    silent(estate).describe(host.emulator.now, serial="OTHER")
    host.emulator.fault("server_error", service="get_assets")
    with pytest.raises(VendorError):
        synced(host, store, source)
    assert store.sources.state("qualys") == known
    host.emulator.advance(hours=8)
    synced(host, store, source)
    assert of(store, silent(estate).uuid).serial == "OTHER"


def test_a_complete_sync_that_could_not_read_hosts_is_not_when_they_were_read(
    host, estate, store, source
):
    synced(host, store, source)
    host.emulator.advance(hours=3)
    before = of(store, silent(estate).uuid).serial
    silent(estate).describe(host.emulator.now, serial="OTHER")
    host.emulator.advance(hours=3)
    for service in ("count_assets", "get_all_assets"):
        host.emulator.fault("forbidden", service=service, times=None)
    assert any("as they were read on" in gap.reason for gap in synced(host, store, source).gaps)
    assert of(store, silent(estate).uuid).serial == before is not None
    host.emulator.clear_faults()
    host.emulator.advance(hours=3)
    asked(host)
    synced(host, store, source)
    assert asked(host) == ["count", "changed"]
    assert of(store, silent(estate).uuid).serial == "OTHER"


def test_a_clock_that_went_back_reads_all(host, store, source):
    now = host.emulator.now
    with reading(host) as ahead:
        ahead._now = lambda: now + 2 * HOUR
        sync(ahead, store, now=lambda: now + 2 * HOUR, rules=BOUND)
    asked(host)
    synced(host, store, source)
    assert asked(host) == ["all"]


def test_two_accounts_are_apart(host, estate, store):
    with (
        Emulator(customers=2, devices=16, patches=10, seed=9).running() as other,
        reading(host) as source,
        reading(other, name="qualys-eu") as second,
    ):
        for _ in range(2):
            for one in (source, second):
                sync(one, store, now=lambda: host.emulator.now, rules=BOUND)
        assert asked(host) == asked(other) == ["all", "count", "changed"]
        assert store.sources.state("qualys").payloads == source.inventory().hosts.payloads
        assert store.sources.state("qualys-eu").payloads == second.inventory().hosts.payloads


def test_a_source_that_is_read_by_workers_is_handed_what_is_known(host, source):
    handed = []

    class Asked(QualysSource):
        def inventory(self, on_call=lambda: None, known=None):
            handed.append(known)
            return source.inventory(on_call, known)

    known = source.inventory().hosts
    QueuedSource(Asked(None), None).inventory(lambda: None, known)
    assert handed == [known]


def test_a_thousand_hosts_in_a_quiet_hour(tmp_path):
    """A whole reading takes four pages; an hour later the count and one page are enough."""
    emulator = Emulator(
        customers=2, devices=10, patches=10, qualys_assets=980, qualys_patches=20, qualys_jobs=0
    )
    emulator.advance(days=2)
    with (
        emulator.running() as host,
        reading(host, timeout=60) as source,
        Store.open(tmp_path / "fleet.db") as store,
    ):
        first = synced(host, store, source)
        assert asked(host) == ["all"] * 4
        host.emulator.advance(hours=1)
        second = synced(host, store, source)
        assert asked(host) == ["count", "changed"]
        assert len(store.sources.state("qualys").payloads) == 982
    assert first.calls - second.calls >= 2
