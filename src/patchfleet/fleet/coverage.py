"""Coverage loss: devices, sites and customers that a source listed in its last complete sync only.

A key that lost access to a customer gets answers without that customer, and a truncated list is
just a shorter list. Neither is an error on the wire, so each inventory is compared with the last
complete one before a device counts as gone.

Invariants:
- each missing device is named (tests/fleet/test_coverage_loss.py);
- a device about which the source contradicts itself keeps its last state
  (tests/fleet/test_coverage_loss.py).
"""

from collections import Counter
from datetime import datetime

import msgspec
from msgspec import Struct

from patchfleet._renamed import renamed
from patchfleet.fleet.outcome import LostDevice
from patchfleet.models import Device, Gap, Inventory

GONE = "is no longer in any list"
SHORT = "is in no list, and the lists are shorter than the source's own count"
CONTRADICTED = "is in one list and missing from another"
UNMANAGED = "is no longer managed for patches; its findings are closed"

_DETAILS = (
    "os", "user", "serial", "mac_addresses", "domain", "last_seen_at", "last_boot_at",
)  # fmt: skip


class CoverageLoss(Struct, frozen=True):
    """Places and devices that are missing, and the share (0 to 1) of devices that count as gone."""

    vanished: tuple[Gap, ...]
    lost: tuple[LostDevice, ...]
    share: float
    visible: str
    """The customers, sites and devices that the key can see now, as a sentence."""


def compare(
    before: Inventory | None, now: Inventory, *, accepts_missing: bool = False
) -> CoverageLoss:
    """Return the customers, sites, kinds of device and devices that `now` lacks.

    A device that is no longer managed for patches is lost too. A device about whose absence the
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
    """Return `now` with the devices that are kept, their places, and the details it left out."""
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
    """Format a time with its age: `2026-11-13 06:00 UTC, 5 days ago`."""
    days = (now - at).days
    ago = f"{days:,} days ago" if days > 1 else "a day ago" if days == 1 else "today"
    return f"{at:%Y-%m-%d %H:%M} UTC, {ago}"


def _described(device: Device, before: Device | None) -> Device:
    """Return a device, its missing details filled in from `before`."""
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
    """Return a gap for each missing site of a customer that is still listed."""
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
    """Return a gap for each kind of device of which a customer has none left."""
    names = {customer.id: customer.name for customer in now.customers}
    left = {(device.customer_id, device.kind) for device in now.devices}
    had = Counter(
        (device.customer_id, device.kind)
        for device in before.devices
        if device.customer_id in names
    )
    return [
        _gap(customer, f"{names[customer]} no longer has any {kind} and had {count:,}")
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
