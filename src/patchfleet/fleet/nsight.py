"""N-able's words into ours: the only file that knows both.

Law of this file: nothing N-able says is dropped. A number without a meaning of ours becomes
`unknown`, with N-able's own word beside it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from patchfleet.errors import Unreadable, VendorError
from patchfleet.fleet.side_by_side import side_by_side
from patchfleet.fleet.source import Listing, Listings
from patchfleet.models import (
    Action,
    Condition,
    Customer,
    Decision,
    Device,
    DeviceKind,
    Finding,
    Gap,
    Hosts,
    Inventory,
    Patch,
    Site,
    State,
)
from patchfleet.models.words import severity_of
from patchfleet.nsight import Client, ListedDevice, NAble
from patchfleet.nsight import Device as FullDevice
from patchfleet.nsight import Patch as Row
from patchfleet.nsight.operations.calls import IDS_PER_CALL
from patchfleet.nsight.operations.patches import change_of, list_patches
from patchfleet.nsight.words import base_choice, is_set_by_user
from patchfleet.transport.change import Journal
from patchfleet.transport.operation import Change, Outcome, on_new_connection, unless

KINDS: tuple[DeviceKind, ...] = ("server", "workstation")
WORDS = "2"
"""The edition of the translation below: with another one, every answer is read anew."""

CALLS_AT_ONCE = 32  # as many as a client has connections

STATES: dict[int, State] = {
    1: "missing",
    2: "pending",
    4: "installing",
    8: "installed",
    16: "failed",
    23: "ignored",  # the wrapper's number; see nsight/words.py
    32: "ignored",
    64: "reboot_required",
}

T = TypeVar("T")


class _Details(NamedTuple):
    """What is kept of a device's fifty fields."""

    device_id: int
    name: str = ""
    os: str | None = None
    user: str | None = None
    serial: str | None = None
    mac_addresses: tuple[str, ...] = ()
    domain: str | None = None
    last_seen_at: datetime | None = None
    last_boot_at: datetime | None = None


