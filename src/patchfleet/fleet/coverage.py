"""What a source no longer shows: compared with what it showed when it was last complete.

A key that lost a customer answers as if that customer had never been, and a list that was cut is a
shorter list. Nobody notices either, so both are compared before anything is taken for gone.

Invariants: pure; what vanished is named, each device by itself; what the source contradicts itself
about stays as it was.
"""

from collections import Counter
from datetime import datetime

import msgspec
from msgspec import Struct

from patchfleet._renamed import renamed
from patchfleet.fleet.outcome import LostDevice
from patchfleet.models import Device, Gap, Inventory

GONE = "is in no list any more"
SHORT = "is in no list, and the lists are shorter than the source's own count"
CONTRADICTED = "is in one list and missing from another"
UNMANAGED = "is not managed for patches any more; what was known of them is closed"

_DETAILS = (
    "os", "user", "serial", "mac_addresses", "domain", "last_seen_at", "last_boot_at",
)  # fmt: skip


class CoverageLoss(Struct, frozen=True):
    """What vanished, and the share of all devices (0 to 1) of which that is believed."""

    vanished: tuple[Gap, ...]
    lost: tuple[LostDevice, ...]
    share: float
    visible: str
    """What the key can see now, in a sentence."""


def compare(
    before: Inventory | None, now: Inventory, *, accepts_missing: bool = False
) -> CoverageLoss:
    """Name the customers, sites, kinds of device and devices that an inventory has no more.

    A device that is not managed for patches any more is named too. One about whose absence the
    inventory contradicts itself is kept, unless `accepts_missing`.
    """
    if before is None:
        return CoverageLoss((), (), 0.0, _visible(now))
    lost = _lost(before, now, accepts_missing=accepts_missing)
    gone = sum(not one.is_kept for one in lost)
    return CoverageLoss(
        vanished=(*_customers(before, now), *_sites(before, now), *_kinds(before, now)),
        lost=tuple(lost),
        share=gone / len(before.devices) if before.devices else 0.0,
        visible=_visible(now),
    )


def completed(before: Inventory | None, now: Inventory, lost: tuple[LostDevice, ...]) -> Inventory:
    """Return an inventory with what it must not be without: devices that are kept, and details.

    Its places are those of `now` and those where a device that is kept was.
    """
    if before is None:
        return now
    old = {device.id: device for device in before.devices}
    kept = [old[one.device_id] for one in lost if one.is_kept]
    customers, sites = {c.id for c in now.customers}, {s.id for s in now.sites}
    of_kept = {device.customer_id for device in kept} - customers
    at_kept = {device.site_id for device in kept} - sites
    devices = [
        _described(device, old.get(device.id)) if device.id in now.undescribed else device
        for device in now.devices
    ]
    return msgspec.structs.replace(
        now,
        customers=(*now.customers, *(c for c in before.customers if c.id in of_kept)),
        sites=(*now.sites, *(s for s in before.sites if s.id in at_kept)),
        devices=(*devices, *kept),
    )


def age_of(at: datetime, now: datetime) -> str:
    """Spell how long ago something was: `2026-11-13 06:00 UTC, 5 days ago`."""
    days = (now - at).days
    ago = f"{days:,} days ago" if days > 1 else "a day ago" if days == 1 else "today"
    return f"{at:%Y-%m-%d %H:%M} UTC, {ago}"


def _described(device: Device, before: Device | None) -> Device:
    """Return a device with what was said of it before where nothing is said now."""
    if before is None:
        return device
    held = {name: getattr(before, name) for name in _DETAILS if not getattr(device, name)}
    return msgspec.structs.replace(device, **held)


def _lost(before: Inventory, now: Inventory, *, accepts_missing: bool) -> list[LostDevice]:
    names = {customer.id: customer.name for customer in before.customers}
    present = {device.id: device for device in now.devices}
    lost = []
    for device in before.devices:
        reason, is_kept = GONE, False
        here = present.get(device.id)
        if here is not None:
            if here.is_patched or not device.is_patched:
                continue
            reason = UNMANAGED
        elif device.id in now.contradicted:
            reason, is_kept = CONTRADICTED, not accepts_missing
        elif (device.customer_id, device.kind) in now.short:
            reason, is_kept = SHORT, not accepts_missing
        lost.append(
            LostDevice(
                device_id=device.id,
                device=device.name,
                customer_id=device.customer_id,
                customer=names[device.customer_id],
                reason=reason,
                is_kept=is_kept,
            )
        )
    return lost


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


__getattr__ = renamed(__name__)
