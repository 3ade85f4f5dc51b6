"""How findings came to be what they are, as a table."""

from collections.abc import Iterable

from patchfleet.report.table import Column, Table, tabulate
from patchfleet.store.questions.answers import HistoryRow

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


def history_table(rows: Iterable[HistoryRow]) -> Table:
    """Tabulate intervals; one without an end still holds."""
    return tabulate("history", "How it came to be so", COLUMNS, rows)