class NSightSource:
    """An N-sight account as a source of customers, sites, devices and findings."""

    def __init__(
        self,
        client: NAble,
        *,
        name: str = "nsight",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.has_a_call_for_each_device = True
        self._client = client
        self._now = now
        # Equal descriptions are one patch, and a fleet has few against its findings: both caches
        # grow with the catalogue, not with the devices.
        self._patches: dict[tuple[object, ...], Patch] = {}
        self._conditions: dict[tuple[int, str | None, int, str | None], Condition] = {}

    def inventory(
        self,
        on_call: Callable[[], None] = lambda: None,
        known: Hosts | None = None,  # noqa: ARG002 -- no list says what changed
    ) -> Inventory:
        """Return all customers, sites and devices the key may see.

        Calls: one for all clients; three for each client; one for each site and kind of device on
        it. The time is the server's own where it says so.
        """
        clients = self._client.list_clients()
        on_call()
        sites = self._ask(self._client.list_sites, [(c.client_id,) for c in clients], on_call)
        asked = [(c.client_id, kind) for c in clients for kind in KINDS]
        listed = [
            device for devices in self._ask(self._listed, asked, on_call) for device in devices
        ]
        full = self._full_devices(listed, on_call)
        devices, doubles = _devices(listed, full)
        return Inventory(
            as_of=clients.answered_at or self._now(),
            customers=tuple(Customer(id=str(c.client_id), name=c.name) for c in clients),
            sites=tuple(
                Site(id=str(site.site_id), customer_id=str(client.client_id), name=site.name)
                for client, of_client in zip(clients, sites, strict=True)
                for site in of_client
            ),
            devices=devices,
            gaps=(*_count_gaps(clients, listed), *doubles, *_detail_gaps(listed, full)),
            short=_short(clients, listed),
            contradicted=frozenset(map(str, full.keys() - {one.device_id for one in listed})),
            undescribed=frozenset(str(d.device_id) for d in listed if d.device_id not in full),
        )

    def cost(self, devices: int) -> int:
        """Return how many calls the listings of so many devices take: one each."""
        return devices

    def listings(
        self,
        devices: Sequence[Device],
        known: Mapping[str, str] = MappingProxyType({}),
        *,
        at_once: int = 16,
        on_call: Callable[[], None] = lambda: None,
    ) -> Listings:
        """Yield each device with every patch on it, in our words, or why it could not be read."""
        whose = {fingerprint: device_id for device_id, fingerprint in known.items()}

        def ask(device: Device) -> tuple[Listing, int]:
            return self._listing(device.id, known.get(device.id), whose)

        with closing(side_by_side(ask, devices, at_once)) as answers:
            for place, answer in answers:
                on_call()
                if isinstance(answer, VendorError):
                    yield devices[place], answer
                    continue
                if isinstance(answer, BaseException):
                    raise answer
                listing, calls = answer
                if calls > 1:
                    on_call()
                yield devices[place], listing

    most_at_once = IDS_PER_CALL
    """How many patches one change can name."""

    def findings_of(self, device_id: str) -> list[Finding]:
        """Return every patch of the device with this id, in our words."""
        return self._findings(self._client.list_patches(int(device_id)))

    def _listing(
        self, device_id: str, known: str | None, whose: dict[str, str]
    ) -> tuple[Listing, int]:
        """Read a device, unless its answer is the one known: as these very words were read.

        A list that is to the letter that of another device, as `whose` says, may be that of the
        other: no list names its device. It is asked for once more, on a new connection. Returns how
        many calls it took, too.
        """
        words, _, bytes_ = (known or "").partition(":")
        reading = unless(list_patches(int(device_id)), bytes_ if words == WORDS else None)
        answer, calls = self._client.run(reading), 1
        fingerprint = f"{WORDS}:{answer.fingerprint}"
        if fingerprint != known and whose.setdefault(fingerprint, device_id) != device_id:
            answer, calls = self._client.run(on_new_connection(reading)), 2
            fingerprint = f"{WORDS}:{answer.fingerprint}"
            whose.setdefault(fingerprint, device_id)
        findings = None if answer.result is None else self._findings(answer.result)
        return Listing(findings, fingerprint), calls

    def _findings(self, rows: Iterable[Row]) -> list[Finding]:
        findings = [self._finding(row) for row in rows]
        if len({finding.id for finding in findings}) < len(findings):
            raise Unreadable("the list names one patch id twice")
        return findings

    def change(
        self,
        action: Action,
        device_id: str,
        finding_ids: tuple[str, ...],
        journal: Journal | None = None,
    ) -> Outcome[Any]:
        """Do one action to some patches of a device, at most `most_at_once`, and read them back.

        Returns what came of it, also where N-able refused or did not answer.
        """
        ids = [int(number) for number in finding_ids]
        change: Change[Any] = change_of(action, int(device_id), ids)
        whole = replace(change, conclude=lambda outcome: outcome)
        outcome: Outcome[Any] = self._client.run(whole, journal=journal)
        return outcome

    def _listed(self, client_id: int, kind: DeviceKind) -> list[ListedDevice]:
        """List devices without what is not asked of them here, so that a large fleet is small."""
        devices = self._client.list_devices_at_client(client_id, kind)
        for device in devices:
            device.checkcounts.clear()
            device.extra.clear()
        return devices

    def _full_devices(
        self, listed: list[ListedDevice], on_call: Callable[[], None]
    ) -> dict[int, _Details]:
        """Return what the long lists say of each device: system, serial, addresses, last report."""
        calls = {"server": self._client.list_servers, "workstation": self._client.list_workstations}

        def details(site_id: int, kind: str) -> list[_Details]:
            return [_details(device) for device in calls[kind](site_id)]

        places = dict.fromkeys((device.site_id, device.device_type) for device in listed)
        answers = self._ask(details, places, on_call)
        return {device.device_id: device for devices in answers for device in devices}

    def _ask(
        self,
        call: Callable[..., T],
        asked: Iterable[tuple[object, ...]],
        on_call: Callable[[], None],
    ) -> list[T]:
        """Make several calls side by side, in order; the first error ends them all."""
        arguments = list(asked)
        results: dict[int, T] = {}
        with closing(side_by_side(lambda one: call(*one), arguments, CALLS_AT_ONCE)) as answers:
            for place, answer in answers:
                if isinstance(answer, BaseException):
                    raise answer
                results[place] = answer
                on_call()
        return [results[place] for place in range(len(arguments))]

    def _finding(self, row: Row) -> Finding:
        description = (
            row.patch_title,
            row.product,
            row.severity,
            row.severity_label,
            row.release_date,
            row.release_date_text,
            row.patch_url,
            row.deployable,
            row.uninstallable,
        )
        patch = self._patches.get(description)
        if patch is None:
            patch = self._patches[description] = _patch(row)
        words_of_row = (row.status, row.status_label, row.policy, row.policy_label)
        condition = self._conditions.get(words_of_row)
        if condition is None:
            condition = self._conditions[words_of_row] = _condition(row)
        return Finding(
            str(row.patch_id),
            patch,
            condition,
            row.installed_at if row.install_date or row.install_date_text else None,
        )


def standing(now: Any) -> tuple[State, Decision, bool] | None:
    """Return what the journal keeps of a patch that was read back, in our words.

    State, decision, and whether it was set on the device; None where nothing was read.
    """
    if not isinstance(now, dict) or not {"status", "policy"} <= now.keys():
        return None
    policy = now["policy"]
    state = STATES.get(now["status"], "unknown")
    return state, base_choice(policy) or "unknown", is_set_by_user(policy)


def _patch(row: Row) -> Patch:
    label = row.severity_label
    return Patch(
        title=row.patch_title,
        product=row.product,
        kb=row.kb,
        # Numbers are not documented, so the words decide [reference §4.5].
        severity=severity_of(label),
        vendor_severity=label or (None if row.severity is None else str(row.severity)),
        released_at=row.released_at,
        url=row.patch_url,
        is_installable=row.deployable,
        is_removable=row.uninstallable,
    )


def _condition(row: Row) -> Condition:
    return Condition(
        state=STATES.get(row.status, "unknown"),
        decision=row.choice or "unknown",
        is_own_decision=row.is_set_by_user,
        vendor_status=f"{row.status} {row.status_name}",
        vendor_decision=f"{row.policy} {row.policy_name}",
    )


def _devices(
    listed: list[ListedDevice], full: dict[int, _Details]
) -> tuple[tuple[Device, ...], list[Gap]]:
    """Join the short and the long lists; a device listed twice is kept once, and said."""
    devices: dict[int, Device] = {}
    doubles = []
    for device in listed:
        if device.device_id in devices:
            doubles.append(_gap(device, "is listed twice; the last place counts"))
        devices[device.device_id] = _device(device, full.get(device.device_id))
    return tuple(devices.values()), doubles


def _details(full: FullDevice) -> _Details:
    addresses = (full.mac1, full.mac2, full.mac3)
    return _Details(
        device_id=full.device_id,
        name=full.name,
        os=full.os,
        user=full.user,
        serial=full.device_serial,
        mac_addresses=tuple(address for address in addresses if address),
        domain=full.domain,
        last_seen_at=full.last_seen_at,
        last_boot_at=full.last_boot_at,
    )


def _device(listed: ListedDevice, full: _Details | None) -> Device:
    about = full or _Details(listed.device_id)
    return Device(
        id=str(listed.device_id),
        site_id=str(listed.site_id),
        customer_id=str(listed.client_id),
        name=listed.name,
        kind="server" if listed.device_type == "server" else "workstation",
        # Where the flag is missing the device is asked: better one call too many than a blind spot.
        is_patched=listed.patch is not False,
        os=about.os,
        description=listed.description,
        user=about.user or listed.username,
        serial=about.serial,
        mac_addresses=about.mac_addresses,
        domain=about.domain,
        last_seen_at=about.last_seen_at,
        last_boot_at=about.last_boot_at,
    )


def _counted(
    clients: list[Client], listed: list[ListedDevice]
) -> Iterator[tuple[Client, DeviceKind, int, int]]:
    """Yield clients and kinds of which N-able counts and lists another number, with both."""
    counts = Counter((device.client_id, device.device_type) for device in listed)
    for client in clients:
        promises: tuple[tuple[DeviceKind, int | None], ...] = (
            ("server", client.server_count),
            ("workstation", client.workstation_count),
        )
        for kind, promised in promises:
            found = counts[client.client_id, kind]
            if promised is not None and promised != found:
                yield client, kind, promised, found


def _count_gaps(clients: list[Client], listed: list[ListedDevice]) -> list[Gap]:
    """Say where a client's own counts promise other numbers than its lists hold."""
    return [
        Gap(
            "inventory",
            f"{client.name}: N-able counts {promised} {kind}s and lists {found}",
            customer_id=str(client.client_id),
        )
        for client, kind, promised, found in _counted(clients, listed)
    ]


def _short(clients: list[Client], listed: list[ListedDevice]) -> frozenset[tuple[str, DeviceKind]]:
    """Return the clients, and the kinds of device, of which fewer are listed than counted."""
    return frozenset(
        (str(client.client_id), kind)
        for client, kind, promised, found in _counted(clients, listed)
        if found < promised
    )


def _detail_gaps(listed: list[ListedDevice], full: dict[int, _Details]) -> list[Gap]:
    """Say which devices stand in one kind of list and not in the other."""
    known = {device.device_id for device in listed}
    gaps = [
        _gap(device, f"({device.client_name}) has no details")
        for device in listed
        if device.device_id not in full
    ]
    gaps += [
        Gap(
            "inventory",
            f"device {device.device_id} {device.name} has details and is in no client's list",
            device_id=str(device.device_id),
        )
        for device in full.values()
        if device.device_id not in known
    ]
    return gaps


def _gap(device: ListedDevice, what: str) -> Gap:
    return Gap(
        "inventory",
        f"device {device.device_id} {device.name} {what}",
        customer_id=str(device.client_id),
        device_id=str(device.device_id),
    )
