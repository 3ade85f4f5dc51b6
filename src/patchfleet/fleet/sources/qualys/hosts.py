"""Hosts of the Qualys inventory (GAV): all of them, or the changed ones added to the known.

Changed hosts are those of `lastModifiedDate`. If the vendor's count contradicts the result, or a
request for changes fails, all hosts are read; no host is dropped without that. Hosts that cannot be
read keep their last state, and a gap names its time. A host is known by its own id, since two hosts
may have the same agent.

Invariant: the hosts are those of a full reading (tests/fleet/test_qualys_hosts.py).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from patchfleet.errors import (
    Forbidden,
    NotFound,
    NotTheVendor,
    Rejected,
    Unreadable,
    VendorBroken,
)
from patchfleet.fleet.refresh import MARGIN
from patchfleet.models import DeviceKind, Gap, SourceState
from patchfleet.qualys import Host, Qualys
from patchfleet.qualys.records.values import Door, entries_of, text_of

HOSTS_A_PAGE: Final = 300


class About(Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a host that are kept, out of a hundred.

    No field has a default, so that hosts stored with other fields are all read again.
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
    Forbidden, NotFound, NotTheVendor, Rejected, Unreadable, VendorBroken, msgspec.DecodeError,
)  # fmt: skip
"""Errors of a request for changes that a request for all hosts may not meet."""


class Read(Struct, frozen=True):
    """Hosts by the id of their agent, or by their number (`host 4711`) without one.

    `known` is the state for the next reading; None if nothing could be read.
    """

    hosts: Mapping[str, About]
    gaps: list[Gap]
    known: SourceState | None


def read_hosts(
    client: Qualys, door: Door, known: SourceState | None, on_call: Callable[[], None]
) -> Read:
    """Read the inventory; an account without access to it, or an empty inventory, is a gap.

    Hosts then keep their `known` state, as do those that the vendor counts and does not list. If
    `known` is not stale, only hosts modified since an hour before it are read, as clocks differ.
    Removed hosts are in no such list, so all are read if the vendor's count differs from the
    result. Hosts are read with all fields: the names that `includeFields` takes for nested parts
    are unknown [U], as is whether every change updates `lastModifiedDate` [U].
    """
    before = _remembered(known)
    known = known if before else None
    gaps: list[Gap] = []
    try:
        count, hosts = _changed(client, door, known, before, on_call)
        whole_at = door.answered_at if known is None or hosts is None else known.whole_at
        if hosts is None:
            hosts = _listed(client, door, None, on_call)
            count = _counted(client, on_call) if count is None else count
            gaps += _short(hosts, count, before, known)
    except (Forbidden, NotFound, NotTheVendor) as error:
        who = (
            "the account may not read" if isinstance(error, Forbidden) else "Qualys does not serve"
        )
        return _as_before(f"{who} the asset inventory ({error.message})", before, known)
    if not hosts:
        return _as_before("the asset inventory is empty", before, known)
    by_agent, doubles = _by_agent(hosts)
    payloads = {number: _encode(about).decode() for number, about in hosts.items()}
    memory = SourceState(payloads=payloads, at=door.answered_at, whole_at=whole_at)
    return Read(by_agent, [*gaps, *doubles], memory)


def _remembered(known: SourceState | None) -> dict[str, About]:
    """Return the recorded hosts; none if they have other fields or are damaged."""
    try:
        return {} if known is None else {n: _decode(one) for n, one in known.payloads.items()}
    except (msgspec.DecodeError, RecursionError):
        return {}


def _as_before(why: str, before: Mapping[str, About], known: SourceState | None) -> Read:
    """Return the known hosts with a gap; the record is not overwritten."""
    was = f"so hosts are as they were read on {known.at:%Y-%m-%d %H:%M} UTC" if known else _UNKNOWN
    gap = Gap("inventory", f"{why}, {was}", is_general=True)
    return Read(_by_agent(before)[0], [gap], None)


def _counted(client: Qualys, on_call: Callable[[], None]) -> int | None:
    """Return the vendor's count of hosts; None if it fails, since the pages mark their end."""
    try:
        return client.count_assets()
    except _READ_ALL:
        return None
    finally:
        on_call()


