"""What a sync is asked to do, how far it is, and what it did.

Invariants: values only.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from patchfleet._renamed import renamed
from patchfleet._renamed.fields import FormerFields
from patchfleet.models import Device, Gap
from patchfleet.models.selection import is_named

DEFAULT_CONCURRENCY = 16
DEFAULT_MAX_MISSING = 0.2
"""A larger share of devices does not vanish from one sync to the next, unless a key lost sight."""
ALL = "*"
"""What `SyncOptions.accepts_unread` names all devices by."""


class SyncOptions(Struct, frozen=True, kw_only=True, metaclass=FormerFields):
    """How a sync is made.

    `max_age` is how old the listing of a device, or what is known of a host, may stay where nothing
    says that it changed; zero asks all. `max_calls` ends the sync, incomplete, before it makes
    more. A sync in which a larger share than `max_missing` of the devices is missing, or all jobs
    are, or a device is missing from a list that is shorter than the source's own count, is not
    believed unless `accepts_missing`.

    A device that cannot be read keeps the sync from being complete, unless a person accepts it: by
    name or id in `accepts_unread` (`*` for all, jobs too), or in advance, once so many syncs in a
    row could not read it: `accepts_unread_after`, 0 for never. It then keeps its last listing.
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
        """Say whether a sync may be complete without what it could not read at this attempt."""
        if self.accepts_unread_after and attempts >= self.accepts_unread_after:
            return True
        return any(is_named(term, name, id_) for term in self.accepts_unread)


class SyncProgress(Struct, frozen=True):
    """How far a sync is: `devices` is 0 while the inventory is read; `cost` is calls to come."""

    calls: int
    devices: int
    scanned: int
    findings: int
    problems: int
    cost: int = 0


class LostDevice(Struct, frozen=True, kw_only=True):
    """A device of the last complete sync that is not listed, or not managed for patches, any more.

    `is_kept` says that this is not believed, and that it stays as it was last listed.
    """

    device_id: str
    device: str
    customer_id: str
    customer: str
    reason: str
    is_kept: bool = False


class UnreadDevice(Struct, frozen=True, kw_only=True):
    """A device that could not be read, `attempts` syncs in a row now.

    `is_accepted` says that the sync is complete without it: it stays as it was listed at
    `listed_at`, or it is not covered where that is None.
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
    """What a sync did, and what it could not learn.

    It is complete when `problems` is empty: each of them keeps the state before from being
    replaced. `gaps` is what the inventory lacks, `job_gaps` what is not known of jobs, `vanished`
    what the source shows no more; `lost` names each device of that. `unread` names each device that
    could not be read; those of it that are accepted are in no problem.

    `kept` are devices that were not asked because nothing says that they changed; `unchanged` are
    those whose answer was, to the letter, the one on record; `not_asked` those beyond the budget.
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
    """Spell a device as the subject of a gap: `device 4711 SRV-01 (Acme)`."""
    return f"device {device.id} {device.name} ({customer})"


__getattr__ = renamed(__name__)
