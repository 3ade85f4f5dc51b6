"""Qualys as a source: its assets are our devices, its patches on them our findings.

Laws of this file: nothing Qualys says is dropped, and what it leaves unsaid is an error or a gap,
never an empty list; one page of assets is held at a time. What the words mean stands beside:
assets in `qualys_devices`, what the inventory knows of them in `qualys_hosts`, patches and how they
stand in `qualys_findings`, what jobs did and will do in `qualys_orders`, jobs in `qualys_jobs`.
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
from patchfleet.fleet.sources.qualys.job_effects import JobEffects, read_orders
from patchfleet.fleet.sources.qualys.jobs import read_jobs
from patchfleet.models import Device, Finding, Inventory, JobRunRef, Jobs, SourceState
from patchfleet.qualys import PMAsset, Qualys
from patchfleet.qualys.records.values import Door

T = TypeVar("T")

PLATFORMS: Final[tuple[Literal["windows", "linux"], ...]] = ("windows", "linux")
PATCHES_A_PAGE: Final = 1000
ASSETS_A_PAGE: Final = 400
LISTED_SOMEWHERE: Final = "patchStatus:[Missing,Installed]"
"""The patches that some asset has or misses, also those that others replaced [D: pat]."""
WITHOUT_PATCHES: Final = (
    "id", "name", "operatingSystem", "lastLoggedOnUser", "assetStatus", "scanStatus", "statusCode",
    "statusDateTime", "scanDateTime", "tags", "interfaces", "platform", "status",
    "activatedModules", "osNotSupportedForModules",
)  # fmt: skip


class QualysSource:
    """A Qualys subscription as a source of customers, sites, devices, findings and jobs.

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
        self.has_a_call_for_each_device = False
        self._client = client
        self._customer_tags = tuple(customer_tags)
        self._now = now
        self._door = Door(now())
        self._catalogue = Catalogue(self._door)
        self._conditions = Conditions()
        self._listed = 0
        self._behind = timedelta(0)  # how far this computer's clock is behind Qualys's
        self._orders: JobEffects | None = None
        self._odd_tags: set[str] = set()

    def inventory(
        self, on_call: Callable[[], None] = lambda: None, known: SourceState | None = None
    ) -> Inventory:
        """Return all assets of patch management, with what the inventory (GAV) knows of each.

        Calls: one for every 300 hosts and one for every 400 assets, at least; where hosts are
        `known`, one for their count and one for every 300 that changed. Where the account may not
        read the inventory, serial numbers, and machines without an agent, are unknown: a gap.
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
        door.told_at = told_at = self._now()
        machines = not_ahead(machines, door)
        self._behind = door.told_at - told_at
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
        """Return how many calls the listings take, at least: pages; what jobs take shows later.

        All pages are read whichever devices are asked, so that some cost what all do.
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
        """Yield each device with every patch on it, or why it could not be read.

        First come the patches and the jobs, which all devices share. A device that no page of
        assets names any more comes last, with `NotFound`.
        """
        if not devices:
            return
        self._door.told_at = self._now() + self._behind
        waiting = {device.id: device for device in devices}
        for platform in PLATFORMS:
            listed = self._client.iter_patches(platform, query=LISTED_SOMEWHERE)
            for patch in _counting(listed, PATCHES_A_PAGE, on_call):
                self._catalogue.learn(patch)
        self._orders = orders = read_orders(self._client, self._door, on_call)
        for asset in self._assets(None, on_call):
            device = waiting.pop(_id_of(asset), None)
            if device is not None:
                yield device, self._listing(asset, orders, known.get(device.id), on_call)
        for device in waiting.values():
            yield device, NotFound("the list of assets does not have it any more")

    def jobs(
        self,
        on_call: Callable[[], None] = lambda: None,
        over: Container[JobRunRef] = (),
        known: Collection[str] = (),
        *,
        since: datetime | None = None,
    ) -> Jobs:
        """Return all jobs, with their runs and what those did on each device; see `HasJobs`.

        Only runs since a time where one is given. Its gaps tell of the patches of the listings too;
        see `read_jobs` for what it costs and raises.
        """
        self._door.told_at = self._now() + self._behind
        patches = gaps_of(self._door, "patches", is_general=True)
        learned = read_jobs(
            self._client,
            self._door,
            on_call,
            over=over,
            known=known,
            since=since,
            before=self._orders,
        )
        return structs.replace(learned, gaps=(*patches, *learned.gaps))

    def _listing(
        self, asset: PMAsset, orders: JobEffects, known: str | None, on_call: Callable[[], None]
    ) -> DeviceListing | VendorError:
        if has_odd_tags(asset) or asset.id in self._odd_tags:
            return Unreadable(
                f"the tags of asset {asset.id} are no tags: whose it is rests on them"
            )
        try:
            standing = patch_states(asset, orders.tried(asset))
            for _ in range(self._catalogue.look_up(self._client, standing)):
                on_call()
            approved = orders.approved(asset)
        except VendorError as error:
            return error
        findings = [
            Finding(
                number,
                self._catalogue.patches[number],
                self._conditions.of(word, said, is_approved=number in approved),
            )
            for number, (word, said) in standing.items()
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
    """Yield what is listed, and say of each page that it was a call."""
    for place, one in enumerate(listed):
        if place % size == 0:
            on_call()
        yield one