def _short(
    hosts: dict[str, About],
    count: int | None,
    before: Mapping[str, About],
    known: SourceState | None,
) -> list[Gap]:
    """Compare a list with the vendor's count; missing hosts that are known are kept."""
    if count is None or len(hosts) >= count:
        return []
    reason = f"the asset inventory counts {count:,} machines and lists {len(hosts):,}"
    missing = {number: about for number, about in before.items() if number not in hosts}
    hosts.update(missing)
    if missing and known:
        reason += f"; {len(missing):,} stay as they were on {known.at:%Y-%m-%d %H:%M} UTC"
    return [Gap("inventory", reason, is_general=True)]


def _changed(
    client: Qualys,
    door: Door,
    known: SourceState | None,
    before: Mapping[str, About],
    on_call: Callable[[], None],
) -> tuple[int | None, dict[str, About] | None]:
    """Return the vendor's count, and all hosts, of which only the changed ones are read.

    The hosts are None if all have to be read.
    """
    if known is None or known.is_stale:
        return None, None
    count = None
    try:
        hosts = dict(before)
        count = client.count_assets()
        on_call()
        hosts.update(_listed(client, door, known.at - MARGIN, on_call))
    except _READ_ALL:
        return count, None
    return count, hosts if len(hosts) == count else None


def _listed(
    client: Qualys, door: Door, since: datetime | None, on_call: Callable[[], None]
) -> dict[str, About]:
    """Return the hosts modified since a time, or all, by their ids."""
    hosts: dict[str, About] = {}
    for host in client.iter_all_assets(lastModifiedDate=since):
        if len(hosts) % HOSTS_A_PAGE == 0:
            on_call()
        hosts[str(host.assetId)] = _about(host, door)
    if not hosts:
        on_call()
    return hosts


def _by_agent(hosts: Mapping[str, About]) -> tuple[dict[str, About], list[Gap]]:
    """Return hosts by their agents, and a gap for each agent of two hosts."""
    by_agent: dict[str, About] = {}
    gaps: list[Gap] = []
    for number in sorted(hosts, key=lambda number: (len(number), number)):
        name = hosts[number].agent or f"host {number}"
        if name in by_agent:
            reason = f"agent {name} is in the inventory twice; the last host counts"
            gaps.append(Gap("inventory", reason))
        by_agent[name] = hosts[number]
    return by_agent, gaps


def _about(host: Host, door: Door) -> About:
    label = f"host {host.assetId}"
    if host.problems:
        door.note_all(label, host.problems)
    cards = _entries(host.networkInterfaceListData, "networkInterface", label, door)
    tags = _entries(host.tagList, "tag", label, door)
    names = (host.assetName, host.netbiosName, host.dnsName)
    addresses = (text_of(card.get("macAddress")) for card in cards)
    dns = text_of(host.dnsName) or ""
    return About(
        agent=text_of(host.agentId),
        name=next(filter(None, map(text_of, names)), label),
        serial=door.text(host.biosSerialNumber, label, "biosSerialNumber"),
        domain=dns.partition(".")[2] or None,
        user=text_of(host.lastLoggedOnUser),
        kind=_kind_of_hardware(host),
        tags=tuple(name for tag in tags if (name := text_of(tag.get("tagName")))),
        mac_addresses=tuple(address for address in addresses if address),
        last_boot_at=door.moment(host.lastBoot, label, "lastBoot", is_past=False),
    )


def _entries(
    data: dict[str, Any] | None, name: str, label: str, door: Door
) -> list[dict[str, Any]]:
    """Return the entries of a list of the inventory: none, one object, or several."""
    inner = entries_of(data.get(name)) if isinstance(data, dict) else []
    found = [one for one in inner if isinstance(one, dict)]
    if len(found) < sum(one is not None for one in inner):
        door.note(label, f"{name} has an entry that is not an object", inner)
    return found


def _kind_of_hardware(host: Host) -> DeviceKind | None:
    hardware = host.hardware if isinstance(host.hardware, dict) else {}
    category = str(hardware.get("category") or "").casefold()
    if "server" in category:
        return "server"
    return "workstation" if category.startswith("computers") else None
