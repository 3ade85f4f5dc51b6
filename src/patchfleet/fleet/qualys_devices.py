"""The assets of Qualys as devices: patch management's list, joined with the inventory's.

Law of this file: the two lists are joined by the agent's id alone; by name, a cloned machine would
be given another's serial number.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from patchfleet.errors import Forbidden, NotFound
from patchfleet.models import Customer, Device, DeviceKind, Site
from patchfleet.qualys import Host, PMAsset, Qualys

OWN_CUSTOMER = "Qualys subscription"
"""The customer of whatever no tag gives to another."""

HOSTS_A_PAGE = 300


class About(Struct, frozen=True):
    """What is kept of the hundred fields of a host."""

    name: str
    serial: str | None
    domain: str | None
    user: str | None
    kind: DeviceKind | None
    tags: tuple[str, ...]
    mac_addresses: tuple[str, ...]
    last_boot_at: datetime | None


Hosts = dict[str, About]
"""Hosts by the id of their agent; one without an agent by its number, as `host 4711`."""


def read_hosts(client: Qualys, on_call: Callable[[], None]) -> tuple[Hosts, list[str]]:
    """Read the inventory; an account that may not is a gap, not an error."""
    hosts: Hosts = {}
    try:
        for place, host in enumerate(client.iter_all_assets()):
            if place % HOSTS_A_PAGE == 0:
                on_call()
            hosts[host.agentId or f"host {host.assetId}"] = _about(host)
    except (Forbidden, NotFound) as error:
        unknown = "so serial numbers, and machines without an agent, are not known"
        return {}, [f"the account may not read the asset inventory, {unknown}: {error.message}"]
    return hosts, []


def as_device(
    number: str, asset: PMAsset, about: About | None, customer_tags: Sequence[str]
) -> Device:
    """Put together what both lists say of an asset."""
    tags = [tag.name for tag in asset.tags or () if tag.name]
    if about is not None:
        tags.extend(about.tags)
    customer = customer_of(tags, customer_tags)
    addresses = [card.macAddress for card in asset.interfaces or () if card.macAddress]
    if about is not None:
        addresses.extend(about.mac_addresses)
    return Device(
        id=number,
        site_id=customer,
        customer_id=customer,
        name=asset.name or number,
        kind=(about and about.kind) or _kind(asset.operatingSystem),
        os=asset.operatingSystem,
        user=asset.lastLoggedOnUser,
        serial=about.serial if about else None,
        mac_addresses=tuple(dict.fromkeys(addresses)),
        domain=about.domain if about else None,
        last_seen_at=asset.statusDateTime or asset.scanDateTime,
        last_boot_at=about.last_boot_at if about else None,
    )


def as_places(devices: Iterable[Device]) -> tuple[tuple[Customer, ...], tuple[Site, ...]]:
    """Return the customers that devices name, each with one site of the same name."""
    names = sorted({device.customer_id for device in devices} | {OWN_CUSTOMER})
    return (
        tuple(Customer(id=name, name=name) for name in names),
        tuple(Site(id=name, customer_id=name, name=name) for name in names),
    )


def customer_of(tags: Iterable[str], patterns: Sequence[str]) -> str:
    """Name the customer whose tag an asset has; the first pattern that fits any tag decides."""
    for pattern in patterns:
        before, star, after = pattern.partition("*")
        form = re.escape(before) + ("(.+)" if star else "") + re.escape(after)
        for tag in sorted(set(tags)):
            found = re.fullmatch(form, tag)
            if found:
                return found.group(1) if star else tag
    return OWN_CUSTOMER


def _about(host: Host) -> About:
    cards = _entries(host.networkInterfaceListData, "networkInterface")
    tags = _entries(host.tagList, "tag")
    name = host.assetName or host.netbiosName or host.dnsName or f"host {host.assetId}"
    dns = host.dnsName or ""
    return About(
        name=name,
        serial=host.biosSerialNumber or None,
        domain=dns.partition(".")[2] or None,
        user=host.lastLoggedOnUser,
        kind=_kind_of_hardware(host),
        tags=tuple(str(tag["tagName"]) for tag in tags if tag.get("tagName")),
        mac_addresses=tuple(str(card["macAddress"]) for card in cards if card.get("macAddress")),
        last_boot_at=host.lastBoot if isinstance(host.lastBoot, datetime) else None,
    )


def _entries(data: dict[str, Any] | None, name: str) -> list[dict[str, Any]]:
    """Return what stands in a list of the inventory: none, one object, or several."""
    inner = (data or {}).get(name)
    if isinstance(inner, dict):
        return [inner]
    return [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []


def _kind_of_hardware(host: Host) -> DeviceKind | None:
    category = str((host.hardware or {}).get("category") or "").casefold()
    if "server" in category:
        return "server"
    return "workstation" if category.startswith("computers") else None


def _kind(system: str | None) -> DeviceKind:
    """Guess by the name of the system: servers say so, and a Linux without a word is one."""
    name = (system or "").casefold()
    if "server" in name:
        return "server"
    return "workstation" if "windows" in name or "desktop" in name else "server"
