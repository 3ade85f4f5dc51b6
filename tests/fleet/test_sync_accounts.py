"""A record holds the account that it began with: another one is refused by name."""

from datetime import UTC, datetime, timedelta

import pytest

from patchfleet import NAble, Qualys
from patchfleet.emulator import Emulator
from patchfleet.errors import WrongAccount
from patchfleet.fleet import NSightSource, QualysSource, SyncOptions, sync
from patchfleet.fleet.same_account import check_changes
from patchfleet.models import Account
from patchfleet.store import Store
from patchfleet.store.queries import findings


@pytest.fixture
def record(tmp_path):
    with Store.open(tmp_path / "fleet.db") as store:
        yield store


def nsight(host, name="nsight"):
    return NSightSource(NAble(None, host.api_key, base_url=host.url, rate_limit=None), name=name)


def qualys(host, name="qualys", user=None):
    client = Qualys(
        user or host.emulator.qualys.username,
        host.emulator.qualys.password,
        override_platform={"gateway_url": host.url},
        rate_limit=None,
    )
    return QualysSource(client, name=name)


@pytest.fixture(scope="module")
def hosts():
    """Two accounts of each vendor, whose ids overlap as small numbers do."""
    with (
        Emulator(devices=12, customers=2, patches=6, seed=1).running() as one,
        Emulator(devices=14, customers=2, patches=6, seed=7).running() as other,
    ):
        yield one, other


def rows(store):
    with store.snapshot() as snapshot:
        return sorted(
            (row.source, row.device_id, row.patch, row.state) for row in findings(snapshot)
        )


@pytest.mark.parametrize("source_of", [nsight, qualys])
def test_another_account_is_refused_by_name(record, hosts, source_of):
    one, other = hosts
    sync(source_of(one), record)
    before, runs = rows(record), record.runs.latest()
    with pytest.raises(WrongAccount, match="is not the one on record under this name") as refused:
        sync(source_of(other), record)
    assert "account add" in refused.value.hint
    assert (rows(record), record.runs.latest()) == (before, runs)
    assert sync(source_of(one), record).is_complete


def test_an_interrupted_sync_is_not_resumed_by_another_account(record, hosts):
    one, other = hosts
    assert not sync(nsight(one), record, rules=SyncOptions(max_calls=20)).is_complete
    with pytest.raises(WrongAccount):
        sync(nsight(other), record)
    result = sync(nsight(one), record)
    assert result.is_complete
    assert result.already_scanned
    assert {row[0] for row in rows(record)} == {"nsight"}


@pytest.mark.parametrize("source_of", [nsight, qualys])
def test_a_server_that_moved_is_the_same_account(record, source_of):
    for _ in range(2):
        with Emulator(devices=12, customers=2, patches=6, seed=1).running() as host:
            assert sync(source_of(host), record).is_complete
            digest = source_of(host).account_digest
            assert record.sources.accounts()[source_of(host).name].digest == digest


def test_accounts_with_the_same_ids_stand_side_by_side(record, hosts):
    for name, host in zip(("emea", "apac"), hosts, strict=True):
        assert sync(nsight(host, name), record).is_complete
    assert {row[0] for row in rows(record)} == {"emea", "apac"}
    with pytest.raises(WrongAccount, match="the account of emea"):
        sync(nsight(hosts[1], "emea"), record)


def test_one_account_under_two_names_is_refused(record, hosts):
    sync(nsight(hosts[0], "emea"), record)
    with pytest.raises(WrongAccount, match="on record as emea"):
        sync(nsight(hosts[0], "again"), record)
    assert record.sources.names() == ["emea"]


def test_a_record_without_accounts_is_checked_by_its_devices(record, hosts):
    one, other = hosts
    sync(nsight(one), record)
    with record._database.write() as connection:
        connection.exec_driver_sql("UPDATE source SET account = NULL")
    with pytest.raises(WrongAccount):
        sync(nsight(other), record)
    assert sync(nsight(one), record).is_complete
    assert record.sources.accounts()["nsight"] is not None


def test_an_account_that_cannot_be_checked_leaves_an_incomplete_run(record, hosts):
    sync(nsight(hosts[0]), record)
    wrong = NAble(None, "0" * 32, base_url=hosts[0].url, rate_limit=None)
    with pytest.raises(Exception, match="key"):
        sync(NSightSource(wrong), record)
    assert record.runs.latest()[0].state == "incomplete"
    assert sync(nsight(hosts[0]), record).is_complete


def test_changes_go_to_the_recorded_account_only(record, hosts):
    sync(nsight(hosts[0]), record)
    check_changes(record, "nsight", Account("nsight", nsight(hosts[0]).account_digest))
    with pytest.raises(WrongAccount, match="nothing was sent"):
        check_changes(record, "nsight", Account("nsight", nsight(hosts[1]).account_digest))


def test_each_run_holds_its_account(record, hosts):
    sync(nsight(hosts[0]), record, now=lambda: datetime.now(UTC) - timedelta(days=1))
    with record._database.read() as connection:
        held = connection.exec_driver_sql("SELECT account FROM run").scalars().all()
    assert held == [nsight(hosts[0]).account_digest]
