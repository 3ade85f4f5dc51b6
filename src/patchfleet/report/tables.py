"""Tables shared by reports and commands: their columns and the order of these."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from patchfleet.report.document import ACCOUNT, SOURCE, Column, Table, tabulate, total_of
from patchfleet.store.queries.rows import (
    ChangeRow,
    CustomerWork,
    DeviceRow,
    FindingRow,
    PostureRow,
    TopPatchRow,
    TransitionRow,
    WorkItem,
)

OF_SOURCE = (ACCOUNT, SOURCE)
SHOWN_ACCOUNT = (replace(ACCOUNT, is_detail=False), SOURCE)
"""Columns for the source of a row, in every list of rows of sources."""

_CUSTOMER = Column("customer", "Customer", width=24)
_SITE = Column("site", "Site", width=20)
_DEVICE = Column("device", "Device", width=20)
_KIND = Column("kind", "Kind", width=12)
_PATCH = Column("patch", "Patch", width=64)
_KB = Column("kb", "KB", width=10)
_SEVERITY = Column("severity", "Severity", "severity", width=12)
_STATE = Column("state", "State", "state", width=16)
_DECISION = Column("decision", "Decision", "state", width=12)
_RELEASED = Column("released_at", "Released", "date")
_AGE = Column("age_days", "Age (days)", "integer", width=11)
_FIRST_SEEN = Column("first_seen_at", "First seen", "moment", is_detail=True)
_CHANGED = Column("changed_at", "Changed", "moment", is_detail=True)
_CUSTOMER_ID = Column("customer_id", "Customer id", is_detail=True)
_SITE_ID = Column("site_id", "Site id", is_detail=True)
_DEVICE_ID = Column("device_id", "Device id", is_detail=True)
_FINDING_ID = Column("finding_id", "Finding id", is_detail=True)

WORKLIST = (
    _CUSTOMER,
    Column("devices", "Devices", "integer"),
    Column("failed", "Failed", "integer", is_actionable=True),
    Column("reboot_required", "Waiting for reboot", "integer", is_actionable=True),
    Column("overdue_critical", "Overdue critical", "integer", is_actionable=True),
    Column("not_judged", "Not judged", "integer", is_actionable=True),
    Column("unpatched_devices", "No patch management", "integer", is_actionable=True),
    *OF_SOURCE,
    _CUSTOMER_ID,
)

ITEMS = (
    Column("reason", "Reason", "state", width=18),
    _CUSTOMER,
    _SITE,
    _DEVICE,
    _PATCH,
    _KB,
    _SEVERITY,
    _STATE,
    _RELEASED,
    _AGE,
    replace(_KIND, is_detail=True),
    replace(_DECISION, is_detail=True),
    _FIRST_SEEN,
    _CHANGED,
    *OF_SOURCE,
    _CUSTOMER_ID,
    _SITE_ID,
    _DEVICE_ID,
    _FINDING_ID,
)

FINDINGS = (
    _CUSTOMER,
    _SITE,
    _DEVICE,
    _PATCH,
    _KB,
    _SEVERITY,
    _STATE,
    _DECISION,
    _RELEASED,
    _AGE,
    replace(_KIND, is_detail=True),
    Column("product", "Product", width=28, is_detail=True),
    Column("is_own_decision", "Decided for this device", "flag", is_detail=True),
    Column("vendor_status", "Vendor status", is_detail=True),
    Column("vendor_decision", "Vendor policy", is_detail=True),
    Column("vendor_severity", "Vendor severity", is_detail=True),
    Column("installed_at", "Installed", "moment", is_detail=True),
    _FIRST_SEEN,
    _CHANGED,
    Column("scanned_at", "Read", "moment", is_detail=True),
    Column("is_installable", "Installable", "flag", is_detail=True),
    Column("is_removable", "Removable", "flag", is_detail=True),
    Column("url", "URL", width=32, is_detail=True),
    *OF_SOURCE,
    _CUSTOMER_ID,
    _SITE_ID,
    _DEVICE_ID,
    _FINDING_ID,
)

DEVICES = (
    _CUSTOMER,
    _SITE,
    _DEVICE,
    _KIND,
    Column("os", "Operating system", width=32),
    Column("is_patched", "Patch management", "flag", is_actionable=False),
    Column("open", "Open", "integer"),
    Column("findings", "Patches", "integer"),
    Column("last_seen_at", "Last seen", "moment"),
    Column("last_boot_at", "Last boot", "moment", is_detail=True),
    Column("scanned_at", "Read", "moment", is_detail=True),
    Column("description", "Description", width=28, is_detail=True),
    Column("user", "User", width=20, is_detail=True),
    Column("serial", "Serial", width=20, is_detail=True),
    Column("mac_addresses", "MAC addresses", "list", width=20, is_detail=True),
    Column("domain", "Domain", width=20, is_detail=True),
    *OF_SOURCE,
    _CUSTOMER_ID,
    _SITE_ID,
    _DEVICE_ID,
)

POSTURE = (
    _CUSTOMER,
    Column("devices", "Devices", "integer"),
    Column("installed_share", "Installed", "percent"),
    Column("open", "Open", "integer"),
    Column("open_critical", "Critical", "integer", is_actionable=True),
    Column("open_important", "Important", "integer"),
    Column("open_moderate", "Moderate", "integer"),
    Column("open_low", "Low", "integer"),
    Column("open_unspecified", "Unspecified", "integer"),
    Column("oldest_open_critical_days", "Oldest critical (days)", "integer"),
    Column("ignored", "Ignored", "integer"),
    Column("findings", "Patches", "integer", is_detail=True),
    Column("installed", "Patches installed", "integer", is_detail=True),
    Column(
        "unpatched_devices", "No patch management", "integer", is_detail=True, is_actionable=True
    ),
    *OF_SOURCE,
    _CUSTOMER_ID,
)

TOP_PATCHES = (
    _PATCH,
    _KB,
    _SEVERITY,
    Column("devices", "Devices", "integer"),
    _RELEASED,
    _AGE,
    Column("product", "Product", width=28, is_detail=True),
    *OF_SOURCE,
)

TRANSITIONS = (
    Column("before_state", "Before", "state", width=18),
    Column("after_state", "After", "state", width=18),
    Column("findings", "Findings", "integer"),
)

CHANGES = (
    _CUSTOMER,
    _SITE,
    _DEVICE,
    _PATCH,
    _KB,
    _SEVERITY,
    Column("before_state", "Before", "state", width=16),
    Column("after_state", "After", "state", width=16),
    Column("before_decision", "Decision before", "state", width=16),
    Column("after_decision", "Decision after", "state", width=16),
    *OF_SOURCE,
    _CUSTOMER_ID,
    _DEVICE_ID,
    _FINDING_ID,
)


def worklist_table(rows: Sequence[CustomerWork]) -> Table:
    """Tabulate the open work of each customer, with the total."""
    columns = with_sources(WORKLIST, rows)
    total = total_of(columns, rows)
    return tabulate("worklist", "Open work by customer", columns, rows, total=total)


def items_table(rows: Iterable[WorkItem]) -> Table:
    """Tabulate each finding that needs attention, once for each reason."""
    return tabulate(
        "work_items",
        "Open work by patch",
        ITEMS,
        rows,
        note="A patch with two reasons has two lines.",
    )


def findings_table(
    rows: Iterable[FindingRow], *, title: str = "Patches on devices", note: str = ""
) -> Table:
    """Tabulate patches on devices with every field of both."""
    return tabulate("findings", title, FINDINGS, rows, note=note)


def open_findings_table(rows: Iterable[FindingRow]) -> Table:
    """Tabulate open findings with every field."""
    return tabulate(
        "open_findings",
        "Open patches on devices",
        FINDINGS,
        rows,
        note="Worst first: by severity, then by age.",
    )


def devices_table(rows: Iterable[DeviceRow]) -> Table:
    """Tabulate devices, those without patch management marked."""
    return tabulate("devices", "Devices", DEVICES, rows)


class _OfSource(Protocol):
    """Row with the source it comes from."""

    @property
    def source(self) -> str: ...


def with_sources(columns: tuple[Column, ...], rows: Iterable[_OfSource]) -> tuple[Column, ...]:
    """Show the source beside the customer if there are several sources."""
    if len({row.source for row in rows}) < 2:
        return columns
    customer, *others = columns
    return (customer, *SHOWN_ACCOUNT, *(column for column in others if column not in OF_SOURCE))


def posture_table(rows: Sequence[PostureRow]) -> Table:
    """Tabulate the patch state of each customer, with the total."""
    ages = [r.oldest_open_critical_days for r in rows if r.oldest_open_critical_days is not None]
    of_all = {
        "installed_share": installed_share(rows),
        "oldest_open_critical_days": max(ages, default=None),
    }
    columns = with_sources(POSTURE, rows)
    return tabulate(
        "posture",
        "Patch state by customer",
        columns,
        rows,
        total=total_of(columns, rows, instead=of_all),
        note="Installed is the share of installed among installed and open; ignored is neither.",
    )


def top_patches_table(rows: Iterable[TopPatchRow]) -> Table:
    """Tabulate the patches that are open on most devices."""
    return tabulate("top_patches", "Patches open on most devices", TOP_PATCHES, rows)


def transitions_table(rows: Iterable[TransitionRow]) -> Table:
    """Tabulate the number of findings by state before and after."""
    return tabulate(
        "transitions",
        "State changes",
        TRANSITIONS,
        rows,
        note="No state before: newly listed. No state after: no longer listed. "
        "Equal states: the decision changed.",
    )


def changes_table(rows: Iterable[ChangeRow]) -> Table:
    """Tabulate each finding that differs."""
    return tabulate("changes", "Changes by patch", CHANGES, rows)


def installed_share(rows: Iterable[PostureRow]) -> float | None:
    """Return installed / (installed + open) over customers; None if both are zero."""
    installed, open_ = 0, 0
    for row in rows:
        installed += row.installed
        open_ += row.open
    return installed / (installed + open_) if installed + open_ else None
