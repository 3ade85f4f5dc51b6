"""Source protocol: the reads that a vendor's account must offer for a sync."""

from collections.abc import Callable, Collection, Container, Generator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from patchfleet._renamed import renamed
from patchfleet.errors import VendorError
from patchfleet.models import Device, Finding, Inventory, JobRunRef, Jobs, SourceState


class DeviceListing(Struct, frozen=True):
    """The patches of one device, as a source lists them.

    `findings` is None if the response equals, byte for byte, the one of the known `fingerprint`. A
    source without fingerprints leaves it None. `problems` are sentences about odd entries that were
    read all the same; with a problem there is no fingerprint, so that the next sync reports it too.
    """

    findings: list[Finding] | None
    fingerprint: str | None = None
    problems: tuple[str, ...] = ()


Listings = Generator[tuple[Device, DeviceListing | VendorError], None, None]


class Source(Protocol):
    """One account at one vendor, translated into the models."""

    @property
    def name(self) -> str:
        """Return the name of this source in the record."""
        ...

    @property
    def has_a_call_for_each_device(self) -> bool:
        """Return whether each listing is a call of its own, which several processes can share."""
        ...

    def inventory(self, on_call: Callable[[], None], known: SourceState | None) -> Inventory:
        """Return customers, sites and devices, complete, or raise; `on_call` after each call.

        `known` is the `hosts` of an earlier inventory, None for a new source: unless it is stale,
        only what changed since has to be read. What cannot be read stays as it is known.
        """
        ...

    def cost(self, devices: int) -> int:
        """Return the least number of calls for the listings of `devices` devices."""
        ...

    def listings(
        self,
        devices: Sequence[Device],
        known: Mapping[str, str],
        *,
        at_once: int,
        on_call: Callable[[], None],
    ) -> Listings:
        """Yield each of the devices with its listing, or with the error that prevented it.

        The last listing of a device counts: a source lists it twice if the listings of others
        made the first one doubtful. `known` are fingerprints by device id. Closing the generator
        ends the work; errors that concern all devices are raised.
        """
        ...


@runtime_checkable
class HasAccount(Protocol):
    """A source that can tell its account from another one of the same vendor."""

    @property
    def vendor(self) -> str:
        """Return the vendor: nsight or qualys."""
        ...

    @property
    def account_digest(self) -> str:
        """Return a digest of the server and the key or user."""
        ...


@runtime_checkable
class HasJobs(Protocol):
    """A source that runs installations as jobs."""

    def jobs(
        self, on_call: Callable[[], None], over: Container[JobRunRef], known: Collection[str]
    ) -> Jobs:
        """Return all jobs with their runs and results, complete, or raise.

        Runs in `over`, finished on all their devices and recorded, need not be read again. A job
        that is `known` and not listed is read by its id: if it exists, the list is incomplete.
        """
        ...


__getattr__ = renamed(__name__)
