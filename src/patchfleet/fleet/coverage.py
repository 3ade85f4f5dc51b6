"""What a source no longer shows: compared with what it showed when it was last complete.

A key that lost a customer answers as if that customer had never been. Nobody notices a list that
is shorter, so it is compared before anything is taken for gone.

Law of this file: pure; what vanished is named, with how much it was.
"""

from collections import Counter

from msgspec import Struct

from patchfleet.models import Gap, Inventory


class Coverage(Struct, frozen=True):
    """What vanished, and the share of all devices (0 to 1)."""

    vanished: tuple[Gap, ...]
    share: float
    visible: str
    """What the key can see now, in a sentence."""


def compare(before: Inventory | None, now: Inventory) -> Coverage:
    """Name the customers, sites and kinds of device that an inventory has no more."""
    if before is None:
        return Coverage((), 0.0, _visible(now))
    present = {device.id for device in now.devices}
    gone = sum(device.id not in present for device in before.devices)
    return Coverage(
        vanished=(*_customers(before, now), *_sites(before, now), *_kinds(before, now)),
        share=gone / len(before.devices) if before.devices else 0.0,
        visible=_visible(now),
    )


def _customers(before: Inventory, now: Inventory) -> list[Gap]:
    there = {customer.id for customer in now.customers}
    had = Counter(device.customer_id for device in before.devices)
    return [
        _gap(customer.id, f"customer {customer.name} is gone, with {_devices(had[customer.id])}")
        for customer in before.customers
        if customer.id not in there
    ]


def _sites(before: Inventory, now: Inventory) -> list[Gap]:
    """Name the sites that are gone from customers that are still there."""
    names = {customer.id: customer.name for customer in now.customers}
    there = {site.id for site in now.sites}
    had = Counter(device.site_id for device in before.devices)
    return [
        _gap(
            site.customer_id,
            f"site {site.name} of {names[site.customer_id]} is gone, with {_devices(had[site.id])}",
        )
        for site in before.sites
        if site.id not in there and site.customer_id in names
    ]


def _kinds(before: Inventory, now: Inventory) -> list[Gap]:
    """Name a kind of device of which a customer had some and now has none."""
    names = {customer.id: customer.name for customer in now.customers}
    left = {(device.customer_id, device.kind) for device in now.devices}
    had = Counter(
        (device.customer_id, device.kind)
        for device in before.devices
        if device.customer_id in names
    )
    return [
        _gap(customer, f"{names[customer]} has no {kind} any more and had {count:,}")
        for (customer, kind), count in sorted(had.items())
        if (customer, kind) not in left
    ]


def _gap(customer_id: str, reason: str) -> Gap:
    return Gap("coverage", reason, customer_id=customer_id)


def _devices(count: int) -> str:
    return f"{count:,} device{'' if count == 1 else 's'}"


def _visible(now: Inventory) -> str:
    kinds = Counter(device.kind for device in now.devices)
    return (
        f"the key can see {len(now.customers):,} customers, {len(now.sites):,} sites, "
        f"{kinds['server']:,} servers and {kinds['workstation']:,} workstations"
    )
