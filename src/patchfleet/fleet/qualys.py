"""Qualys's words into ours: the only file that knows both.

Law of this file: nothing Qualys says is dropped, and what it leaves unsaid is an error or a gap,
never an empty list. Qualys keeps no decision on a patch of a device: what is to be installed stands
in jobs, so a decision is `approve` where an enabled job names the patch and `do_nothing` elsewhere.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeVar

import msgspec

from patchfleet.errors import NotFound, Unreadable, VendorError
from patchfleet.fleet.qualys_devices import Hosts, as_device, as_places, read_hosts
from patchfleet.fleet.source import Listing, Listings
from patchfleet.models import Condition, Device, Finding, Inventory, Patch, Severity, State
from patchfleet.qualys import CatalogPatch, PMAsset, PMPatch, Qualys

T = TypeVar("T")

PLATFORMS: tuple[Literal["windows", "linux"], ...] = ("windows", "linux")
PATCHES_A_PAGE, ASSETS_A_PAGE = 1000, 400
WITHOUT_PATCHES = (
    "id", "name", "operatingSystem", "lastLoggedOnUser", "assetStatus", "scanStatus", "statusCode",
    "statusDateTime", "scanDateTime", "tags", "interfaces", "platform", "status",
)  # fmt: skip

SEVERITIES: dict[str, Severity] = {
    "critical": "critical",
    "important": "important",
    "moderate": "moderate",
    "low": "low",
}
"""By word [D: pat]; whatever else Qualys says is `unspecified`, with its own word kept."""

STATES: dict[str, State] = {
    "Missing": "missing",
    "Installed": "installed",
    "Failed": "failed",
    "Pending Reboot": "reboot_required",
}
"""A patch on an asset is missing or installed [D: 3.9]; the newest result of a job on that asset
says why a patch is still missing: it failed, or waits for a restart [O: qs]."""


class _Last(NamedTuple):
    """What the newest job did with the patches of an asset that are still missing."""

    at: datetime
    failed: frozenset[str]
    waiting: frozenset[str]
    word: str


class QualysSource:
    """A Qualys subscription as a source of customers, sites, devices and findings.

    `customer_tags` are patterns of tag names, `*` being the customer's name: `Customer: *`. An
    asset without such a tag belongs to the subscription's own customer.
    """

    def __init__(
        self,
        client: Qualys,
        *,
        name: str = "qualys",
        customer_tags: Sequence[str] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._client = client
        self._customer_tags = tuple(customer_tags)
        self._now = now
        self._patches: dict[str, Patch] = {}
        self._digests: dict[str, bytes] = {}
        self._conditions: dict[tuple[str, str, bool], Condition] = {}

    def inventory(self, on_call: Callable[[], None] = lambda: None) -> Inventory:
        """Return all assets of patch management, with what the inventory (GAV) knows of each.

        Where the account may not read the inventory, serial numbers, and machines without an agent,
        are unknown: that is a gap.
        """
        as_of = self._now()
        hosts, gaps = read_hosts(self._client, on_call)
        machines: dict[str, Device] = {}
        for asset in self._assets(WITHOUT_PATCHES, on_call):
            number = _id_of(asset)
            if number in machines:
                raise Unreadable(f"asset {number} {asset.name} is listed twice")
            machines[number] = as_device(number, asset, hosts.get(number), self._customer_tags)
        customers, sites = as_places(machines.values())
        return Inventory(
            as_of=as_of,
            customers=customers,
            sites=sites,
            devices=tuple(machines.values()),
            gaps=(*gaps, *_agentless(hosts, machines)),
        )

    def cost(self, devices: int) -> int:
        """Return how many calls the listings of so many devices take: pages, not devices."""
        return 2 * len(PLATFORMS) + devices // ASSETS_A_PAGE

    def listings(
        self,
        devices: Sequence[Device],
        known: Mapping[str, str] = MappingProxyType({}),
        *,
        at_once: int = 16,  # noqa: ARG002 -- pages come one after the other
        on_call: Callable[[], None] = lambda: None,
    ) -> Listings:
        """Yield each device with every patch on it, or why it could not be read."""
        if not devices:
            return
        waiting = {device.id: device for device in devices}
        self._read_catalogue(on_call)
        approved, results = self._read_jobs(on_call)
        for asset in self._assets(None, on_call):
            device = waiting.pop(_id_of(asset), None)
            if device is not None:
                yield device, self._listing(asset, approved, results.get(device.id), known)
        for device in waiting.values():
            error = NotFound("the list of assets does not have it any more")
            yield device, error

    def _listing(
        self,
        asset: PMAsset,
        approved: frozenset[str],
        last: _Last | None,
        known: Mapping[str, str],
    ) -> Listing | VendorError:
        try:
            stands = _stands(asset, last)
            self._look_up(number for number in stands if number not in self._patches)
        except VendorError as error:
            return error
        findings = [
            Finding(number, self._patches[number], self._condition(word, said, number in approved))
            for number, (word, said) in stands.items()
        ]
        digest = blake2b(digest_size=16)
        for finding in findings:
            digest.update(finding.id.encode() + self._digests[finding.id])
            digest.update(repr(finding.condition).encode())
        fingerprint = digest.hexdigest()
        if known.get(str(asset.id)) == fingerprint:
            return Listing(None, fingerprint)
        return Listing(findings, fingerprint)

    def _condition(self, word: str, said: str, is_approved: bool) -> Condition:
        key = (word, said, is_approved)
        condition = self._conditions.get(key)
        if condition is None:
            condition = self._conditions[key] = Condition(
                state=STATES[word],
                decision="approve" if is_approved else "do_nothing",
                is_own_decision=False,
                vendor_status=said or word,
                vendor_decision="in an enabled job" if is_approved else "",
            )
        return condition

    def _assets(
        self, attributes: Sequence[str] | None, on_call: Callable[[], None]
    ) -> Iterator[PMAsset]:
        for platform in PLATFORMS:
            listed = self._client.iter_assets(
                platform, attributes=list(attributes) if attributes else None
            )
            yield from _counting(listed, ASSETS_A_PAGE, on_call)

    def _read_catalogue(self, on_call: Callable[[], None]) -> None:
        """Read every patch that some asset has or misses, also those replaced by others."""
        for platform in PLATFORMS:
            listed = self._client.iter_patches(platform, query="patchStatus:[Missing,Installed]")
            for patch in _counting(listed, PATCHES_A_PAGE, on_call):
                self._learn(patch)

    def _look_up(self, numbers: Iterable[str]) -> None:
        """Learn patches that the list did not have; one that nobody knows keeps its number."""
        unknown = list(numbers)
        if not unknown:
            return
        for platform in PLATFORMS:
            for found in self._client.get_patch_catalog(unknown, platform):
                self._learn(found)
        for number in unknown:
            if number not in self._patches:
                patch = Patch(title=f"Qualys patch {number}", vendor_id=number)
                self._keep(number, patch)

    def _learn(self, patch: PMPatch | CatalogPatch) -> None:
        number = patch.id or (patch.patchId if isinstance(patch, CatalogPatch) else None)
        if number is None:
            raise Unreadable("a patch has no id")
        self._keep(number, _patch(number, patch))

    def _keep(self, number: str, patch: Patch) -> None:
        # An equal description stays the same object: findings that share it are recognised by it.
        if self._patches.get(number) != patch:
            self._patches[number] = patch
            self._digests[number] = blake2b(msgspec.json.encode(patch), digest_size=8).digest()

    def _read_jobs(self, on_call: Callable[[], None]) -> tuple[frozenset[str], dict[str, _Last]]:
        """Return the patches that enabled jobs name, and what jobs did last on each asset."""
        jobs = self._client.list_jobs("all")
        on_call()
        approved: set[str] = set()
        for job in jobs:
            if str(job.status).casefold() == "enabled" and job.id:
                approved |= set(self._client.get_job(job.id).approvedPatches or ())
                on_call()
        results: dict[str, _Last] = {}
        for summary in self._client.iter_job_results(jobs, pageSize=100):
            on_call()
            for view in summary.assets or ():
                at = view.endDateTime or view.statusDateTime or view.startDateTime
                if view.id is None or at is None:
                    continue  # says nothing yet of any asset
                if view.id not in results or results[view.id].at < at:
                    tried = frozenset(view.success or ()) if view.pendingReboot else frozenset()
                    failed = frozenset(view.failed or ())
                    results[view.id] = _Last(at, failed, tried, str(view.status or ""))
        return frozenset(approved), results


def _stands(asset: PMAsset, last: _Last | None) -> dict[str, tuple[str, str]]:
    """Return how each patch stands on an asset, as a word of `STATES` and what a job said of it."""
    stands: dict[str, tuple[str, str]] = {}
    for word, listed, promised in (
        ("Installed", asset.installedPatches, asset.installedPatchCount),
        ("Missing", asset.missingPatches, asset.missingPatchCount),
    ):
        if listed is None:
            raise Unreadable(f"asset {asset.id} does not say which patches are {word.lower()}")
        numbers = [one if isinstance(one, str) else one.id for one in listed]
        if promised is not None and promised > len(numbers):
            raise Unreadable(
                f"asset {asset.id} counts {promised} patches as {word.lower()} and lists "
                f"{len(numbers)}"
            )
        for number in numbers:
            if number is None:
                raise Unreadable(f"a patch of asset {asset.id} has no id")
            stands[number] = (word, "")
            if word == "Missing" and last is not None and number in last.failed:
                stands[number] = ("Failed", f"Missing; {last.word}: failed")
            elif word == "Missing" and last is not None and number in last.waiting:
                stands[number] = ("Pending Reboot", f"Missing; {last.word}: pending reboot")
    return stands


def _patch(number: str, patch: PMPatch | CatalogPatch) -> Patch:
    word = patch.vendorSeverity
    return Patch(
        title=patch.title or f"Qualys patch {number}",
        product=", ".join(patch.product or ()) or None,
        kb=(patch.kb or "").upper().removeprefix("KB") or None,
        severity=SEVERITIES.get((word or "").casefold(), "unspecified"),
        vendor_severity=word,
        released_at=patch.publishedDate,
        url=patch.vendorlink,
        is_installable=None if patch.downloadMethod is None else patch.downloadMethod != "Manual",
        is_removable=patch.isRollback,
        vendor_id=number,
        cves=tuple(patch.cve or ()),
        is_superseded=patch.isSuperseded,
        needs_reboot=patch.rebootRequired,
    )


def _id_of(asset: PMAsset) -> str:
    if asset.id is None:
        raise Unreadable(f"the asset {asset.name!r} has no id")
    return asset.id


def _agentless(hosts: Hosts, machines: Mapping[str, Device]) -> list[str]:
    """Say how many machines only the inventory knows: no agent, no patches."""
    alone = [host for number, host in hosts.items() if number not in machines]
    if not alone:
        return []
    named = ", ".join(sorted(host.name for host in alone)[:3])
    more = ", …" if len(alone) > 3 else ""
    return [
        f"{len(alone):,} machines are in the inventory and not in patch management: {named}{more}"
    ]


def _counting(listed: Iterable[T], size: int, on_call: Callable[[], None]) -> Iterator[T]:
    """Yield what is listed, and say of each page that it was a call."""
    for place, one in enumerate(listed):
        if place % size == 0:
            on_call()
        yield one
