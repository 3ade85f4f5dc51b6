"""Devices and patches that need attention: waiting, silent, contradictory, new.

Each row has its reason and the time since when it applies. Ages are measured at `as_of` of the
source. New patches need a snapshot with history. Failed ones are in `failures`.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection, State
from patchfleet.store.queries.events import IS_NEW, LISTED_SINCE
from patchfleet.store.queries.filters import (
    Clause,
    device_filters,
    literals,
    where,
)
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.list_query import listed, ordered
from patchfleet.store.queries.open_findings import opened
from patchfleet.store.queries.rows import ContradictionRow, NewRow, SilentRow, WaitingRow
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.views.scratch import Scratch

_ALL = Selection()

_SILENT_DAYS = "CAST((epoch_us(as_of) - epoch_us(last_seen_at)) // 86400000000 AS INTEGER)"
_WAITING: tuple[State, ...] = ("missing", "pending", "failed")


@listed
def waiting_devices(snapshot: "Snapshot", selection: Selection = _ALL) -> LazyRows[WaitingRow]:
    """List the devices that wait for a restart, the longest first.

    `was_restarted`: the source saw a restart since the patch began to wait, so that waiting hides a
    failure.
    """
    rows = f"""
        SELECT {select_list(WaitingRow, was_restarted="coalesce(last_boot_at > since, false)")}
        FROM (
            SELECT device_key, count(*) AS patches, min(changed_at) AS since
            FROM {opened(snapshot, selection)} WHERE state = 'reboot_required'
            GROUP BY device_key
        ) JOIN devices USING (device_key)"""
    order = "since, lower(customer), lower(device), device_id"
    return ordered(snapshot, WaitingRow, Clause(rows), order=order)


@listed
def silent_devices(
    snapshot: "Snapshot", selection: Selection = _ALL, *, after_days: int = 7
) -> LazyRows[SilentRow]:
    """List the devices with patch management not seen for `after_days`, longest first.

    One for which the source gives no such time is silent too, and comes first.
    """
    chosen = where(
        [
            *device_filters(selection),
            Clause("is_patched"),
            Clause(
                "(last_seen_at IS NULL OR last_seen_at < as_of - to_days(CAST(? AS INTEGER)))",
                (after_days,),
            ),
        ]
    )
    sql = f"""
        SELECT {select_list(SilentRow, days=_SILENT_DAYS)}
        FROM devices JOIN publications USING (source) {chosen.sql}"""
    order = "last_seen_at NULLS FIRST, lower(customer), lower(device), device_id"
    return ordered(snapshot, SilentRow, Clause(sql, chosen.values), order=order)


@listed
def contradictions(
    snapshot: "Snapshot", selection: Selection = _ALL, *, after_days: int = 30
) -> LazyRows[ContradictionRow]:
    """List what cannot be true together, oldest first.

    Approved for longer than `after_days` and still missing, on a device that was seen since;
    waiting for a restart and restarted since; installed for one source and missing for another, on
    one machine.
    """
    rows = _contradictions(opened(snapshot, selection))
    order = "since, what, lower(customer), lower(device), device_id, patch, finding_id"
    return ordered(snapshot, ContradictionRow, Clause(rows, (after_days,)), order=order)


def _contradictions(mine: "Scratch") -> str:
    columns = select_list(ContradictionRow, since="changed_at")
    return f"""
        WITH joined AS (
            SELECT machine_id, device_key, source FROM machines
            WHERE machine_id IN (
                SELECT machine_id FROM machines GROUP BY machine_id HAVING count(*) > 1)
        ), once AS (  -- a number of several releases on a device is ambiguous
            SELECT source, device_key, kb, any_value(state) AS state
            FROM findings SEMI JOIN joined USING (device_key)
            WHERE kb IS NOT NULL GROUP BY source, device_key, kb HAVING count(*) = 1
        ), found AS (
            SELECT h.*, 'approved and still missing' AS what
            FROM {mine} AS h JOIN devices AS d USING (device_key)
            WHERE decision = 'approve' AND state IN ('missing', 'pending')
                AND changed_at < as_of - to_days(CAST(? AS INTEGER)) AND d.last_seen_at > changed_at
            UNION ALL
            SELECT h.*, 'restarted and still waiting'
            FROM {mine} AS h JOIN devices AS d USING (device_key)
            WHERE state = 'reboot_required' AND d.last_boot_at > changed_at
            UNION ALL
            SELECT missing.*, there.source || ' reports it installed'
            FROM {mine} AS missing
                JOIN once AS here ON here.device_key = missing.device_key AND here.kb = missing.kb
                JOIN joined AS m ON m.device_key = missing.device_key
                JOIN joined AS n ON n.machine_id = m.machine_id AND n.source <> m.source
                JOIN once AS there ON there.device_key = n.device_key AND there.kb = missing.kb
            WHERE missing.state IN ('missing', 'failed') AND there.state = 'installed'
        )
        SELECT {columns} FROM found"""


def new_critical(snapshot: "Snapshot", selection: Selection = _ALL) -> list[NewRow]:
    """List the critical patches that are open and were first seen within a day before `as_of`.

    What a device already had when it was first listed is not new; see `events`.
    """
    columns = select_list(
        NewRow,
        released_at="any_value(released_at)",
        devices="count(DISTINCT device_key)",
        customers="list(DISTINCT customer ORDER BY customer)",
    )
    sql = f"""
        SELECT {columns}
        FROM {opened(snapshot, selection)} JOIN ({LISTED_SINCE}) USING (device_key)
        WHERE severity = 'critical' AND state IN ({literals(_WAITING)}) AND {IS_NEW}
        GROUP BY patch, kb ORDER BY devices DESC, patch"""
    return snapshot.rows(NewRow, sql)
