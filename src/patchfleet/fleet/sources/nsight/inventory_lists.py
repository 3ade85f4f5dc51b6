"""Inventory from N-able's lists of clients, sites and devices, with their contradictions.

Equal rows are one row. Lists that contradict each other are an error if one may be the response to
another request, and otherwise a gap that names the customer and the device.

Invariant: no contradiction passes without an error or a gap (tests/fleet/test_nsight_lists.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from patchfleet.errors import Unreadable
from patchfleet.models import Customer, Device, DeviceKind, Gap, Inventory, Site
from patchfleet.nsight import Client, ListedDevice
from patchfleet.nsight import Device as FullDevice
from patchfleet.nsight import Site as ListedSite
from patchfleet.nsight.codes import text_or_none
from patchfleet.nsight.records.record import Record, Records

FAR_AHEAD = timedelta(days=366)
FAR_BEHIND = timedelta(days=3653)
"""Largest plausible difference of a server's clock; beyond it this machine's clock counts."""

SKEW = timedelta(minutes=5)
"""Tolerated lead of a device's clock; a time within it counts as the time of the response."""

R = TypeVar("R", bound=Record)
Place = tuple[int, str]
"""A site, and the kind of device on it."""


class Details(NamedTuple):
    """The fields of a device that are kept, out of fifty."""

    device_id: int
    name: str = ""
    os: str | None = None
    user: str | None = None
    serial: str | None = None
    mac_addresses: tuple[str, ...] = ()
    domain: str | None = None
    last_seen_at: datetime | None = None
    last_boot_at: datetime | None = None


class Described(NamedTuple):
    """Devices of one long list, and the odd entries in it."""

    devices: list[Details]
    odd: tuple[str, ...]


def believed(created: datetime | None, now: datetime) -> datetime:
    """Return the time of a response; `now` if the server omits it or it is implausible."""
    is_so = created is not None and now - FAR_BEHIND <= created <= now + FAR_AHEAD
    return created if created is not None and is_so else now


def clock_gaps(created: datetime | None, now: datetime) -> list[Gap]:
    """Return a gap if the server's clock is implausible."""
    if created is None or believed(created, now) == created:
        return []
    reason = f"the server reports an implausible time, {created:%Y-%m-%d %H:%M}"
    return [Gap("list_clients", f"{reason}: the time of this machine counts", is_general=True)]


def odd_gaps(service: str, problems: Iterable[str], client: Client | None = None) -> list[Gap]:
    """Return odd entries of a list as gaps of the call and the customer."""
    customer_id = None if client is None else str(client.client_id)
    whose = "" if client is None else f"{client.name}: "
    return [Gap(service, f"{whose}{one}", customer_id=customer_id) for one in problems]


def once(records: Sequence[R], id_name: str) -> list[R]:
    """Return records without equal duplicates.

    Raises `Unreadable` if two different records have one id: either may be right.
    """
    found: dict[object, R] = {}
    for record in records:
        number = getattr(record, id_name)
        if found.setdefault(number, record) != record:
            what = record.CALLED or type(record).__name__.lower()
            raise Unreadable(f"{what} {number} is listed twice, with different values")
    return list(found.values())


def _contradiction(service: str, what: str) -> Unreadable:
    return Unreadable(
        f"two lists contradict each other: {what}",
        operation=service,
        hint="sync again: a list may have been the response to another request",
    )


def described(devices: Iterable[FullDevice], at: datetime, odd: Iterable[str]) -> Described:
    """Return the kept fields of a long list of the time `at`.

    A later time comes from a clock that is ahead: it is dropped and reported as odd.
    """
    problems = list(odd)
    found = []
    for full in devices:
        times: dict[str, datetime | None] = {}
        for name, what in (("last_seen_at", "seen"), ("last_boot_at", "started")):
            when = getattr(full, name)
            if when is not None and when > at + SKEW:
                problems.append(
                    f"device {full.device_id}: its clock is ahead, last {what} at "
                    f"{when:%Y-%m-%d %H:%M} UTC when it was {at:%Y-%m-%d %H:%M}"
                )
                when = None
            times[name] = when if when is None else min(when, at)
        addresses = map(text_or_none, (full.mac1, full.mac2, full.mac3))
        found.append(
            Details(
                device_id=full.device_id,
                name=full.name,
                os=text_or_none(full.os),
                user=text_or_none(full.user),
                serial=text_or_none(full.device_serial),
                mac_addresses=tuple(address for address in addresses if address),
                domain=text_or_none(full.domain),
                **times,
            )
        )
    return Described(found, tuple(problems))


def _device(listed: ListedDevice, full: Details | None) -> Device:
    about = full or Details(listed.device_id)
    return Device(
        id=str(listed.device_id),
        site_id=str(listed.site_id),
        customer_id=str(listed.client_id),
        name=listed.name,
        kind="server" if listed.device_type == "server" else "workstation",
        # A device without the flag is read: one call too many is better than a blind spot.
        is_patched=listed.patch is not False,
        os=about.os,
        description=listed.description,
        user=about.user or text_or_none(listed.username),
        serial=about.serial,
        mac_addresses=about.mac_addresses,
        domain=about.domain,
        last_seen_at=about.last_seen_at,
        last_boot_at=about.last_boot_at,
    )


def _gap(device: ListedDevice, what: str) -> Gap:
    return Gap(
        "inventory",
        f"device {device.device_id} {device.name} {what}",
        customer_id=str(device.client_id),
        device_id=str(device.device_id),
    )


