"""A vendor of a few devices that can lose, hide, refuse and forget them: a source of ten lines."""

from datetime import UTC, datetime, timedelta

from patchfleet.errors import Unreadable
from patchfleet.fleet import DeviceListing
from patchfleet.models import (
    Customer,
    Device,
    Finding,
    FindingStatus,
    Gap,
    Inventory,
    Job,
    Jobs,
    Patch,
    Site,
)

NOON = datetime(2026, 11, 17, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CUSTOMERS = ("acme", "birch")
MISSING = FindingStatus(
    state="missing", decision="none", is_own_decision=False, vendor_status="1", vendor_decision="1"
)


def patch(number: int) -> Patch:
    return Patch(
        title=f"Patch {number}", product="P", kb=None, severity="high", vendor_severity="High",
        released_at=NOON, url=None, is_installable=True, is_removable=True,
    )  # fmt: skip


class World:
    """What is true, and which devices the vendor is in trouble with now.

    `failing` cannot be read, `hidden` are in no list though they are counted, `half` are in one
    list of two, `unmanaged` are not managed for patches; `jobs` are ids, None when unreadable.
    """

    name = "world"
    has_a_call_for_each_device = True

    def __init__(self, devices: int) -> None:
        self.now = NOON
        self.patches = {str(n): {n, n + 1} for n in range(devices)}
        self.failing: set[str] = set()
        self.hidden: set[str] = set()
        self.half: set[str] = set()
        self.unmanaged: set[str] = set()
        self.jobs_now: set[str] | None = {"j1", "j2"}
        self.asked: list[str] = []

    def device(self, number: str) -> Device:
        customer = CUSTOMERS[int(number) % 2]
        return Device(
            id=number, site_id=customer, customer_id=customer, name=f"PC-{number}", kind="server",
            serial=f"S{number}", is_patched=number not in self.unmanaged,
        )  # fmt: skip

    def calm(self) -> None:
        self.failing, self.hidden, self.half, self.unmanaged = set(), set(), set(), set()
        self.jobs_now = self.jobs_now or {"j1", "j2"}

    def inventory(self, on_call, known=None) -> Inventory:
        on_call()
        listed = [one for one in self.patches if one not in self.hidden | self.half]
        hidden = [self.device(one) for one in self.hidden & self.patches.keys()]
        return Inventory(
            as_of=self.now,
            customers=tuple(Customer(id=one, name=one.title()) for one in CUSTOMERS),
            sites=tuple(Site(id=one, customer_id=one, name=one) for one in CUSTOMERS),
            devices=tuple(map(self.device, listed)),
            gaps=tuple(
                Gap("inventory", "counts more than it lists", one.customer_id) for one in hidden
            ),
            short=frozenset((one.customer_id, one.kind) for one in hidden),
            contradicted=frozenset(self.half),
        )

    def cost(self, devices: int) -> int:
        return devices

    def listings(self, devices, known, *, at_once, on_call):
        for device in devices:
            on_call()
            self.asked.append(device.id)
            if device.id in self.failing:
                yield device, Unreadable("is broken", operation="patch_list_all")
            else:
                numbers = sorted(self.patches[device.id])
                yield device, DeviceListing([Finding(str(n), patch(n), MISSING) for n in numbers])


class Jobbing(World):
    """A vendor that has jobs too."""

    name = "jobbing"

    def jobs(self, on_call, over, known) -> Jobs:
        on_call()
        if self.jobs_now is None:
            raise Unreadable("is broken", operation="list_jobs")
        listed = tuple(
            Job(id=one, name=one.upper(), status="enabled", vendor_status="Enabled")
            for one in sorted(self.jobs_now)
        )
        return Jobs(as_of=self.now, jobs=listed, runs=(), results=())
