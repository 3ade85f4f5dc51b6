"""How findings came to be what they are, as a table."""

from collections.abc import Iterable

from patchfleet.report.table import Column, Table, tabulate
from patchfleet.store.questions.history import HistoryRow, MilestoneRow

COLUMNS = (
    Column("device", "Device"),
    Column("patch", "Patch"),
    Column("kb", "KB"),
    Column("from_at", "From", "moment"),
    Column("to_at", "To", "moment"),
    Column("state", "State", "state"),
    Column("decision", "Decision"),
    Column("vendor_status", "Vendor's word"),
    Column("is_gone", "Then gone", "flag"),
    Column("installed_at", "Installed", "moment", is_detail=True),
    Column("from_run", "From run", "integer"),
    Column("to_run", "To run", "integer"),
    Column("severity", "Severity", "severity", is_detail=True),
    Column("vendor_decision", "Vendor's decision", is_detail=True),
    Column("customer", "Customer", is_detail=True),
    Column("source", "Source", is_detail=True),
    Column("device_id", "Device id", is_detail=True),
    Column("finding_id", "Finding id", is_detail=True),
)

MILESTONES = (
    Column("device", "Device"),
    Column("patch", "Patch"),
    Column("kb", "KB"),
    Column("state", "State", "state"),
    Column("missing_at", "First missing", "moment"),
    Column("approved_at", "Approved", "moment"),
    Column("failures", "Times failed", "integer"),
    Column("last_failed_at", "Last failed", "moment"),
    Column("installed_at", "Installed", "moment"),
    Column("installed_seen_at", "Seen installed", "moment"),
    Column("ignored_at", "Ignored", "moment"),
    Column("gone_at", "Gone", "moment"),
    Column("scanned_at", "Read", "moment"),
    Column("first_seen_at", "First seen", "moment", is_detail=True),
    Column("missing_run", "Missing in run", "integer", is_detail=True),
    Column("approved_run", "Approved in run", "integer", is_detail=True),
    Column("last_failed_run", "Failed in run", "integer", is_detail=True),
    Column("installed_seen_run", "Installed in run", "integer", is_detail=True),
    Column("ignored_run", "Ignored in run", "integer", is_detail=True),
    Column("gone_run", "Gone in run", "integer", is_detail=True),
    Column("decision", "Decision", is_detail=True),
    Column("severity", "Severity", "severity", is_detail=True),
    Column("customer", "Customer", is_detail=True),
    Column("source", "Source", is_detail=True),
    Column("device_id", "Device id", is_detail=True),
    Column("finding_id", "Finding id", is_detail=True),
)


def history_table(rows: Iterable[HistoryRow]) -> Table:
    """Tabulate intervals; one without an end still holds."""
    return tabulate("history", "How it came to be so", COLUMNS, rows)


def milestones_table(rows: Iterable[MilestoneRow]) -> Table:
    """Tabulate what became of each finding, one line for each."""
    return tabulate("milestones", "What became of it, and when", MILESTONES, rows)
