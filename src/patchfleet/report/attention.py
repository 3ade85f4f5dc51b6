"""Tables of `today`: new critical patches, failures, reboots, contradictions, devices not seen.

A table without rows is left out.
"""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from patchfleet.models import Selection
from patchfleet.report.document import Column, Table, tabulate
from patchfleet.report.tables import OF_SOURCE
from patchfleet.store.queries import (
    contradictions,
    failed_patches,
    new_critical,
    silent_devices,
    waiting_devices,
)

if TYPE_CHECKING:
    from patchfleet.store import Snapshot

_FAILED = (
    Column("patch", "Patch"),
    Column("kb", "KB"),
    Column("severity", "Severity", "severity"),
    Column("devices", "Devices", "integer"),
    Column("times", "Times failed", "integer"),
    Column("since", "Since", "moment"),
    Column("cause", "Likely cause"),
    Column("example_devices", "Example devices", "list"),
    Column("customers", "Customers", "list", is_detail=True),
)
_PLACE = (
    Column("customer", "Customer"),
    Column("device", "Device"),
    Column("site", "Site", is_detail=True),
    *OF_SOURCE,
    Column("device_id", "Device id", is_detail=True),
)
_WAITING = (
    *_PLACE[:2],
    Column("patches", "Patches", "integer"),
    Column("since", "Since", "moment"),
    Column("last_boot_at", "Last restart", "moment"),
    Column("was_restarted", "Restarted since", "flag", is_actionable=True),
    Column("last_seen_at", "Last seen", "moment"),
    *_PLACE[2:],
)
_SILENT = (
    *_PLACE[:2],
    Column("kind", "Kind"),
    Column("last_seen_at", "Last seen", "moment"),
    Column("days", "Days", "integer"),
    *_PLACE[2:],
)
_CONTRADICTIONS = (
    Column("what", "Contradiction"),
    Column("since", "Since", "moment"),
    *_PLACE[:2],
    Column("patch", "Patch"),
    Column("kb", "KB"),
    Column("severity", "Severity", "severity"),
    Column("state", "State", "state"),
    *_PLACE[2:],
    Column("decision", "Decision", is_detail=True),
    Column("finding_id", "Finding id", is_detail=True),
)
_NEW = (
    Column("patch", "Patch"),
    Column("kb", "KB"),
    Column("released_at", "Released", "date"),
    Column("devices", "Devices", "integer"),
    Column("customers", "Customers", "list"),
)


def morning_tables(
    snapshot: "Snapshot", selection: Selection, silent_after_days: int, *, limit: int | None = None
) -> list[Table]:
    """Tabulate each list that has rows; `snapshot` needs the history.

    `limit` cuts each list to its first rows; a note counts the others.
    """
    silent = silent_devices.lazy(snapshot, selection, after_days=silent_after_days)
    tables = (
        tabulate(
            "new_critical", "New critical patches since yesterday", _NEW,
            new_critical(snapshot, selection),
        ),
        tabulate(
            "failed_patches", "Failed patches by likely cause", _FAILED,
            failed_patches.lazy(snapshot, selection),
        ),
        tabulate(
            "waiting", "Devices waiting for a restart", _WAITING,
            waiting_devices.lazy(snapshot, selection),
        ),
        tabulate(
            "contradictions", "Contradictions", _CONTRADICTIONS,
            contradictions.lazy(snapshot, selection),
        ),
        tabulate("silent", f"Not seen for {silent_after_days} days", _SILENT, silent),
    )  # fmt: skip
    return [_cut(table, limit) for table in tables if len(table.rows)]


def _cut(table: Table, limit: int | None) -> Table:
    more = 0 if limit is None else len(table.rows) - limit
    if more <= 0:
        return table
    note = f"And {more:,} more: --items lists them, and so does a file (--output)."
    return replace(table, rows=table.rows[:limit], note=note)
