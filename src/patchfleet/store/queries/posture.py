"""Patch posture per customer, and by severity and state."""

from typing import TYPE_CHECKING

from patchfleet.models import SEVERITIES, Selection
from patchfleet.store.queries.filters import (
    IS_OPEN,
    SEVERITY_RANK,
    STATE_RANK,
    device_filters,
    finding_filters,
    of_customers,
    where,
)
from patchfleet.store.queries.rows import PostureRow, SeverityStateRow
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

_ALL = Selection()
_SUMS = (
    *("devices", "unpatched_devices", "findings", "installed", "ignored", "open"),
    *(f"open_{name}" for name in SEVERITIES),
)


def posture(snapshot: "Snapshot", selection: Selection = _ALL) -> list[PostureRow]:
    """Sum up each customer of the selection, the least share installed first.

    A customer without installed and open findings has no share and comes last.
    """
    machines, chosen = where(device_filters(selection)), where(finding_filters(selection))
    listed = where(of_customers(selection))
    columns = select_list(
        PostureRow,
        **{name: f"CAST(coalesce({name}, 0) AS BIGINT)" for name in _SUMS},
        installed_share="installed / nullif(installed + open, 0)",
        oldest_open_critical_days="oldest",
    )
    opened = ", ".join(
        f"sum(n) FILTER ({IS_OPEN} AND severity = '{name}') AS open_{name}" for name in SEVERITIES
    )
    sql = f"""
        WITH machines AS (
            SELECT source, customer_id, count(*) AS devices,
                count(*) FILTER (NOT is_patched) AS unpatched_devices
            FROM devices {machines.sql} GROUP BY source, customer_id
        ), counted AS (
            SELECT source, customer_id, severity, state, count(*) AS n, max(age_days) AS oldest
            FROM findings {chosen.sql} GROUP BY source, customer_id, severity, state
        ), stand AS (
            SELECT source, customer_id, sum(n) AS findings,
                coalesce(sum(n) FILTER (state = 'installed'), 0) AS installed,
                sum(n) FILTER (state = 'ignored') AS ignored,
                coalesce(sum(n) FILTER ({IS_OPEN}), 0) AS open, {opened},
                max(oldest) FILTER ({IS_OPEN} AND severity = 'critical') AS oldest
            FROM counted GROUP BY source, customer_id
        )
        SELECT {columns}
        FROM customers
            LEFT JOIN machines USING (source, customer_id)
            LEFT JOIN stand USING (source, customer_id)
        {listed.sql}
        ORDER BY installed_share NULLS LAST, lower(customer), customer, source, customer_id"""
    return snapshot.rows(PostureRow, sql, (*machines.values, *chosen.values, *listed.values))


def severity_by_state(snapshot: "Snapshot", selection: Selection = _ALL) -> list[SeverityStateRow]:
    """Count findings by severity (worst first) and state (in the order of `models.STATES`)."""
    chosen = where(finding_filters(selection))
    sql = f"""
        SELECT {select_list(SeverityStateRow, findings="count(*)")} FROM findings {chosen.sql}
        GROUP BY severity, state
        ORDER BY {SEVERITY_RANK}, {STATE_RANK}"""
    return snapshot.rows(SeverityStateRow, sql, chosen.values)
