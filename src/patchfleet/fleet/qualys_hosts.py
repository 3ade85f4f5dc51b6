"""The hosts of Qualys's inventory (GAV): all read, or those that changed beside what is known.

Laws of this file: what comes out is what a whole reading would bring, as far as the vendor's
`lastModifiedDate` is true, and whatever speaks against that, or cannot be asked, is answered by
reading all, without which no host is forgotten; a host is known by its own number, since two may
have the same agent.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from patchfleet.errors import Forbidden, NotFound, Rejected, Unreadable, VendorBroken
from patchfleet.fleet.due import MARGIN
from patchfleet.fleet.qualys_values import moment, text
from patchfleet.models import DeviceKind, Gap, Hosts
from patchfleet.qualys import Host, Qualys

HOSTS_A_PAGE: Final = 300


class About(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of the hundred fields of a host.

    No field has a default: what was kept with other fields is not read, and all hosts are.
    """

    agent: str | None
    name: str
    serial: str | None
    domain: str | None
    user: str | None
    kind: DeviceKind | None
    tags: tuple[str, ...]
    mac_addresses: tuple[str, ...]
    last_boot_at: datetime | None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(About).decode

_UNKNOWN: Final = "so serial numbers, and machines without an agent, are not known"
_READ_ALL: Final = (
    Forbidden, NotFound, Rejected, Unreadable, VendorBroken, msgspec.DecodeError,
)  # fmt: skip
"""What asking for changes alone may meet where asking for all may do."""


class Read(Struct, frozen=True):
    """Hosts by the id of their agent, one without an agent by its number, as `host 4711`.

    `known` is what to hand in next time; None where nothing could be read.
    """

    hosts: Mapping[str, About]
    gaps: list[Gap]
    known: Hosts | None


def read_hosts(
    client: Qualys, as_of: datetime, known: Hosts | None, on_call: Callable[[], None]
) -> Read:
    """Read the inventory; an account that may not, or finds nothing there, is a gap, not an error.

    Where hosts are `known`, only those are asked for that were modified since an hour before then,
    as clocks differ. What was removed is in no such list: all are read where the vendor counts
    another number than are known then. Whole hosts are asked for: under which names `includeFields`
    wants nested parts is unknown [U], as is whether every change moves `lastModifiedDate` [U].
    """
    try:
        hosts = None if known is None or known.is_stale else _changed(client, known, on_call)
        whole_at = as_of if known is None or hosts is None else known.whole_at
        if hosts is None:
            hosts = _listed(client, None, on_call)
    except (Forbidden, NotFound) as error:
        what = "the account may not read the asset inventory"
        return _as_before(known, what, f": {error.message}")
    if not hosts:
        return _as_before(known, "the asset inventory is empty")
    by_agent, gaps = _by_agent(hosts)
    said = {number: _encode(about).decode() for number, about in hosts.items()}
    return Read(by_agent, gaps, Hosts(said=said, at=as_of, whole_at=whole_at))


def _as_before(known: Hosts | None, what: str, why: str = "") -> Read:
    """Return the hosts that were read before, where there are any: nothing is known of them now."""
    hosts = {} if known is None else _held(known)
    if known is not None and hosts:
        unknown = f"so hosts are as they were read on {known.at:%Y-%m-%d %H:%M} UTC"
    else:
        unknown = _UNKNOWN
    by_agent, gaps = _by_agent(hosts)
    gap = Gap("inventory", f"{what}, {unknown}{why}", is_general=True)
    return Read(by_agent, [gap, *gaps], None)


def _held(known: Hosts) -> dict[str, About]:
    """Return the hosts on record, or none where they were kept with other fields."""
    try:
        return {number: _decode(said) for number, said in known.said.items()}
    except msgspec.DecodeError:
        return {}


def _changed(client: Qualys, known: Hosts, on_call: Callable[[], None]) -> dict[str, About] | None:
    """Return all hosts with only what changed read anew; None where that cannot be told."""
    try:
        hosts = {number: _decode(said) for number, said in known.said.items()}
        count = client.count_assets()
        on_call()
        hosts.update(_listed(client, known.at - MARGIN, on_call))
    except _READ_ALL:
        return None
    return hosts if len(hosts) == count else None


def _listed(
    client: Qualys, since: datetime | None, on_call: Callable[[], None]
) -> dict[str, About]:
    """Return the hosts modified since a time, or all, by their numbers."""
    hosts: dict[str, About] = {}
    for host in client.iter_all_assets(lastModifiedDate=since):
        if len(hosts) % HOSTS_A_PAGE == 0:
            on_call()
        hosts[str(host.assetId)] = _about(host)
    if not hosts:
        on_call()
    return hosts


def _by_agent(hosts: Mapping[str, About]) -> tuple[dict[str, About], list[Gap]]:
    """Return hosts by their agents, and a gap for each agent that is there twice."""
    by_agent: dict[str, About] = {}
    gaps: list[Gap] = []
    for number in sorted(hosts, key=lambda number: (len(number), number)):
        name = hosts[number].agent or f"host {number}"
        if name in by_agent:
            reason = f"agent {name} is in the inventory twice; the last host counts"
            gaps.append(Gap("inventory", reason))
        by_agent[name] = hosts[number]
    return by_agent, gaps


def _about(host: Host) -> About:
    cards = _entries(host.networkInterfaceListData, "networkInterface")
    tags = _entries(host.tagList, "tag")
    names = (host.assetName, host.netbiosName, host.dnsName)
    name = next(filter(None, map(text, names)), f"host {host.assetId}")
    dns = text(host.dnsName) or ""
    return About(
        agent=text(host.agentId),
        name=name,
        serial=text(host.biosSerialNumber),
        domain=dns.partition(".")[2] or None,
        user=text(host.lastLoggedOnUser),
        kind=_kind_of_hardware(host),
        tags=tuple(str(tag["tagName"]) for tag in tags if tag.get("tagName")),
        mac_addresses=tuple(str(card["macAddress"]) for card in cards if card.get("macAddress")),
        last_boot_at=moment(host.lastBoot),
    )


def _entries(data: dict[str, Any] | None, name: str) -> list[dict[str, Any]]:
    """Return what stands in a list of the inventory: none, one object, or several."""
    inner = data.get(name) if isinstance(data, dict) else None
    if isinstance(inner, dict):
        return [inner]
    return [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []


def _kind_of_hardware(host: Host) -> DeviceKind | None:
    hardware = host.hardware if isinstance(host.hardware, dict) else {}
    category = str(hardware.get("category") or "").casefold()
    if "server" in category:
        return "server"
    return "workstation" if category.startswith("computers") else None
