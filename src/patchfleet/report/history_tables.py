"""Tables of the history of findings, and of the descriptions of a patch."""

from collections.abc import Iterable

from patchfleet.report.document import Column, Table, tabulate
from patchfleet.report.tables import OF_SOURCE, SHOWN_ACCOUNT
from patchfleet.store.queries.history import HistoryRow, LifecycleRow, PatchHistoryRow

COLUMNS = (
    Column("device", "Device"),
    Column("patch", "Patch", width=64),
    Column("kb", "KB", width=10),
    Column("valid_from", "From", "moment"),
    Column("valid_to", "To", "moment"),
    Column("state", "State", "state"),
    Column("decision", "Decision"),
    Column("vendor_status", "Vendor status"),
    Column("is_gone", "Then removed", "flag"),
    Column("installed_at", "Installed", "moment", is_detail=True),
    Column("from_run", "From run", "integer"),
    Column("to_run", "To run", "integer"),
    Column("severity", "Severity", "severity", is_detail=True),
    Column("vendor_decision", "Vendor decision", is_detail=True),
    Column("customer", "Customer", is_detail=True),
    *OF_SOURCE,
    Column("device_id", "Device id", is_detail=True),
    Column("finding_id", "Finding id", is_detail=True),
)

LIFECYCLE = (
    Column("device", "Device"),
    Column("patch", "Patch", width=64),
    Column("kb", "KB", width=10),
    Column("state", "State", "state"),
    Column("first_missing_at", "First missing", "moment"),
    Column("first_approved_at", "Approved", "moment"),
    Column("failure_count", "Times failed", "integer"),
    Column("last_failed_at", "Last failed", "moment"),
    Column("installed_at", "Installed", "moment"),
    Column("first_installed_at", "Seen installed", "moment"),
    Column("first_ignored_at", "Ignored", "moment"),
    Column("removed_at", "Removed", "moment"),
    Column("scanned_at", "Read", "moment"),
    Column("first_seen_at", "First seen", "moment", is_detail=True),
    Column("first_missing_run", "Missing in run", "integer", is_detail=True),
    Column("first_approved_run", "Approved in run", "integer", is_detail=True),
    Column("last_failed_run", "Failed in run", "integer", is_detail=True),
    Column("first_installed_run", "Installed in run", "integer", is_detail=True),
    Column("first_ignored_run", "Ignored in run", "integer", is_detail=True),
    Column("removed_run", "Removed in run", "integer", is_detail=True),
    Column("decision", "Decision", is_detail=True),
    Column("severity", "Severity", "severity", is_detail=True),
    Column("customer", "Customer", is_detail=True),
    *OF_SOURCE,
    Column("device_id", "Device id", is_detail=True),
    Column("finding_id", "Finding id", is_detail=True),
)

PATCH_HISTORY = (
    *SHOWN_ACCOUNT,
    Column("patch", "Patch", width=64),
    Column("kb", "KB", width=10),
    Column("severity", "Severity", "severity"),
    Column("vendor_severity", "Vendor severity"),
    Column("released_at", "Released", "date"),
    Column("is_superseded", "Superseded", "flag"),
    Column("needs_reboot", "Needs reboot", "flag"),
    Column("valid_from", "From", "moment"),
    Column("valid_to", "To", "moment"),
    Column("open", "Open on", "integer"),
    Column("installed", "Installed on", "integer"),
    Column("missing", "Missing on", "integer", is_detail=True),
    Column("pending", "Pending on", "integer", is_detail=True),
    Column("installing", "Installing on", "integer", is_detail=True),
    Column("failed", "Failed on", "integer", is_detail=True),
    Column("reboot_required", "Waits for reboot on", "integer", is_detail=True),
    Column("unknown", "Unknown on", "integer", is_detail=True),
    Column("ignored", "Ignored on", "integer", is_detail=True),
    Column("from_run", "From run", "integer", is_detail=True),
    Column("to_run", "To run", "integer", is_detail=True),
    Column("product", "Product", is_detail=True),
    Column("is_installable", "Can be installed", "flag", is_detail=True),
    Column("is_removable", "Can be removed", "flag", is_detail=True),
    Column("cves", "CVEs", "list", is_detail=True),
    Column("url", "URL", is_detail=True),
    Column("vendor_id", "Vendor id", is_detail=True),
    Column("patch_key", "Patch key", is_detail=True),
    Column("patch_id", "Description", "integer", is_detail=True),
)


def history_table(rows: Iterable[HistoryRow]) -> Table:
    """Tabulate intervals; one without an end is current."""
    return tabulate("history", "Patch history", COLUMNS, rows)


def lifecycle_table(rows: Iterable[LifecycleRow]) -> Table:
    """Tabulate the lifecycle of each finding, one line for each."""
    return tabulate("finding_lifecycle", "Lifecycle", LIFECYCLE, rows)


def patch_history_table(patch: str, rows: Iterable[PatchHistoryRow]) -> Table:
    """Tabulate the descriptions of a patch; a line without an end is current."""
    return tabulate("patch_history", f"History of patch {patch}", PATCH_HISTORY, rows)
