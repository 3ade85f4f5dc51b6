"""Devices and patches that need attention: failed, waiting, silent, contradictory, new.

Each row has its reason and the time since when it applies. Ages are measured at `as_of` of the
source. Failure counts need a snapshot with history.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection, State
from patchfleet.store.queries.events import IS_NEW, LISTED_SINCE
from patchfleet.store.queries.filters import (
    SEVERITY_RANK,
    Clause,
    device_filters,
    literals,
    where,
)
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.list_query import listed, ordered
from patchfleet.store.queries.open_findings import opened
from patchfleet.store.queries.rows import ContradictionRow, FailedRow, NewRow, SilentRow, WaitingRow
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

_ALL = Selection()

WIDELY = 3
"""So many devices, or so many patches on one device, are no coincidence any more."""

_CAUSES = (
    ("d.last_seen_at < f.as_of - INTERVAL 7 DAY", "the device is silent"),
    ("df.is_waiting", "the device waits for a restart"),
    (
        f"pf.failed >= {WIDELY} AND pf.failed >= coalesce(ps.installed, 0)",
        "the patch fails on most devices",
    ),
    (f"df.failed >= {WIDELY}", "the device fails with other patches too"),
    ("true", "not known"),
)
"""What may be the cause, the likeliest first."""

_SILENT_DAYS = "CAST((epoch_us(as_of) - epoch_us(last_seen_at)) // 86400000000 AS INTEGER)"
_WAITING: tuple[State, ...] = ("missing", "pending", "failed")
_CAUSE = " ".join(f"WHEN {sql} THEN {place}" for place, (sql, _) in enumerate(_CAUSES, 1))

# Patches and causes go by numbers until they are counted: texts take twice the time to group.
_FAILING = f"""
    WITH failing AS (
        SELECT device_key, finding_id, patch_id, state, changed_at, as_of
        FROM {{opened}} WHERE state = 'failed'
    ),
    troubled AS (
        SELECT device_key, count(*) FILTER (state = 'failed') AS failed,
            bool_or(state = 'reboot_required') AS is_waiting
        FROM {{all}} WHERE state IN ('failed', 'reboot_required') GROUP BY device_key
    ),
    failures AS (
        SELECT patch_id, count(*) AS failed FROM {{all}} WHERE state = 'failed' GROUP BY patch_id
    ),
    successes AS (
        SELECT patch_id, sum(step) AS installed
        FROM finding_deltas WHERE state = 'installed' GROUP BY patch_id
    ),
    before AS (  -- only what stood otherwise once can have failed twice
        SELECT device_key, finding_id, state, from_run
        FROM findings_ended SEMI JOIN failing USING (device_key, finding_id)
    ),
    often AS (
        SELECT device_key, finding_id, count(*) AS times FROM (
            SELECT device_key, finding_id, state, lag(state) OVER (
                PARTITION BY device_key, finding_id ORDER BY from_run NULLS LAST) AS last_state
            FROM (
                FROM before
                UNION ALL
                SELECT device_key, finding_id, state, NULL  -- as it stands now
                FROM failing SEMI JOIN before USING (device_key, finding_id)
            )
        ) WHERE state = 'failed' AND last_state IS DISTINCT FROM 'failed'
        GROUP BY device_key, finding_id
    ),
    named AS (
        SELECT patch_id, dense_rank() OVER (ORDER BY patch, kb) AS number
        FROM patches_with_age SEMI JOIN failing USING (patch_id)
    )
    SELECT n.number, patch_id, device_key, f.changed_at, coalesce(o.times, 1) AS times,
        CASE {_CAUSE} END AS cause_number
    FROM failing AS f
        JOIN named AS n USING (patch_id)
        JOIN devices AS d USING (device_key)
        LEFT JOIN often AS o USING (device_key, finding_id)
        LEFT JOIN troubled AS df USING (device_key)
        LEFT JOIN failures AS pf USING (patch_id)
        LEFT JOIN successes AS ps USING (patch_id)"""
_FAILED = f"""
    SELECT number, cause_number, patch, kb, severity, devices, times, since
    FROM (
        SELECT number, cause_number, count(DISTINCT device_key) AS devices,
            CAST(sum(times) AS BIGINT) AS times, min(changed_at) AS since
        FROM {{failing}} GROUP BY number, cause_number
    ) JOIN (
        SELECT number, any_value(patch) AS patch, any_value(kb) AS kb,
            arg_min(severity, {SEVERITY_RANK}) AS severity
        FROM (SELECT DISTINCT number, patch_id FROM {{failing}})
            JOIN patches_with_age USING (patch_id)
        GROUP BY number
    ) USING (number)"""
_FAILED_ORDER = "devices DESC, since, number, cause_number"
_CAUSE_TEXT = f"[{literals(cause for _, cause in _CAUSES)}][cause_number]"
_FAILED_TOLD = f"""
    WITH listed AS MATERIALIZED ({{rows}}),
    told AS (
        SELECT number, cause_number, list(DISTINCT customer ORDER BY customer) AS customers,
            list(DISTINCT device ORDER BY device)[1:5] AS examples
        FROM {{failing}} SEMI JOIN listed USING (number, cause_number)
            JOIN devices USING (device_key)
        GROUP BY number, cause_number
    )
    SELECT {select_list(FailedRow, cause=_CAUSE_TEXT, example_devices="examples")}
    FROM listed JOIN told USING (number, cause_number)
    ORDER BY {_FAILED_ORDER}"""

_CONTRADICTIONS = """
    WITH joined AS (
        SELECT machine_id, device_key, source FROM machines
        WHERE machine_id IN (
            SELECT machine_id FROM machines GROUP BY machine_id HAVING count(*) > 1)
    ), once AS (  -- a number that stands for several releases on a device says nothing
        SELECT source, device_key, kb, any_value(state) AS state
        FROM findings SEMI JOIN joined USING (device_key)
        WHERE kb IS NOT NULL GROUP BY source, device_key, kb HAVING count(*) = 1
    ), found AS (
        SELECT h.*, 'approved and still missing' AS what
        FROM {opened} AS h JOIN devices AS d USING (device_key)
        WHERE decision = 'approve' AND state IN ('missing', 'pending')
            AND changed_at < as_of - to_days(CAST(? AS INTEGER)) AND d.last_seen_at > changed_at
        UNION ALL
        SELECT h.*, 'restarted and still waiting'
        FROM {opened} AS h JOIN devices AS d USING (device_key)
        WHERE state = 'reboot_required' AND d.last_boot_at > changed_at
        UNION ALL
        SELECT missing.*, there.source || ' reports it installed'
        FROM {opened} AS missing
            JOIN once AS here ON here.device_key = missing.device_key AND here.kb = missing.kb
            JOIN joined AS m ON m.device_key = missing.device_key
            JOIN joined AS n ON n.machine_id = m.machine_id AND n.source <> m.source
            JOIN once AS there ON there.device_key = n.device_key AND there.kb = missing.kb
        WHERE missing.state IN ('missing', 'failed') AND there.state = 'installed'
    )
    SELECT {columns} FROM found"""


@listed
def failed_patches(snapshot: "Snapshot", selection: Selection = _ALL) -> LazyRows[FailedRow]:
    """List the patches that are failed now, by patch and likely cause, on most devices first.

    `times` is how often they went into that state, as far as the syncs saw it. The cause is a guess
    by what else is known: the device is silent, waits for a restart, or fails with other patches
    too, or the patch fails on half of the devices that tried it.
    """
    mine = opened(snapshot, selection)
    # A device's other troubles count, whether they are of the selection or not.
    sql = _FAILING.format(opened=mine, all=mine if selection == _ALL else "findings_scanned")
    failing = snapshot.scratch("failing", sql)
    return ordered(
        snapshot,
        FailedRow,
        Clause(_FAILED.format(failing=failing)),
        order=_FAILED_ORDER,
        around=lambda rows: _FAILED_TOLD.format(rows=rows, failing=failing),
    )


@listed
def waiting_devices(snapshot: "Snapshot", selection: Selection = _ALL) -> LazyRows[WaitingRow]:
    """List the devices that wait for a restart, the longest first.

    `was_restarted` says that the source saw a restart since the patch began to wait: then waiting
    hides a failure.
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
    """List the devices with patch management that were not heard of for so long, longest first.

    One of which the source does not say when it heard of it is silent too, and comes first.
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

    Approved for longer than `after_days` and still missing, on a device that was heard of since;
    waiting for a restart and restarted since; installed for one source and missing for another, on
    one machine.
    """
    columns = select_list(ContradictionRow, since="changed_at")
    rows = _CONTRADICTIONS.format(opened=opened(snapshot, selection), columns=columns)
    order = "since, what, lower(customer), lower(device), device_id, patch, finding_id"
    return ordered(snapshot, ContradictionRow, Clause(rows, (after_days,)), order=order)


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
