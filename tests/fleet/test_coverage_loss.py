"""What a source no longer shows is named, and too much of it is not believed."""

from datetime import UTC, datetime, timedelta

from ground_truth import patched
from patchfleet.fleet import SyncOptions, sync
from patchfleet.fleet.coverage import compare
from patchfleet.models import Customer, Device, Gap, Inventory, Site
from patchfleet.nsight import NAble

NOW = datetime(2026, 11, 17, 6, tzinfo=UTC)


def fleet(*places):
    """Build an inventory of devices, each at a customer and site, of a kind."""
    customers = dict.fromkeys(customer for customer, _, _ in places)
    sites = dict.fromkeys((customer, site) for customer, site, _ in places)
    return Inventory(
        as_of=NOW,
        customers=tuple(Customer(id=name, name=name.title()) for name in customers),
        sites=tuple(Site(id=s, customer_id=c, name=s.title()) for c, s in sites),
        devices=tuple(
            Device(id=f"d{n}", name=f"D{n}", customer_id=c, site_id=s, kind=kind)
            for n, (c, s, kind) in enumerate(places)
        ),
    )


BEFORE = fleet(
    ("acme", "main", "server"), ("acme", "main", "workstation"), ("acme", "branch", "workstation"),
    ("zeta", "home", "server"),
)  # fmt: skip


def without(inventory, *customers, sites=(), kinds=()):
    def stays(device):
        gone = device.customer_id in customers or device.site_id in sites
        return not gone and device.kind not in kinds

    return Inventory(
        as_of=NOW,
        customers=tuple(c for c in inventory.customers if c.id not in customers),
        sites=tuple(
            s for s in inventory.sites if s.id not in sites and s.customer_id not in customers
        ),
        devices=tuple(filter(stays, inventory.devices)),
    )


def test_nothing_vanished():
    assert compare(BEFORE, BEFORE).vanished == ()
    assert compare(None, BEFORE).share == compare(BEFORE, BEFORE).share == 0


def test_a_customer_a_site_and_a_kind_are_named():
    assert compare(BEFORE, without(BEFORE, "zeta")).vanished == (
        Gap("coverage", "customer Zeta is gone, with 1 device", "zeta"),
    )
    assert compare(BEFORE, without(BEFORE, sites=["branch"])).vanished == (
        Gap("coverage", "site Branch of Acme is gone, with 1 device", "acme"),
    )
    coverage = compare(BEFORE, without(BEFORE, kinds=["workstation"]))
    reason = "Acme no longer has any workstation and had 2"
    assert coverage.vanished == (Gap("coverage", reason, "acme"),)
    assert coverage.share == 0.5
    assert coverage.visible == (
        "the key can see 2 customers, 3 sites, 2 servers and 0 workstations"
    )


def test_a_key_that_lost_sight_closes_nothing(emulator, source, connected, store):
    sync(source, store, now=lambda: emulator.now)

    class Blind(NAble):
        def list_clients(self):
            clients = super().list_clients()
            del clients[1:]
            return clients

    outcome = sync(connected(Blind), store, now=lambda: emulator.now)
    assert not outcome.is_complete
    assert any(one.reason.startswith("customer ") for one in outcome.vanished)
    (problem,) = outcome.problems
    assert "are gone at once; the key can see 1 customers" in problem.reason
    with store.snapshot() as snapshot:
        assert len(snapshot.texts("SELECT DISTINCT device_id FROM findings")) == len(
            patched(emulator)
        )
    believed = sync(
        connected(Blind), store, now=lambda: emulator.now, rules=SyncOptions(accepts_missing=True)
    )
    assert believed.is_complete
    assert believed.vanished == outcome.vanished


def test_a_budget_ends_a_sync_and_the_next_goes_on(emulator, source, store):
    calls = sync(source, store, now=lambda: emulator.now).calls
    emulator.advance(days=1)
    emulator.clear_calls()
    inventory = calls - len(patched(emulator))
    few = SyncOptions(max_calls=inventory + 2, concurrency=1)
    first = sync(source, store, now=lambda: emulator.now, rules=few)
    assert not first.is_complete
    assert first.calls == len(emulator.calls) == inventory + 2
    assert first.not_asked == len(patched(emulator)) - 2
    assert "--max-calls" in first.problems[0].reason
    last = first
    while not last.is_complete:
        last = sync(source, store, now=lambda: emulator.now, rules=few)
        assert last.is_resumed
    assert store.runs.latest()[0].state == "complete"


def test_an_unchanged_fleet_costs_the_inventory_alone(emulator, source, store):
    sync(source, store, now=lambda: emulator.now)
    emulator.advance(hours=1)
    emulator.clear_calls()
    rules = SyncOptions(max_age=timedelta(days=7))
    outcome = sync(source, store, now=lambda: emulator.now, rules=rules)
    assert outcome.is_complete
    asked = [call for call in emulator.calls if call.service == "patch_list_all"]
    assert len(asked) == outcome.scanned == outcome.devices - outcome.not_patched - outcome.kept
    again = sync(source, store, now=lambda: emulator.now)
    assert again.unchanged == again.scanned, "and the same answers are not read again"
