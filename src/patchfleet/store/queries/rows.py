"""Row types of the queries.

`customer`, `site`, `device` and `patch` are names for people, `*_id` are the ids of the source.
Ages are whole days since release, measured at `as_of` of the run.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from patchfleet.models import Decision, DeviceKind, Severity, State

Reason = Literal["failed", "reboot_required", "overdue_critical", "not_judged"]
"""Why a finding is on the worklist."""

AgeBucket = Literal["0-7", "8-14", "15-30", "31-60", "61-90", ">90", "unknown"]
AGE_BUCKETS: tuple[AgeBucket, ...] = ("0-7", "8-14", "15-30", "31-60", "61-90", ">90", "unknown")


class OfSource(Struct, frozen=True):
    """Row of one source: the base of all rows that begin with it."""

    source: str


class OfCustomer(OfSource, frozen=True):
    """Row of one customer."""

    customer_id: str
    customer: str


class OfDevice(OfCustomer, frozen=True):
    """Row of one device, with its place."""

    site_id: str
    site: str
    device_id: str
    device: str
    kind: DeviceKind


class CustomerWork(OfCustomer, frozen=True):
    """Open work at one customer; all zero if there is none."""

    devices: int
    unpatched_devices: int
    failed: int
    reboot_required: int
    overdue_critical: int
    not_judged: int


class WorkItem(Struct, frozen=True):
    """One finding that needs attention, for one reason; two reasons are two items."""

    reason: Reason
    source: str
    customer_id: str
    customer: str
    site_id: str
    site: str
    device_id: str
    device: str
    kind: DeviceKind
    finding_id: str
    patch: str
    kb: str | None
    severity: Severity
    state: State
    decision: Decision
    released_at: datetime | None
    first_seen_at: datetime
    changed_at: datetime
    age_days: int | None


class FindingRow(OfDevice, frozen=True):
    """One patch on one device with all that is known of either."""

    finding_id: str
    patch_id: int
    patch: str
    product: str | None
    kb: str | None
    severity: Severity
    vendor_severity: str | None
    state: State
    decision: Decision
    is_own_decision: bool
    vendor_status: str
    vendor_decision: str
    released_at: datetime | None
    installed_at: datetime | None
    first_seen_at: datetime
    changed_at: datetime
    scanned_at: datetime
    age_days: int | None
    is_installable: bool | None
    is_removable: bool | None
    url: str | None


class DeviceRow(OfDevice, frozen=True):
    """One device with its place, and how many findings it has and how many are open."""

    is_patched: bool
    os: str | None
    description: str | None
    user: str | None
    serial: str | None
    mac_addresses: tuple[str, ...]
    domain: str | None
    last_seen_at: datetime | None
    last_boot_at: datetime | None
    scanned_at: datetime | None
    findings: int
    open: int


class CustomerRow(OfCustomer, frozen=True):
    """One customer and how much there is of it."""

    sites: int
    devices: int


class PostureRow(OfCustomer, frozen=True):
    """Patch state of one customer; `installed_share` is installed / (installed + open), or None."""

    devices: int
    unpatched_devices: int
    findings: int
    installed: int
    ignored: int
    open: int
    open_critical: int
    open_important: int
    open_moderate: int
    open_low: int
    open_unspecified: int
    installed_share: float | None
    oldest_open_critical_days: int | None


class SeverityStateRow(Struct, frozen=True):
    """How many findings of one severity are in one state; pairs with none are left out."""

    severity: Severity
    state: State
    findings: int


class AgeRow(Struct, frozen=True):
    """How many open findings of one severity are this old."""

    bucket: AgeBucket
    severity: Severity
    findings: int


class TopPatchRow(OfSource, frozen=True):
    """One patch and on how many devices it is open."""

    patch_id: int
    patch: str
    product: str | None
    kb: str | None
    severity: Severity
    released_at: datetime | None
    age_days: int | None
    devices: int


class ChangeRow(OfCustomer, frozen=True):
    """One finding that differs between two runs; None if it was not listed."""

    site: str
    device_id: str
    device: str
    finding_id: str
    patch: str
    kb: str | None
    severity: Severity
    before_state: State | None
    after_state: State | None
    before_decision: Decision | None
    after_decision: Decision | None


class FirstListed(Struct, frozen=True):
    """How many devices the earlier of two runs did not list, and how many findings they have."""

    devices: int
    findings: int


class OpenRow(OfSource, frozen=True):
    """How many findings of one severity were open as of a complete run."""

    run_id: int
    as_of: datetime
    severity: Severity
    findings: int


class ClosedRow(Struct, frozen=True):
    """How many findings of one severity took `days` to close, or are open that long."""

    severity: Severity
    days: int
    is_closed: bool
    findings: int


class FailedRow(Struct, frozen=True):
    """One patch that fails for one likely cause; `example_devices` are up to five of them."""

    patch: str
    kb: str | None
    severity: Severity
    cause: str
    devices: int
    times: int
    since: datetime
    customers: tuple[str, ...]
    example_devices: tuple[str, ...]


class WaitingRow(OfSource, frozen=True):
    """One device that waits for a restart since `since`; see `waiting_devices`."""

    customer: str
    site: str
    device_id: str
    device: str
    kind: DeviceKind
    patches: int
    since: datetime
    last_boot_at: datetime | None
    last_seen_at: datetime | None
    was_restarted: bool


class SilentRow(OfSource, frozen=True):
    """One device that was not seen for `days`; None if the source gives no time."""

    customer: str
    site: str
    device_id: str
    device: str
    kind: DeviceKind
    last_seen_at: datetime | None
    days: int | None


class ContradictionRow(Struct, frozen=True):
    """One finding with two statements that cannot both be true."""

    what: str
    since: datetime
    source: str
    customer: str
    site: str
    device_id: str
    device: str
    finding_id: str
    patch: str
    kb: str | None
    severity: Severity
    state: State
    decision: Decision


class NewRow(Struct, frozen=True):
    """One critical patch that is new, and on how many devices."""

    patch: str
    kb: str | None
    released_at: datetime | None
    devices: int
    customers: tuple[str, ...]


class TransitionRow(Struct, frozen=True):
    """How many findings went from one state to another; equal states mean a changed decision."""

    before_state: State | None
    after_state: State | None
    findings: int


class UnknownName(Struct, frozen=True):
    """A name in a selection that matches nothing, and names close to it."""

    field: Literal["accounts", "customers", "sites", "devices"]
    name: str
    close: tuple[str, ...]
