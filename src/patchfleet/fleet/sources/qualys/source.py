"""Qualys source: assets as devices, and the patches on them as findings.

The translation is in the files beside: `devices`, `hosts` (inventory), `findings`, `job_effects`
(past and future effects of jobs on patches), `jobs`. One page of assets is in memory at a time.

Invariant: a list that Qualys omits is an error or a gap, never an empty list
(tests/fleet/test_qualys_odd_values.py).
"""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from msgspec import structs

from patchfleet.errors import NotFound, Unreadable, VendorError
from patchfleet.fleet.source import DeviceListing, Listings
from patchfleet.fleet.sources.qualys.coerce import gaps_of, gaps_of_devices
from patchfleet.fleet.sources.qualys.devices import (
    CustomerTag,
    agentless,
    as_device,
    as_places,
    has_odd_tags,
    not_ahead,
)
from patchfleet.fleet.sources.qualys.findings import (
    Catalogue,
    Conditions,
    fingerprint,
    patch_states,
)
from patchfleet.fleet.sources.qualys.hosts import read_hosts
from patchfleet.fleet.sources.qualys.job_effects import JobEffects, read_job_effects
from patchfleet.fleet.sources.qualys.jobs import read_jobs
from patchfleet.models import Device, Finding, Inventory, JobRunRef, Jobs, SourceState
from patchfleet.qualys import PMAsset, Qualys
from patchfleet.qualys.records.values import Door

T = TypeVar("T")

PLATFORMS: Final[tuple[Literal["windows", "linux"], ...]] = ("windows", "linux")
PATCHES_A_PAGE: Final = 1000
ASSETS_A_PAGE: Final = 400
LISTED_SOMEWHERE: Final = "patchStatus:[Missing,Installed]"
"""Query for patches that some asset has or misses, superseded ones included [D: pat]."""
WITHOUT_PATCHES: Final = (
    "id", "name", "operatingSystem", "lastLoggedOnUser", "assetStatus", "scanStatus", "statusCode",
    "statusDateTime", "scanDateTime", "tags", "interfaces", "platform", "status",
    "activatedModules", "osNotSupportedForModules",
)  # fmt: skip


