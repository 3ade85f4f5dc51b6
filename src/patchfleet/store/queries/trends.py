"""Trends: open patches as of each sync, and time to close.

These queries need a snapshot with history. A finding that is still open counts with its age so far;
one that was never seen open does not count.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.store.queries.filters import (
    IS_OPEN,
    SEVERITY_RANK,
    Clause,
    finding_filters,
    literals,
    where,
)
from patchfleet.store.queries.rows import ClosedRow, OpenRow
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

_ALL = Selection()
_DAYS = """CAST(greatest(0, date_diff('day', opened_at, CASE
    WHEN closed_at > opened_at THEN closed_at WHEN is_there THEN b.as_of ELSE gone_at END
    )) AS INTEGER)"""


# A device that a run did not list, or no longer read, has nothing open as of that run.
_ABSENT = """
    numbered AS (
        SELECT source, run_id, row_number() OVER (PARTITION BY source ORDER BY run_id) AS n,
            count(*) OVER (PARTITION BY source) AS runs
        FROM published
    ), listed AS (
        SELECT p.source, d.device_key, p.n, p.runs
        FROM devices_by_run AS d JOIN numbered AS p ON p.source = d.source AND p.run_id = d.run
        WHERE scanned_at IS NOT NULL
    ), away AS (
        SELECT source, device_key, min(n) AS first_n FROM listed
        GROUP BY source, device_key, runs HAVING runs - min(n) + 1 > count(*)
    ), absent AS (
        SELECT a.device_key, p.run_id AS run
        FROM away AS a JOIN numbered AS p ON p.source = a.source AND p.n > a.first_n
            ANTI JOIN listed AS d ON d.device_key = a.device_key AND d.n = p.n
    )"""


def open_by_run(snapshot: "Snapshot", selection: Selection = _ALL) -> list[OpenRow]:
    """Count what was open as of each complete run, by source and severity, oldest run first.

    A run before anything was open has one row, of zero.
    """
    chosen = where([*finding_filters(selection), Clause(IS_OPEN)])
    findings = "CAST(coalesce(sum(step), 0) AS BIGINT)"
    severity = "coalesce(severity, 'unspecified')"
    columns = select_list(OpenRow, "r", severity=severity, findings=findings)
    sql = f"""
        WITH chosen AS (
            SELECT source, severity, from_run, to_run, device_key
            FROM finding_history {chosen.sql}
        ),
        {_ABSENT},
        unlisted AS (
            SELECT source, severity, run FROM chosen JOIN absent USING (device_key)
            WHERE from_run <= run AND (to_run IS NULL OR run < to_run)
        ),
        steps AS (
            SELECT source, severity, run, sum(step) AS step FROM (
                SELECT source, severity, from_run AS run, 1 AS step FROM chosen
                UNION ALL
                SELECT source, severity, to_run, -1 FROM chosen WHERE to_run IS NOT NULL
                UNION ALL
                SELECT source, severity, run, -1 FROM unlisted
                UNION ALL
                SELECT source, severity, run + 1, 1 FROM unlisted
            ) GROUP BY source, severity, run
        )
        SELECT {columns}
        FROM runs AS r LEFT JOIN steps ON steps.source = r.source AND steps.run <= r.run_id
        WHERE r.state = 'complete' AND r.source IN (SELECT source FROM steps)
        GROUP BY r.source, r.run_id, r.as_of, severity
        ORDER BY r.as_of, r.run_id, {SEVERITY_RANK}"""
    return snapshot.rows(OpenRow, sql, chosen.values)


def times_to_close(snapshot: "Snapshot", selection: Selection = _ALL) -> list[ClosedRow]:
    """Count findings by severity and whole days from first seen open to installed, or to now.

    Now is `as_of` of the source; a finding that is gone without being installed was looked at until
    then.
    """
    chosen = where(finding_filters(selection))
    closing = literals(["installed"])
    columns = select_list(
        ClosedRow,
        days=_DAYS,
        is_closed="coalesce(closed_at > opened_at, false)",
        findings="CAST(sum(n) AS BIGINT)",
    )
    # The life of what has one interval is that; only the others, which are few, are put together.
    sql = f"""
        WITH once AS (
            SELECT source, severity, valid_from AS opened_at, to_run IS NULL AS is_there,
                valid_to AS gone_at, count(*) AS n
            FROM findings_unchanged {chosen.sql} {"AND" if chosen.sql else "WHERE"} {IS_OPEN}
            GROUP BY ALL
        ), several AS (
            SELECT source, device_key, finding_id, arg_max(severity, from_run) AS severity,
                min(valid_from) FILTER ({IS_OPEN}) AS opened_at,
                min(valid_from) FILTER (state IN ({closing})) AS closed_at,
                bool_or(to_run IS NULL) AS is_there, max(valid_to) AS gone_at
            FROM findings_changed {chosen.sql} GROUP BY source, device_key, finding_id
        ), lives AS (
            SELECT source, severity, opened_at, NULL AS closed_at, is_there, gone_at, n FROM once
            UNION ALL
            SELECT source, severity, opened_at, closed_at, is_there, gone_at, 1 FROM several
        )
        SELECT {columns}
        FROM lives JOIN publications AS b USING (source)
        WHERE opened_at IS NOT NULL
        GROUP BY severity, days, is_closed
        ORDER BY {SEVERITY_RANK}, days, is_closed"""
    return snapshot.rows(ClosedRow, sql, (*chosen.values, *chosen.values))
