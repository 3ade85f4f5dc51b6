"""Failed patches by likely cause, and how often they failed.

Failure counts need a snapshot with history. Each part of the question is a scratch table or view.
"""

from functools import partial
from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.queries.filters import SEVERITY_RANK, Clause, literals
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.list_query import listed, ordered
from patchfleet.store.queries.open_findings import opened
from patchfleet.store.queries.rows import FailedRow
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.views.scratch import Scratch

_ALL = Selection()

WIDELY = 3
"""Number of devices, or of patches on one device, that is no coincidence."""

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
"""Possible causes, the likeliest first."""

_CAUSE = " ".join(f"WHEN {sql} THEN {place}" for place, (sql, _) in enumerate(_CAUSES, 1))
_CAUSE_TEXT = f"[{literals(cause for _, cause in _CAUSES)}][cause_number]"
_ORDER = "devices DESC, since, number, cause_number"


@listed
def failed_patches(snapshot: "Snapshot", selection: Selection = _ALL) -> LazyRows[FailedRow]:
    """List the patches that are failed now, by patch and likely cause, on most devices first.

    `times` is how often they went into that state, as far as the syncs saw it. The cause is a guess
    by what else is known: the device is silent, waits for a restart, or fails with other patches
    too, or the patch fails on half of the devices that tried it.
    """
    failing = _failing(snapshot, selection)
    rows = Clause(_by_cause(failing))
    around = partial(_with_examples, failing)
    return ordered(snapshot, FailedRow, rows, order=_ORDER, around=around)


def _failing(snapshot: "Snapshot", selection: Selection) -> "Scratch":
    """Store each failed finding with the number of its patch, how often it failed, and its cause.

    Patches and causes are numbers until they are counted: texts take twice the time to group.
    """
    mine = opened(snapshot, selection)
    # A device's other troubles count, whether they are of the selection or not.
    every = mine if selection == _ALL else "findings_scanned"
    failed = snapshot.scratch(
        "failed",
        f"""
        SELECT device_key, finding_id, patch_id, state, changed_at, as_of
        FROM {mine} WHERE state = 'failed'""",
    )
    times = snapshot.scratch("failed_times", _times(failed), is_view=True)
    troubled = snapshot.scratch(
        "troubled_devices",
        f"""
        SELECT device_key, count(*) FILTER (state = 'failed') AS failed,
            bool_or(state = 'reboot_required') AS is_waiting
        FROM {every} WHERE state IN ('failed', 'reboot_required') GROUP BY device_key
        """,
        is_view=True,
    )
    return snapshot.scratch(
        "failing",
        f"""
        SELECT n.number, patch_id, device_key, f.changed_at, coalesce(t.times, 1) AS times,
            CASE {_CAUSE} END AS cause_number
        FROM {failed} AS f
            JOIN (
                SELECT patch_id, dense_rank() OVER (ORDER BY patch, kb) AS number
                FROM patches_with_age SEMI JOIN {failed} USING (patch_id)
            ) AS n USING (patch_id)
            JOIN devices AS d USING (device_key)
            LEFT JOIN {times} AS t USING (device_key, finding_id)
            LEFT JOIN {troubled} AS df USING (device_key)
            LEFT JOIN (
                SELECT patch_id, count(*) AS failed FROM {every} WHERE state = 'failed'
                GROUP BY patch_id
            ) AS pf USING (patch_id)
            LEFT JOIN (
                SELECT patch_id, sum(step) AS installed FROM finding_deltas
                WHERE state = 'installed' GROUP BY patch_id
            ) AS ps USING (patch_id)""",
    )


def _times(failed: "Scratch") -> str:
    """Count how often each finding went into the state failed, of those that had another before."""
    return f"""
        WITH before AS (  -- only a finding that had another state can have failed twice
            SELECT device_key, finding_id, state, from_run
            FROM findings_ended SEMI JOIN {failed} USING (device_key, finding_id)
        )
        SELECT device_key, finding_id, count(*) AS times FROM (
            SELECT device_key, finding_id, state, lag(state) OVER (
                PARTITION BY device_key, finding_id ORDER BY from_run NULLS LAST) AS last_state
            FROM (
                FROM before
                UNION ALL
                SELECT device_key, finding_id, state, NULL  -- the state now
                FROM {failed} SEMI JOIN before USING (device_key, finding_id)
            )
        ) WHERE state = 'failed' AND last_state IS DISTINCT FROM 'failed'
        GROUP BY device_key, finding_id"""


def _by_cause(failing: "Scratch") -> str:
    """Group failed findings by patch and cause."""
    return f"""
        SELECT number, cause_number, patch, kb, severity, devices, times, since
        FROM (
            SELECT number, cause_number, count(DISTINCT device_key) AS devices,
                CAST(sum(times) AS BIGINT) AS times, min(changed_at) AS since
            FROM {failing} GROUP BY number, cause_number
        ) JOIN (
            SELECT number, any_value(patch) AS patch, any_value(kb) AS kb,
                arg_min(severity, {SEVERITY_RANK}) AS severity
            FROM (SELECT DISTINCT number, patch_id FROM {failing})
                JOIN patches_with_age USING (patch_id)
            GROUP BY number
        ) USING (number)"""


def _with_examples(failing: "Scratch", rows: str) -> str:
    """Add customers and some devices, which are expensive, to the rows that are read."""
    return f"""
        WITH listed AS MATERIALIZED ({rows}),
        examples AS (
            SELECT number, cause_number, list(DISTINCT customer ORDER BY customer) AS customers,
                list(DISTINCT device ORDER BY device)[1:5] AS example_devices
            FROM {failing} SEMI JOIN listed USING (number, cause_number)
                JOIN devices USING (device_key)
            GROUP BY number, cause_number
        )
        SELECT {select_list(FailedRow, cause=_CAUSE_TEXT)}
        FROM listed JOIN examples USING (number, cause_number)
        ORDER BY {_ORDER}"""
