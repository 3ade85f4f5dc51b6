"""What a source no longer shows: compared with what it showed when it was last complete.

A key that lost a customer answers as if that customer had never been. Nobody notices a list that
is shorter, so it is compared before anything is taken for gone.

Law of this file: pure; what vanished is named, with how much it was.
"""

from collections import Counter
from collections.abc import Collection

from msgspec import Struct

from patchfleet.models import Inventory


class Seen(Struct, frozen=True):
    """One device as the last complete run had it."""

    device_id: str
    customer_id: str
    customer: str
    site_id: str
    site: str
    kind: str


class Coverage(Struct, frozen=True):
    """What vanished: sentences for people, and the share of all devices (0 to 1)."""

    vanished: tuple[str, ...]
    share: float
    visible: str
    """What the key can see now, in a sentence."""


def compare(before: Collection[Seen], inventory: Inventory) -> Coverage:
    """Name the customers, sites and kinds of device that the inventory has no more."""
    present = {device.id for device in inventory.devices}
    gone = [device for device in before if device.device_id not in present]
    vanished = [
        *_customers(before, inventory),
        *_sites(before, inventory),
        *_kinds(before, inventory),
    ]
    return Coverage(
        vanished=tuple(vanished),
        share=len(gone) / len(before) if before else 0.0,
        visible=_visible(inventory),
    )


def _customers(before: Collection[Seen], inventory: Inventory) -> list[str]:
    there = {customer.id for customer in inventory.customers}
    lost = Counter((d.customer_id, d.customer) for d in before if d.customer_id not in there)
    return [
        f"customer {name} is gone, with {count:,} device{'' if count == 1 else 's'}"
        for (_, name), count in sorted(lost.items(), key=lambda pair: pair[0][1])
    ]


def _sites(before: Collection[Seen], inventory: Inventory) -> list[str]:
    customers = {customer.id for customer in inventory.customers}
    there = {site.id for site in inventory.sites}
    lost = Counter(
        (d.site_id, d.site, d.customer)
        for d in before
        if d.site_id not in there and d.customer_id in customers
    )
    return [
        f"site {site} of {customer} is gone, with {count:,} device{'' if count == 1 else 's'}"
        for (_, site, customer), count in sorted(lost.items(), key=lambda pair: pair[0][1:])
    ]


def _kinds(before: Collection[Seen], inventory: Inventory) -> list[str]:
    """Name a kind of device of which a customer had some and now has none."""
    customers = {customer.id: customer.name for customer in inventory.customers}
    now = {(device.customer_id, device.kind) for device in inventory.devices}
    had = Counter((d.customer_id, d.kind) for d in before if d.customer_id in customers)
    return [
        f"{customers[customer]} has no {kind}s any more and had {count:,}"
        for (customer, kind), count in sorted(had.items())
        if (customer, kind) not in now
    ]


def _visible(inventory: Inventory) -> str:
    kinds = Counter(device.kind for device in inventory.devices)
    return (
        f"the key can see {len(inventory.customers):,} customers, {len(inventory.sites):,} sites, "
        f"{kinds['server']:,} servers and {kinds['workstation']:,} workstations"
    )
