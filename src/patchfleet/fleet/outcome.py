"""Options, progress and result of a sync."""

from datetime import datetime, timedelta

from msgspec import Struct

from patchfleet._renamed import renamed
from patchfleet._renamed.fields import FormerFields
from patchfleet.models import Device, Gap
from patchfleet.models.selection import is_named

DEFAULT_CONCURRENCY = 16
DEFAULT_MAX_MISSING = 0.2
"""Share of devices above which a loss rather means that the key lost its access."""
ALL = "*"
"""Entry of `SyncOptions.accepts_unread` for all devices, and for jobs."""


class SyncOptions(Struct, frozen=True, kw_only=True, metaclass=FormerFields):
    """Options of one sync.

    `max_age` is the age up to which the listing of a device or the details of a host are kept
    without a sign of change; zero reads all. `max_calls` ends the sync, incomplete, before it makes
    more calls. A sync is not accepted, unless `accepts_missing`, if a larger share of the devices
    than `max_missing` is missing, if all jobs are, or if a device is missing from a list that is
    shorter than the source's own count.

    An unread device keeps the sync from being complete unless it is accepted: by name or id in
    `accepts_unread` (`*` for all devices and jobs), or after `accepts_unread_after` syncs in a row
    that could not read it (0: never). It then keeps its last listing.
    """

    resume_within: timedelta = timedelta(hours=6)
    fresh: bool = False
    concurrency: int = DEFAULT_CONCURRENCY
    max_age: timedelta = timedelta(0)
    max_calls: int | None = None
    max_missing: float = DEFAULT_MAX_MISSING
    accepts_missing: bool = False
    accepts_unread: tuple[str, ...] = ()
    accepts_unread_after: int = 0

    def accept(self, name: str, id_: str, attempts: int) -> bool:
        """Return whether a sync may be complete without a device unread for `attempts` syncs."""
        if self.accepts_unread_after and attempts >= self.accepts_unread_after:
            return True
        return any(is_named(term, name, id_) for term in self.accepts_unread)


class SyncProgress(Struct, frozen=True):
    """Progress of a sync: `devices` is 0 while the inventory is read; `cost` is calls to come."""

    calls: int
    devices: int
    scanned: int
    findings: int
    problems: int
    cost: int = 0


class LostDevice(Struct, frozen=True, kw_only=True):
    """A device of the last complete sync that is no longer listed or managed for patches.

    `is_kept` means that the loss is doubtful and the device keeps its last state.
    """

    device_id: str
    device: str
    customer_id: str
    customer: str
    reason: str
    is_kept: bool = False


class UnreadDevice(Struct, frozen=True, kw_only=True):
    """A device that could not be read, `attempts` syncs in a row now.

    `is_accepted` means that the sync is complete without it: the device keeps its listing of
    `listed_at`, or is not covered if that is None.
    """

    device_id: str
    device: str
    customer_id: str
    customer: str
    reason: str
    attempts: int
    listed_at: datetime | None
    is_accepted: bool


class SyncResult(Struct, frozen=True, kw_only=True):
    """Result of a sync: counts, and everything that it could not read.

    The sync is complete if `problems` is empty: any problem keeps the previous state current.
    `gaps` is what the inventory lacks, `job_gaps` what is unknown about jobs, `vanished` the places
    that are no longer listed, `lost` each missing device. `unread` are the devices that could not
    be read; the accepted ones are not in `problems`.

    `kept` counts devices that were not read because nothing indicates a change, `unchanged` those
    whose response equals the last one byte for byte, `not_asked` those beyond `max_calls`.
    """

    source: str
    run_id: int
    is_complete: bool
    is_resumed: bool
    as_of: datetime
    customers: int
    devices: int
    scanned: int
    already_scanned: int
    not_patched: int
    findings: int
    new: int
    changed: int
    gone: int
    problems: tuple[Gap, ...]
    gaps: tuple[Gap, ...]
    calls: int = 0
    kept: int = 0
    unchanged: int = 0
    not_asked: int = 0
    vanished: tuple[Gap, ...] = ()
    lost: tuple[LostDevice, ...] = ()
    unread: tuple[UnreadDevice, ...] = ()
    job_gaps: tuple[Gap, ...] = ()


def subject_of(device: Device, customer: str) -> str:
    """Format a device as the subject of a gap: `device 4711 SRV-01 (Acme)`."""
    return f"device {device.id} {device.name} ({customer})"


__getattr__ = renamed(__name__)
