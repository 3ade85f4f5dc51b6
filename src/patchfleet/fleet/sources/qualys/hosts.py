"""The hosts of Qualys's inventory (GAV): all read, or those that changed beside what is known.

Laws of this file: what comes out is what a whole reading would bring, as far as the vendor's
`lastModifiedDate` is true, and whatever speaks against that, or cannot be asked, is answered by
reading all, without which no host is forgotten; what cannot be read stays as it was known, and a
gap tells of when; a host is known by its own number, since two may have the same agent.
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
    Forbidden, NotFound, NotTheVendor, Rejected, Unreadable, VendorBroken, msgspec.DecodeError,
)  # fmt: skip
"""What asking for changes alone may meet where asking for all may do."""


class Read(Struct, frozen=True):
    """Hosts by the id of their agent, one without an agent by its number, as `host 4711`.

    `known` is what to hand in next time; None where nothing could be read.
    """

    hosts: Mapping[str, About]
    gaps: list[Gap]
    known: SourceState | None


def read_hosts(
    client: Qualys, door: Door, known: SourceState | None, on_call: Callable[[], None]
) -> Read:
    """Read the inventory; where the account may not, or finds nothing there, it is a gap.

    Then hosts stay as they were `known`, as do those that the vendor counts and does not list.
    Where what is known is not stale, only those hosts are asked for that were modified since an
    hour before then, as clocks differ. What was removed is in no such list: all are read where the
    vendor counts another number than are known then. Whole hosts are asked for: under which names
    `includeFields` wants nested parts is unknown [U], as is whether every change moves
    `lastModifiedDate` [U].
    """
    before = _remembered(known)
    known = known if before else None
    gaps: list[Gap] = []
    try:
        count, hosts = _changed(client, door, known, before, on_call)
        whole_at = door.told_at if known is None or hosts is None else known.whole_at
        if hosts is None:
            hosts = _listed(client, door, None, on_call)
            count = _counted(client, on_call) if count is None else count
            gaps += _short(hosts, count, before, known)
    except (Forbidden, NotFound, NotTheVendor) as error:
        who = "the account may not read" if isinstance(error, Forbidden) else "nobody can read"
        return _as_before(f"{who} the asset inventory ({error.message})", before, known)
    if not hosts:
        return _as_before("the asset inventory is empty", before, known)
    by_agent, doubles = _by_agent(hosts)
    said = {number: _encode(about).decode() for number, about in hosts.items()}
    memory = SourceState(said=said, at=door.told_at, whole_at=whole_at)
    return Read(by_agent, [*gaps, *doubles], memory)


def _remembered(known: SourceState | None) -> dict[str, About]:
    """Return the hosts on record; none where they were kept with other fields, or damaged."""
    try:
        return {} if known is None else {n: _decode(said) for n, said in known.said.items()}
    except (msgspec.DecodeError, RecursionError):
        return {}


def _as_before(why: str, before: Mapping[str, About], known: SourceState | None) -> Read:
    """Return what was known before, and say so; nothing of it is overwritten."""
    was = f"so hosts are as they were read on {known.at:%Y-%m-%d %H:%M} UTC" if known else _UNKNOWN
    gap = Gap("inventory", f"{why}, {was}", is_general=True)
    return Read(_by_agent(before)[0], [gap], None)


def _counted(client: Qualys, on_call: Callable[[], None]) -> int | None:
    """Return how many hosts the vendor counts; None where it does not: the pages told their end."""
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
    """Compare a list with the vendor's count; of those that did not come, the known are kept."""
    if count is None or len(hosts) >= count:
        return []
    said = f"the asset inventory counts {count:,} machines and lists {len(hosts):,}"
    missing = {number: about for number, about in before.items() if number not in hosts}
    hosts.update(missing)
    if missing and known:
        said += f"; {len(missing):,} stay as they were on {known.at:%Y-%m-%d %H:%M} UTC"
    return [Gap("inventory", said, is_general=True)]


def _changed(
    client: Qualys,
    door: Door,
    known: SourceState | None,
    before: Mapping[str, About],
    on_call: Callable[[], None],
) -> tuple[int | None, dict[str, About] | None]:
    """Return the vendor's count, and all hosts with only what changed read anew.

    The hosts are None where they cannot be told without reading all.
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
    """Return the hosts modified since a time, or all, by their numbers."""
    hosts: dict[str, About] = {}
    for host in client.iter_all_assets(lastModifiedDate=since):
        if len(hosts) % HOSTS_A_PAGE == 0:
            on_call()
        hosts[str(host.assetId)] = _about(host, door)
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
    """Return what stands in a list of the inventory: none, one object, or several."""
    inner = entries_of(data.get(name)) if isinstance(data, dict) else []
    found = [one for one in inner if isinstance(one, dict)]
    if len(found) < sum(one is not None for one in inner):
        door.note(label, f"{name} holds what is no object", inner)
    return found


def _kind_of_hardware(host: Host) -> DeviceKind | None:
    hardware = host.hardware if isinstance(host.hardware, dict) else {}
    category = str(hardware.get("category") or "").casefold()
    if "server" in category:
        return "server"
    return "workstation" if category.startswith("computers") else None
