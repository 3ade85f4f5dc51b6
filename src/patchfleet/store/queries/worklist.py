"""Open work per customer: failed, waiting for a restart, overdue critical, not judged.

`worklist` and `work_items` use the same conditions, so their counts agree. Findings that cannot be
judged are counted, never left out.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection, State
from patchfleet.store.queries.filters import (
    IS_OPEN,
    SEVERITY_RANK,
    Clause,
    device_filters,
    literals,
    of_customers,
    where,
)
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.list_query import listed, ordered
from patchfleet.store.queries.open_findings import opened
from patchfleet.store.queries.rows import CustomerWork, Reason, WorkItem
from patchfleet.store.queries.select_list import select_list

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

NOT_JUDGED = f"""{IS_OPEN} AND (severity = 'unspecified' OR state = 'unknown'
    OR (severity = 'critical' AND released_at IS NULL))"""
"""Condition of a finding that lacks data for a deadline."""

_NOT_YET: tuple[State, ...] = ("missing", "pending", "installing", "failed")
_REASONS: dict[Reason, str] = {
    "failed": "state = 'failed'",
    "reboot_required": "state = 'reboot_required'",
    # Takes one value: the days. Released longer ago than that, to the microsecond.
    "overdue_critical": f"""severity = 'critical'
        AND state IN ({literals(_NOT_YET)})
        AND released_at + to_days(CAST(? AS INTEGER)) < as_of""",
    "not_judged": NOT_JUDGED,
}
_ALL = Selection()


def worklist(
    snapshot: "Snapshot", *, overdue_after_days: int = 14, selection: Selection = _ALL
) -> list[CustomerWork]:
    """Count the open work at each customer, worst first.

    Every customer of the selection is there, also one with nothing to do. Overdue is a critical
    patch not yet on the device and released more than `overdue_after_days` before `as_of`. Not
    judged is what is open without a severity or a known state, or critical without a release date.
    """
    machines, listed = where(device_filters(selection)), where(of_customers(selection))
    counts = ", ".join(f"count(*) FILTER ({sql}) AS {name}" for name, sql in _REASONS.items())
    names = ("devices", "unpatched_devices", *_REASONS)
    sums = {name: f"coalesce({name}, 0)" for name in names}
    sql = f"""
        WITH machines AS (
            SELECT source, customer_id, count(*) AS devices,
                count(*) FILTER (NOT is_patched) AS unpatched_devices
            FROM devices {machines.sql} GROUP BY source, customer_id
        ), work AS (
            SELECT source, customer_id, {counts} FROM {opened(snapshot, selection)}
            GROUP BY source, customer_id
        )
        SELECT {select_list(CustomerWork, **sums)}
        FROM customers
            LEFT JOIN machines USING (source, customer_id)
            LEFT JOIN work USING (source, customer_id)
        {listed.sql}
        ORDER BY overdue_critical DESC, failed DESC, reboot_required DESC, lower(customer),
            customer, source, customer_id"""
    values = (*machines.values, overdue_after_days, *listed.values)
    return snapshot.rows(CustomerWork, sql, values)


@listed
def work_items(
    snapshot: "Snapshot", *, overdue_after_days: int = 14, selection: Selection = _ALL
) -> LazyRows[WorkItem]:
    """List every finding that needs attention, with the reason; see `worklist`.

    A critical patch that failed and is overdue is two items. Order: customer, site, device, reason
    as in the worklist, oldest release first.
    """
    rank = ", ".join(f"('{name}', {place})" for place, name in enumerate(_REASONS))
    applies = " ".join(f"WHEN '{name}' THEN {sql}" for name, sql in _REASONS.items())
    sql = f"""
        SELECT {select_list(WorkItem)}
        FROM {opened(snapshot, selection)}
            CROSS JOIN (VALUES {rank}) AS reasons (reason, place)
        WHERE CASE reason {applies} END"""
    order = f"""lower(customer), customer_id, lower(site), site_id, lower(device), device_id, place,
        released_at NULLS LAST, {SEVERITY_RANK}, patch, finding_id"""
    return ordered(snapshot, WorkItem, Clause(sql, (overdue_after_days,)), order=order)
