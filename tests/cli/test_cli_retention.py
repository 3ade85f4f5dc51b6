"""`patchfleet store prune`, `forget` and `vacuum`, over a record of five syncs."""

from datetime import UTC, datetime, timedelta

import pytest

from patchfleet.models import Customer, Device, Finding, FindingStatus, Inventory, Patch, Site
from patchfleet.store import Store
from patchfleet.store.publication import chain


@pytest.fixture
def pruned(cli, monkeypatch):
    """The command line over five syncs, one each 100 days, the last one today."""
    monkeypatch.setattr(chain, "_MOST_PARTS", 0)
    here = Device(id="d1", name="D1", customer_id="c1", site_id="s1", kind="server")
    with Store.open(cli.folder / "fleet.db") as store:
        for ago in (400, 300, 200, 100, 0):
            now = datetime.now(UTC) - timedelta(days=ago)
            run = store.begin("nsight", now=now)
            run.inventory(
                Inventory(
                    as_of=now,
                    customers=(Customer(id="c1", name="Acme"),),
                    sites=(Site(id="s1", customer_id="c1", name="Main"),),
                    devices=(here,),
                )
            )
            state = FindingStatus(
                "missing", "approve", is_own_decision=False, vendor_status="", vendor_decision=""
            )
            run.record("d1", [Finding(str(ago), Patch(title="Update"), state, None)], now=now)
            run.complete(now=now, as_of=now)
    return cli


def test_old_syncs_are_shown_then_deleted(pruned):
    shown = pruned("store", "prune", "--keep", "250d", "--dry-run")
    assert shown.code == 0
    assert shown.out.startswith("nsight: 2 syncs would be deleted; 3 syncs kept, the oldest is run")
    assert len(pruned("runs", "--json").json["rows"]) == 5
    done = pruned("store", "prune", "--keep", "250d")
    assert (done.code, done.out) == (0, shown.out.replace("would be deleted", "deleted"))
    assert "the journal is kept" in done.err
    states = [row["state"] for row in pruned("runs", "--json").json["rows"]]
    assert states == ["complete"] * 3 + ["pruned"] * 2
    again = pruned("store", "prune", "--keep", "250d")
    assert "nsight: nothing is old enough; 3 syncs kept" in again.out
    assert "\n0 rows of the record deleted" in again.out
    assert pruned("store", "check").code == 0
    assert pruned("store", "prune", "--keep", "1").out.startswith("nsight: 2 syncs deleted")
    assert "was pruned from" in pruned("diff", "1", "5").error()
    vacuumed = pruned("store", "vacuum")
    assert vacuumed.code == 0
    assert "bytes before" in vacuumed.out


@pytest.mark.parametrize("keep", ["0", "0d", "-3", "soon", "90 days", "1.5d", "٣", "999999d", ""])
def test_what_is_no_bound_is_refused(pruned, keep):
    refused = pruned("store", "prune", f"--keep={keep}")
    assert refused.code == 2
    assert "use 90d or" in refused.error()


def test_a_prune_needs_a_bound_and_a_record(cli):
    assert cli("store", "prune").code == 2
    assert "no data" in cli("store", "prune", "--keep", "90d").error()
    assert "no data" in cli("store", "vacuum").error()


def test_a_sync_under_way_refuses_both(pruned):
    with Store.open(pruned.folder / "fleet.db") as store:
        store.begin("nsight", now=datetime.now(UTC))
        for words in (("prune", "--keep", "1"), ("vacuum",)):
            refused = pruned("store", *words)
            assert refused.code == 6
            assert refused.error().startswith("nsight is being synced")


def test_a_customer_that_left_is_erased_once_it_is_confirmed(pruned):
    asked = ("store", "forget", "acme")
    assert pruned(*asked).error().startswith("nsight still lists acme")
    assert pruned("store", "forget", "Nobody", "--yes").error().startswith("no customer is or was")
    now = datetime.now(UTC)
    with Store.open(pruned.folder / "fleet.db") as store:
        run = store.begin("nsight", now=now)
        run.inventory(Inventory(as_of=now, customers=(), sites=(), devices=()))
        run.complete(now=now, as_of=now)
    refused = pruned(*asked)
    assert refused.code == 7
    assert refused.hint() == "--yes skips the question"
    done = pruned(*asked, "--yes")
    assert done.code == 0
    assert done.out.startswith("erased Acme of nsight: 1 device, ")
    assert "published files of 6 syncs were written again" in done.out
    assert "not erased: names of jobs" in done.out
    assert pruned(*asked).code == 6
    assert pruned("store", "check").code == 0
