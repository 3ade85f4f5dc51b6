"""What a vendor must be able to tell before its fleet can be synced."""

from collections.abc import Callable, Collection, Container, Generator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from patchfleet._renamed import renamed
from patchfleet.errors import VendorError
from patchfleet.models import Device, Finding, Inventory, JobRunRef, Jobs, SourceState


class DeviceListing(Struct, frozen=True):
    """What a source said of the patches of one device.

    `findings` is None where the answer is, to the letter, the one that `fingerprint` was made of
    before. A source that cannot tell leaves `fingerprint` None. `problems` are sentences about what
    is odd in the listing and was read all the same; where there are any, there is no fingerprint,
    so that they are said again next time.
    """

    findings: list[Finding] | None
    fingerprint: str | None = None
    problems: tuple[str, ...] = ()


Listings = Generator[tuple[Device, DeviceListing | VendorError], None, None]


class Source(Protocol):
    """One account at one vendor, in our words."""

    @property
    def name(self) -> str:
        """The name of this source in the record."""
        ...

    @property
    def has_a_call_for_each_device(self) -> bool:
        """Whether each listing is a call of its own, so that several processes can share them."""
        ...

    def inventory(self, on_call: Callable[[], None], known: SourceState | None) -> Inventory:
        """Return customers, sites and devices, complete, or raise; `on_call` after each call.

        `known` is what an earlier inventory gave as its `hosts`: all else being so, only what
        changed since needs to be read, unless it is stale. What cannot be read stays as it is
        known. None is for a source of which nothing is known.
        """
        ...

    def cost(self, devices: int) -> int:
        """Return how many calls the listings of so many devices take, at least."""
        ...

    def listings(
        self,
        devices: Sequence[Device],
        known: Mapping[str, str],
        *,
        at_once: int,
        on_call: Callable[[], None],
    ) -> Listings:
        """Yield each of the devices, with every patch on it, or why it could not be read.

        One that comes twice counts as it came last: what others said made the first doubtful.
        `known` are fingerprints by device id. Closing it ends the work; what concerns all devices
        is raised.
        """
        ...


@runtime_checkable
class HasJobs(Protocol):
    """A source that orders installations in jobs."""

    def jobs(
        self, on_call: Callable[[], None], over: Container[JobRunRef], known: Collection[str]
    ) -> Jobs:
        """Return all jobs with their runs and results, complete, or raise.

        Runs that are `over` on all their devices and on record need not be read again. Jobs that
        are `known` and not listed are asked for: where one is there, the list is not complete.
        """
        ...


__getattr__ = renamed(__name__)
