"""Devices from Qualys assets: the list of patch management, joined with the inventory.

The lists are joined by the id of the agent alone: joined by name, a cloned machine would get the
serial number of another one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from patchfleet.fleet.sources.qualys.hosts import About
from patchfleet.models import OWN_CUSTOMER, Customer, Device, DeviceKind, Gap, Site
from patchfleet.models.selection import is_named
from patchfleet.qualys import PMAsset
from patchfleet.qualys.records.jobs import NamedId
from patchfleet.qualys.records.record import Record
from patchfleet.qualys.records.values import AHEAD, Door, entries_of, text_of

CustomerTag = str | tuple[str, str]
"""A pattern of tags with the customer's name at its `*`, or a pattern with a customer."""


def as_device(
    number: str,
    asset: PMAsset,
    about: About | None,
    customer_tags: Sequence[CustomerTag],
    door: Door,
) -> Device:
    """Return the device of an asset from both lists."""
    if asset.problems:
        door.note_all(number, asset.problems)
    tags = [name for tag in entries_of(asset.tags) if (name := _text(tag, "name"))]
    addresses = [_text(card, "macAddress") for card in entries_of(asset.interfaces)]
    if about is not None:
        tags.extend(about.tags)
        addresses.extend(about.mac_addresses)
    customer = customer_of(tags, customer_tags)
    system = text_of(asset.operatingSystem)
    seen = [
        door.moment(value, number, name, is_past=False)
        for name, value in (
            ("statusDateTime", asset.statusDateTime),
            ("scanDateTime", asset.scanDateTime),
        )
    ]
    return Device(
        id=number,
        site_id=customer,
        customer_id=customer,
        name=text_of(asset.name) or (about and about.name) or number,
        kind=(about and about.kind) or _kind(system),
        is_patched=_is_patched(asset),
        os=system,
        user=text_of(asset.lastLoggedOnUser) or (about and about.user) or None,
        serial=about.serial if about else None,
        mac_addresses=tuple(dict.fromkeys(filter(None, addresses))),
        domain=about.domain if about else None,
        last_seen_at=seen[0] or seen[1],
        last_boot_at=about.last_boot_at if about else None,
    )


def has_odd_tags(asset: PMAsset) -> bool:
    """Return whether tags, which decide on customer and jobs, cannot be read."""
    return not all(one is None or isinstance(one, NamedId) for one in entries_of(asset.tags))


def _text(record: object, name: str) -> str | None:
    """Return a text field of a list entry; None if the entry is not a record."""
    return text_of(getattr(record, name, None)) if isinstance(record, Record) else None


def not_ahead(devices: Mapping[str, Device], door: Door) -> dict[str, Device]:
    """Return the devices without times after the response, and record those as problems.

    If most devices were seen in the future, this machine's clock is behind: then the newest of
    their times counts as the time of the response.
    """
    seen = [device.last_seen_at for device in devices.values() if device.last_seen_at]
    latest = door.answered_at + AHEAD
    if sum(at > latest for at in seen) * 2 > len(seen):
        door.note(
            "this machine", "its clock is behind that of Qualys", f"{max(seen):%Y-%m-%d %H:%M}"
        )
        door.answered_at = max(seen)
        latest = door.answered_at + AHEAD
    settled = dict(devices)
    for number, device in devices.items():
        for name in ("last_seen_at", "last_boot_at"):
            at = getattr(device, name)
            if at is not None and at > latest:
                what = "was seen" if name == "last_seen_at" else "was started"
                door.note(
                    number, f"it {what} after the time of the response", f"{at:%Y-%m-%d %H:%M}"
                )
                settled[number] = structs.replace(settled[number], **{name: None})
    return settled


def agentless(
    hosts: Mapping[str, About], machines: Mapping[str, Device], customer_tags: Sequence[CustomerTag]
) -> list[Gap]:
    """Return the number of machines of each customer in the inventory alone: without an agent."""
    alone: defaultdict[str, list[str]] = defaultdict(list)
    for number, host in hosts.items():
        if number not in machines:
            alone[customer_of(host.tags, customer_tags)].append(host.name)
    gaps = []
    for customer, names in sorted(alone.items()):
        named = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
        are = "machine is" if len(names) == 1 else "machines are"
        message = f"{len(names):,} {are} in the inventory and not in patch management: {named}"
        gaps.append(Gap("inventory", f"{customer}: {message}", customer_id=customer))
    return gaps


def as_places(devices: Iterable[Device]) -> tuple[tuple[Customer, ...], tuple[Site, ...]]:
    """Return the customers that devices name, each with one site of the same name."""
    names = sorted({device.customer_id for device in devices} | {OWN_CUSTOMER})
    return (
        tuple(Customer(id=name, name=name) for name in names),
        tuple(Site(id=name, customer_id=name, name=name) for name in names),
    )


def customer_of(tags: Iterable[str], patterns: Sequence[CustomerTag]) -> str:
    """Return the customer of an asset by its tags; the first matching pattern decides.

    A pattern has the customer's name at its `*`; one in a pair means the customer beside it.
    """
    for one in patterns:
        if not isinstance(one, str):
            tag_pattern, name = one
            if any(is_named(tag_pattern, tag, tag) for tag in tags):
                return name
            continue
        pattern = one
        before, star, after = pattern.partition("*")
        form = re.escape(before) + ("(.+)" if star else "") + re.escape(after)
        for tag in sorted(set(tags)):
            found = re.fullmatch(form, tag)
            if found:
                return found.group(1) if star else tag
    return OWN_CUSTOMER


def _is_patched(asset: PMAsset) -> bool:
    """Return whether patches are managed on an asset; without a list of modules they are.

    Both lists name the module `PM` in public code [O: peer]; their other values are unknown.
    """
    active = entries_of(asset.activatedModules)
    unsupported = entries_of(asset.osNotSupportedForModules)
    return (not active or "PM" in active) and "PM" not in unsupported


def _kind(system: str | None) -> DeviceKind:
    """Guess the kind by the name of the system; without a hint it is a server."""
    name = (system or "").casefold()
    if "server" in name:
        return "server"
    return "workstation" if "windows" in name or "desktop" in name else "server"