class QualysSource:
    """A Qualys subscription as a source of customers, sites, devices, findings and jobs.

    `customer_tags` are patterns of tag names, in which `*` is the customer's name: `Customer: *`;
    or pairs of a pattern and the customer that it means.
    An asset without such a tag belongs to `OWN_CUSTOMER`.
    """

    def __init__(
        self,
        client: Qualys,
        *,
        name: str = "qualys",
        customer_tags: Sequence[CustomerTag] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.vendor = "qualys"
        self.has_a_call_for_each_device = False
        self._client = client
        self._customer_tags = tuple(customer_tags)
        self._now = now
        self._door = Door(now())
        self._catalogue = Catalogue(self._door)
        self._conditions = Conditions()
        self._listed = 0
        self._behind = timedelta(0)  # how far this computer's clock is behind Qualys's
        self._effects: JobEffects | None = None
        self._odd_tags: set[str] = set()

    @property
    def account_digest(self) -> str:
        """A digest that identifies the account without revealing its key."""
        return self._client.account_digest

    def inventory(
        self, on_call: Callable[[], None] = lambda: None, known: SourceState | None = None
    ) -> Inventory:
        """Return all assets of patch management, with their details of the inventory (GAV).

        Calls: at least one for every 300 hosts and one for every 400 assets; if hosts are `known`,
        one for their count and one for every 300 changed ones. If the account may not read the
        inventory, serial numbers and machines without an agent are unknown: a gap.
        """
        as_of = self._now()
        door = Door(as_of)
        read = read_hosts(self._client, door, known, on_call)
        self._odd_tags.clear()
        machines: dict[str, Device] = {}
        for asset in self._assets(WITHOUT_PATCHES, on_call):
            number = _id_of(asset)
            if number in machines:
                raise Unreadable(f"asset {number} {asset.name} is listed twice")
            about = read.hosts.get(number)
            if has_odd_tags(asset):
                self._odd_tags.add(number)
            machines[number] = as_device(number, asset, about, self._customer_tags, door)
        self._listed = len(machines)
        door.answered_at = answered_at = self._now()
        machines = not_ahead(machines, door)
        self._behind = door.answered_at - answered_at
        customers, sites = as_places(machines.values())
        alone = agentless(read.hosts, machines, self._customer_tags)
        return Inventory(
            as_of=as_of,
            customers=customers,
            sites=sites,
            devices=tuple(machines.values()),
            gaps=(*read.gaps, *alone, *gaps_of_devices(door, machines)),
            hosts=read.known,
        )

    def cost(self, devices: int) -> int:
        """Return the least number of calls for the listings, without those for jobs.

        All pages are read for any device, so that some devices cost as much as all.
        """
        assets = max(devices, self._listed)
        return 2 * len(PLATFORMS) + 2 + assets // ASSETS_A_PAGE if devices else 0

    def listings(
        self,
        devices: Sequence[Device],
        known: Mapping[str, str] = MappingProxyType({}),
        *,
        at_once: int = 16,  # noqa: ARG002 -- each page names the next one
        on_call: Callable[[], None] = lambda: None,
    ) -> Listings:
        """Yield each device with its listing, or with the error that prevented it.

        The patches and the jobs, which all devices share, are read first. A device that is on no
        page of assets comes last, with `NotFound`.
        """
        if not devices:
            return
        self._door.answered_at = self._now() + self._behind
        waiting = {device.id: device for device in devices}
        for platform in PLATFORMS:
            listed = self._client.iter_patches(platform, query=LISTED_SOMEWHERE)
            for patch in _counting(listed, PATCHES_A_PAGE, on_call):
                self._catalogue.learn(patch)
        self._effects = effects = read_job_effects(self._client, self._door, on_call)
        for asset in self._assets(None, on_call):
            device = waiting.pop(_id_of(asset), None)
            if device is not None:
                yield device, self._listing(asset, effects, known.get(device.id), on_call)
        for device in waiting.values():
            yield device, NotFound("the list of assets no longer has it")

    def jobs(
        self,
        on_call: Callable[[], None] = lambda: None,
        over: Container[JobRunRef] = (),
        known: Collection[str] = (),
        *,
        since: datetime | None = None,
    ) -> Jobs:
        """Return all jobs with their runs and the results on each device; see `HasJobs`.

        `since` limits the runs. The gaps include those of the patches of the listings; see
        `read_jobs` for calls and errors.
        """
        self._door.answered_at = self._now() + self._behind
        patches = gaps_of(self._door, "patches", is_general=True)
        learned = read_jobs(
            self._client,
            self._door,
            on_call,
            over=over,
            known=known,
            since=since,
            before=self._effects,
        )
        return structs.replace(learned, gaps=(*patches, *learned.gaps))

    def _listing(
        self, asset: PMAsset, effects: JobEffects, known: str | None, on_call: Callable[[], None]
    ) -> DeviceListing | VendorError:
        if has_odd_tags(asset) or asset.id in self._odd_tags:
            return Unreadable(
                f"the tags of asset {asset.id}, which name its customer, cannot be read"
            )
        try:
            states = patch_states(asset, effects.tried(asset))
            for _ in range(self._catalogue.look_up(self._client, states)):
                on_call()
            approved = effects.approved(asset)
        except VendorError as error:
            return error
        findings = [
            Finding(
                number,
                self._catalogue.patches[number],
                self._conditions.of(word, result, is_approved=number in approved),
            )
            for number, (word, result) in states.items()
        ]
        digest = fingerprint(findings, self._catalogue)
        return DeviceListing(None if digest == known else findings, digest)

    def _assets(
        self, attributes: Sequence[str] | None, on_call: Callable[[], None]
    ) -> Iterator[PMAsset]:
        for platform in PLATFORMS:
            listed = self._client.iter_assets(
                platform, attributes=list(attributes) if attributes else None
            )
            yield from _counting(listed, ASSETS_A_PAGE, on_call)


def _id_of(asset: PMAsset) -> str:
    if not isinstance(asset.id, str) or not asset.id:
        raise Unreadable(f"the asset {asset.name!r} has no id")
    return asset.id


def _counting(listed: Iterable[T], size: int, on_call: Callable[[], None]) -> Iterator[T]:
    """Yield what is listed, and count a call for each page."""
    for place, one in enumerate(listed):
        if place % size == 0:
            on_call()
        yield one
