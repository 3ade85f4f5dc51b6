"""N-sight source: translation of N-able's records into the models.

Invariant: a code without a meaning here becomes `unknown`, with N-able's own word beside it
(tests/fleet/test_nsight_translation.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from patchfleet.errors import Unreadable, VendorError
from patchfleet.fleet.parallel import imap_unordered
from patchfleet.fleet.source import DeviceListing, Listings
from patchfleet.fleet.sources.nsight.identical_lists import Alike
from patchfleet.fleet.sources.nsight.inventory_lists import (
    FAR_AHEAD,
    Described,
    Lists,
    Place,
    believed,
    clock_gaps,
    described,
    odd_gaps,
    once,
)
from patchfleet.models import (
    DEVICE_KINDS,
    Action,
    Decision,
    Device,
    DeviceKind,
    Finding,
    FindingStatus,
    Inventory,
    Patch,
    SourceState,
    State,
)
from patchfleet.models.vocabulary import severity_of
from patchfleet.nsight import ListedDevice, NAble
from patchfleet.nsight import Patch as Row
from patchfleet.nsight.codes import base_choice, is_set_by_user, text_or_none
from patchfleet.nsight.operations.patches import change_of, list_patches
from patchfleet.nsight.operations.request import IDS_PER_CALL
from patchfleet.nsight.records.record import Records
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.operation import (
    Change,
    Conditional,
    Operation,
    Outcome,
    if_changed,
    on_new_connection,
)

WORDS = "2"
"""Edition of the translation below; after a change of it every response is read again."""

CALLS_AT_ONCE = 32  # as many as a client has connections

STATES: dict[int, State] = {
    1: "missing",
    2: "pending",
    4: "installing",
    8: "installed",
    16: "failed",
    23: "ignored",  # the wrapper's number; see nsight/codes.py
    32: "ignored",
    64: "reboot_required",
}

T = TypeVar("T")


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
        self.vendor = "nsight"
        self.has_a_call_for_each_device = True
        self._client = client
        self._now = now
        # Equal descriptions are one patch: both caches grow with the catalogue, not the devices.
        self._patches: dict[tuple[object, ...], Patch] = {}
        self._answered_at: datetime | None = None
        self._conditions: dict[tuple[int, str | None, int, str | None], FindingStatus] = {}

    @property
    def account_digest(self) -> str:
        """A digest that identifies the account without revealing its key."""
        return self._client.account_digest

    def inventory(
        self,
        on_call: Callable[[], None] = lambda: None,
        known: SourceState | None = None,  # noqa: ARG002 -- no list has changes only
    ) -> Inventory:
        """Return all customers, sites and devices the key may see.

        Calls: one for all clients; three for each client; one for each site and kind of device on
        it. The time is that of the server if it reports one.
        """
        all_clients = self._client.list_clients()
        now = self._now()
        on_call()
        clients = once(all_clients, "client_id")
        ids = [client.client_id for client in clients]
        asked: list[tuple[int, DeviceKind]] = [(one, kind) for one in ids for kind in DEVICE_KINDS]
        sites = self._ask(self._client.list_sites, [(client,) for client in ids], on_call)
        short = self._ask(self._listed, asked, on_call)
        lists = Lists(
            clients,
            dict(zip(ids, sites, strict=True)),
            dict(zip(asked, short, strict=True)),
            self._long_lists([device for devices in short for device in devices], on_call),
        )
        self._answered_at = believed(all_clients.answered_at, now)
        gaps = clock_gaps(all_clients.answered_at, now)
        gaps += odd_gaps("list_clients", all_clients.problems)
        return lists.inventory(self._answered_at, gaps)

    def cost(self, devices: int) -> int:
        """Return the number of calls for the listings of `devices` devices: one each."""
        return devices

    def listings(
        self,
        devices: Sequence[Device],
        known: Mapping[str, str] = MappingProxyType({}),
        *,
        at_once: int = 16,
        on_call: Callable[[], None] = lambda: None,
    ) -> Listings:
        """Yield each device with its listing, or with the error that prevented it.

        No list names its device, so a list that equals another device's byte for byte may belong
        to that one. It is read again on a new connection; if it stays equal, the other device is
        read again at the end, and yielded twice if its list differs. A list that is empty and was
        not before is read again too.
        """
        alike = Alike(known)

        def ask(device: Device) -> tuple[DeviceListing, int]:
            return self._listing(device.id, known.get(device.id), alike)

        with closing(imap_unordered(ask, devices, at_once)) as answers:
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
        for device in devices:
            if alike.is_doubtful(device.id):
                listing, fingerprint = self._read_alone(device.id, None)
                on_call()
                if fingerprint != alike.answer_of(device.id):
                    yield device, listing

    most_at_once = IDS_PER_CALL
    """Patches in one change, at most."""

    def findings_of(self, device_id: str, *, is_doubted: bool = False) -> list[Finding]:
        """Return every patch of a device.

        `is_doubted` reads on a new connection, since the last response may be another device's.
        """
        number = int(device_id)
        if not is_doubted:
            return self._findings(self._client.list_patches(number), [])
        rows = self._client.run(on_new_connection(list_patches(number)))
        return self._findings(rows, [])

    def _listing(
        self, device_id: str, known: str | None, alike: Alike
    ) -> tuple[DeviceListing, int]:
        """Read a device, unless its response is the known one; return the number of calls too."""
        reading = self._reading(device_id, known)
        listing, fingerprint = self._listing_of(self._client.run(reading))
        is_emptied = known is not None and listing.findings == []
        if not alike.is_of_another(fingerprint, device_id) and not is_emptied:
            return listing, 1
        listing, fingerprint = self._read_alone(device_id, known)
        alike.stays(fingerprint, device_id)
        return listing, 2

    def _read_alone(self, device_id: str, known: str | None) -> tuple[DeviceListing, str]:
        """Read a device on a new connection; return its listing and its fingerprint."""
        reading = self._reading(device_id, known)
        return self._listing_of(self._client.run(on_new_connection(reading)))

    def _reading(self, device_id: str, known: str | None) -> Operation[Conditional[Records[Row]]]:
        """Return the call that lists a device; an unchanged response is not decoded."""
        words, _, bytes_ = (known or "").partition(":")
        return if_changed(list_patches(int(device_id)), bytes_ if words == WORDS else None)

    def _listing_of(self, answer: Conditional[Records[Row]]) -> tuple[DeviceListing, str]:
        fingerprint = f"{WORDS}:{answer.fingerprint}"
        if answer.result is None:
            return DeviceListing(None, fingerprint), fingerprint
        odd = list(answer.result.problems)
        findings = self._findings(answer.result, odd)
        return DeviceListing(findings, None if odd else fingerprint, tuple(odd)), fingerprint

    def _findings(self, rows: Iterable[Row], odd: list[str]) -> list[Finding]:
        """Return the findings of rows; odd values are added to `odd`.

        Equal rows are one. Raises `Unreadable` if two rows of one patch differ.
        """
        latest = self._latest()
        findings: dict[str, Finding] = {}
        for row in rows:
            finding = self._finding(row, latest, odd)
            if findings.setdefault(finding.id, finding) != finding:
                raise Unreadable(
                    f"patch {finding.id} is listed twice, with different values",
                    operation="patch_list_all",
                )
        return list(findings.values())

    def _latest(self) -> datetime:
        """Return the time after which no patch can have been released or installed.

        Dates have no time zone. Without a time of the server only one far in the future is odd.
        """
        now = self._now()
        if self._answered_at is None:
            return now + FAR_AHEAD
        return max(now, self._answered_at) + timedelta(days=1)

    def change(
        self,
        action: Action,
        device_id: str,
        finding_ids: tuple[str, ...],
        journal: ChangeJournal | None = None,
    ) -> Outcome[Any]:
        """Apply an action to at most `most_at_once` patches of a device, and read them back.

        Returns the outcome, also if N-able refused or did not respond.
        """
        ids = [int(number) for number in finding_ids]
        change: Change[Any] = change_of(action, int(device_id), ids)
        whole = replace(change, conclude=lambda outcome: outcome)
        outcome: Outcome[Any] = self._client.run(whole, journal=journal)
        return outcome

    def _listed(self, client_id: int, kind: DeviceKind) -> Records[ListedDevice]:
        """List devices without the fields that are not used here, to save memory."""
        devices = self._client.list_devices_at_client(client_id, kind)
        for device in devices:
            device.checkcounts.clear()
            device.extra.clear()
        return devices

    def _long_lists(
        self, listed: list[ListedDevice], on_call: Callable[[], None]
    ) -> dict[Place, Described]:
        """Read the long lists: system, serial, addresses and last report of each device."""
        calls = {"server": self._client.list_servers, "workstation": self._client.list_workstations}

        def ask(site_id: int, kind: str) -> Described:
            devices = calls[kind](site_id)
            at = believed(devices.answered_at, self._now())
            return described(once(devices, "device_id"), at, devices.problems)

        places = list(dict.fromkeys((device.site_id, device.device_type) for device in listed))
        return dict(zip(places, self._ask(ask, places, on_call), strict=True))

    def _ask(
        self,
        call: Callable[..., T],
        asked: Iterable[tuple[object, ...]],
        on_call: Callable[[], None],
    ) -> list[T]:
        """Make calls in parallel and return their results in order; the first error ends all."""
        arguments = list(asked)
        results: dict[int, T] = {}
        with closing(imap_unordered(lambda one: call(*one), arguments, CALLS_AT_ONCE)) as answers:
            for place, answer in answers:
                if isinstance(answer, BaseException):
                    raise answer
                results[place] = answer
                on_call()
        return [results[place] for place in range(len(arguments))]

    def _finding(self, row: Row, latest: datetime, odd: list[str]) -> Finding:
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
        if patch.released_at is not None and patch.released_at > latest:
            odd.append(f"patch {row.patch_id} is released on {patch.released_at:%Y-%m-%d}, to come")
            patch = msgspec.structs.replace(patch, released_at=None)
        words_of_row = (row.status, row.status_label, row.policy, row.policy_label)
        condition = self._conditions.get(words_of_row)
        if condition is None:
            condition = self._conditions[words_of_row] = _condition(row)
        installed_at = row.installed_at if row.install_date or row.install_date_text else None
        if installed_at is not None and installed_at > latest:
            odd.append(f"patch {row.patch_id} is installed on {installed_at:%Y-%m-%d}, to come")
            installed_at = None
        return Finding(str(row.patch_id), patch, condition, installed_at)


def state_and_decision(now: Any) -> tuple[State, Decision, bool] | None:
    """Return a patch that was read back, as the journal keeps it.

    State, decision, and whether it was set on the device; None if nothing was read.
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
        product=text_or_none(row.product),
        kb=row.kb,
        # The numbers are not documented, so the label decides (docs/nsight.md).
        severity=severity_of(label),
        vendor_severity=label or (None if row.severity is None else str(row.severity)),
        released_at=row.released_at,
        url=text_or_none(row.patch_url),
        is_installable=row.deployable,
        is_removable=row.uninstallable,
    )


def _condition(row: Row) -> FindingStatus:
    return FindingStatus(
        state=STATES.get(row.status, "unknown"),
        decision=row.choice or "unknown",
        is_own_decision=row.is_set_by_user,
        vendor_status=f"{row.status} {row.status_name}",
        vendor_decision=f"{row.policy} {row.policy_name}",
    )
