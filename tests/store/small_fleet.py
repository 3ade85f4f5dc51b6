"""Small fleets by hand, for the tests of the store."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from patchfleet.models import Customer, Device, Finding, FindingStatus, Inventory, Patch, Site
from patchfleet.store import Delta, Store

NOW = datetime(2026, 11, 17, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def patch(title="2026-11 Cumulative Update", **fields):
    return Patch(title=title, **fields)


def finding(number="1", what=None, state="missing", decision="approve", **fields):
    condition = FindingStatus(
        state,
        decision,
        fields.get("is_own_decision", False),
        fields.get("vendor_status", state.title()),
        fields.get("vendor_decision", decision.title()),
    )
    return Finding(str(number), what or patch(), condition, fields.get("installed_at"))


def inventory(*devices, customers=("Acme",), sites=("Main",), at=NOW):
    """Build an inventory: customer `c1` Acme with site `s1` Main, and so on; devices as given."""
    places = [Customer(id=f"c{i}", name=name) for i, name in enumerate(customers, 1)]
    return Inventory(
        as_of=at,
        customers=tuple(places),
        sites=tuple(
            Site(id=f"s{i}", customer_id=f"c{min(i, len(customers))}", name=name)
            for i, name in enumerate(sites, 1)
        ),
        devices=tuple(devices),
    )


def device(number="d1", name=None, *, customer="c1", site="s1", kind="server", **fields):
    return Device(
        id=number,
        name=name or number.upper(),
        customer_id=customer,
        site_id=site,
        kind=kind,
        **fields,
    )


def sync(
    store: Store,
    listings: dict[str, Sequence[Finding]],
    *,
    now=NOW,
    source="nsight",
    of: Inventory | None = None,
) -> tuple[int, dict[str, Delta]]:
    """Make one complete run of `listings`, device by device."""
    run = store.begin(source, now=now)
    run.inventory(of or inventory(*(device(number) for number in listings), at=now))
    deltas = {number: run.record(number, found, now=now) for number, found in listings.items()}
    run.complete(now=now, as_of=now)
    return run.id, deltas