class Lists(NamedTuple):
    """All lists of one inventory: clients, their sites, and the short and long lists of devices."""

    clients: list[Client]
    sites: dict[int, Records[ListedSite]]
    short: dict[tuple[int, DeviceKind], Records[ListedDevice]]
    long: dict[Place, Described]

    @property
    def listed(self) -> list[ListedDevice]:
        """Return every row of the short lists."""
        return [device for devices in self.short.values() for device in devices]

    def inventory(self, as_of: datetime, gaps: Iterable[Gap]) -> Inventory:
        """Return the inventory; raise `Unreadable` if two lists contradict each other."""
        self._check_sites()
        self._check_places()
        listed = self.listed
        full = {one.device_id: one for place in self.long.values() for one in place.devices}
        devices, doubles = _joined(listed, full)
        ids = {device.device_id for device in listed}
        counted = list(self._counted())
        return Inventory(
            as_of=as_of,
            customers=tuple(Customer(id=str(c.client_id), name=c.name) for c in self.clients),
            sites=tuple(
                Site(id=str(site.site_id), customer_id=str(client), name=site.name)
                for client, sites in self.sites.items()
                for site in once(sites, "site_id")
            ),
            devices=devices,
            gaps=(
                *gaps,
                *self._odd(),
                *(_miscounted(*one) for one in counted),
                *doubles,
                *(
                    _gap(device, f"({device.client_name}) has no details")
                    for device in listed
                    if device.device_id not in full
                ),
                *self._unlisted(ids),
            ),
            short=frozenset(
                (str(client.client_id), kind)
                for client, kind, promised, found in counted
                if found < promised
            ),
            contradicted=frozenset(map(str, full.keys() - ids)),
            undescribed=frozenset(map(str, ids - full.keys())),
        )

    def _check_sites(self) -> None:
        """Raise `Unreadable` for a site at two clients, or for one that no client lists.

        A list of sites does not name its client: it may be the response to another request.
        """
        whose: dict[int, int] = {}
        for client, sites in self.sites.items():
            for site in sites:
                other = whose.setdefault(site.site_id, client)
                if other != client:
                    what = f"site {site.site_id} is listed at clients {other} and {client}"
                    raise _contradiction("list_sites", what)
        for device in self.listed:
            owner = whose.get(device.site_id)
            if owner != device.client_id:
                where = "at no client" if owner is None else f"at client {owner}"
                what = f"site {device.site_id} of client {device.client_id} is listed {where}"
                raise _contradiction("list_sites", what)

    def _check_places(self) -> None:
        """Raise `Unreadable` for a long list of another site or kind.

        Such a list has no device of its own place and some of another. A device that was moved
        meanwhile is one among others.
        """
        places = {one.device_id: (one.site_id, one.device_type) for one in self.listed}
        for place, of_place in self.long.items():
            there = {places.get(device.device_id) for device in of_place.devices} - {None}
            if there and place not in there:
                other, kind = min(filter(None, there))
                what = f"the list of site {place[0]} names a {kind} of site {other}"
                raise _contradiction(f"list_{place[1]}s", what)

    def _odd(self) -> Iterator[Gap]:
        """Yield the odd entries of all lists, with their call and customer."""
        clients = {client.client_id: client for client in self.clients}
        for client_id, sites in self.sites.items():
            yield from odd_gaps("list_sites", sites.problems, clients[client_id])
        for (client_id, _), devices in self.short.items():
            yield from odd_gaps("list_devices_at_client", devices.problems, clients[client_id])
        whose = {device.site_id: clients[device.client_id] for device in self.listed}
        for (site, kind), of_place in self.long.items():
            yield from odd_gaps(f"list_{kind}s", of_place.odd, whose[site])

    def _counted(self) -> Iterator[tuple[Client, DeviceKind, int, int]]:
        """Yield clients and kinds whose count differs from the list, with both numbers."""
        for client in self.clients:
            promises: tuple[tuple[DeviceKind, int | None], ...] = (
                ("server", client.server_count),
                ("workstation", client.workstation_count),
            )
            for kind, promised in promises:
                found = len({one.device_id for one in self.short[client.client_id, kind]})
                if promised is not None and promised != found:
                    yield client, kind, promised, found

    def _unlisted(self, ids: set[int]) -> Iterator[Gap]:
        """Yield a gap for each device with details that is in no short list."""
        whose = {device.site_id: device.client_id for device in self.listed}
        for (site, _), of_place in self.long.items():
            for device in of_place.devices:
                if device.device_id not in ids:
                    yield Gap(
                        "inventory",
                        f"device {device.device_id} {device.name} has details and is in no "
                        "client's list",
                        customer_id=str(whose[site]),
                        device_id=str(device.device_id),
                    )


def _miscounted(client: Client, kind: DeviceKind, promised: int, found: int) -> Gap:
    """Return the gap of a client whose count differs from its list."""
    return Gap(
        "inventory",
        f"{client.name}: N-able counts {promised} {kind}s and lists {found}",
        customer_id=str(client.client_id),
    )


def _joined(
    listed: Iterable[ListedDevice], full: Mapping[int, Details]
) -> tuple[tuple[Device, ...], list[Gap]]:
    """Join the short and the long lists; of a device listed with two values the last counts."""
    devices: dict[int, Device] = {}
    doubles = []
    for device in listed:
        found = _device(device, full.get(device.device_id))
        if devices.get(device.device_id, found) != found:
            doubles.append(_gap(device, "is listed twice; the last place counts"))
        devices[device.device_id] = found
    return tuple(devices.values()), doubles
