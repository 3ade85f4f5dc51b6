"""Open work per customer: failed, waiting for a restart, overdue critical, not judged.

`worklist`, `work_items` and `headline.count_work` use the same conditions, so their counts agree.
Findings that cannot be judged are counted, never left out.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection, State
from patchfleet.store.queries.deadlines import OF_CASE, STATUS
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
    from patchfleet.store.views.scratch import Scratch

NOT_JUDGED = f"""{IS_OPEN} AND (severity = 'unspecified' OR state = 'unknown'
    OR (severity = 'critical' AND released_at IS NULL))"""
"""Condition of a finding that lacks data for a deadline."""

_NOT_YET: tuple[State, ...] = ("missing", "pending", "installing", "failed")
_BY_STATE: dict[Reason, Clause] = {
    "failed": Clause("state = 'failed'"),
    "reboot_required": Clause("state = 'reboot_required'"),
}
_BY_PACK: dict[Reason, Clause] = {
    "overdue_critical": Clause(f"{STATUS} = 'overdue' AND severity = 'critical'"),
    "not_judged": Clause(f"{STATUS} = 'not_judged'"),
}
# Takes one value: the days. Released longer ago than that, to the microsecond.
_OVERDUE = f"""severity = 'critical' AND state IN ({literals(_NOT_YET)})
    AND released_at + to_days(CAST(? AS INTEGER)) < as_of"""
_ALL = Selection()


def reasons(overdue_after_days: int, *, is_judged: bool) -> dict[Reason, Clause]:
    """Return the condition of each reason: by the deadlines of a pack, or by a number of days."""
    if is_judged:
        return _BY_STATE | _BY_PACK
    by_days = {
        "overdue_critical": Clause(_OVERDUE, (overdue_after_days,)),
        "not_judged": Clause(NOT_JUDGED),
    }
    return _BY_STATE | by_days  # type: ignore[return-value]


def work_rows(snapshot: "Snapshot", selection: Selection, judged: "Scratch | None") -> str:
    """Return the open findings for a FROM clause, with their deadline status if judged."""
    mine = opened(snapshot, selection)
    if judged is None:
        return f"{mine}"
    return f"(SELECT f.*, j.{STATUS} FROM {mine} AS f JOIN {judged} AS j ON {OF_CASE})"


def worklist(
    snapshot: "Snapshot",
    *,
    overdue_after_days: int = 14,
    selection: Selection = _ALL,
    judged: "Scratch | None" = None,
) -> list[CustomerWork]:
    """Count the open work at each customer, worst first.

    Every customer of the selection is there, also one with nothing to do. Overdue is a critical
    patch not yet on the device and released more than `overdue_after_days` before `as_of`. Not
    judged is what is open without a severity or a known state, or critical without a release date.
    With `judged`, see `judge_by`, both are by its deadlines instead.
    """
    machines, listed = where(device_filters(selection)), where(of_customers(selection))
    each = reasons(overdue_after_days, is_judged=judged is not None)
    counts = ", ".join(f"count(*) FILTER ({one.sql}) AS {name}" for name, one in each.items())
    names = ("devices", "unpatched_devices", *each)
    sums = {name: f"coalesce({name}, 0)" for name in names}
    sql = f"""
        WITH machines AS (
            SELECT source, customer_id, count(*) AS devices,
                count(*) FILTER (NOT is_patched) AS unpatched_devices
            FROM devices {machines.sql} GROUP BY source, customer_id
        ), work AS (
            SELECT source, customer_id, {counts} FROM {work_rows(snapshot, selection, judged)}
            GROUP BY source, customer_id
        )
        SELECT {select_list(CustomerWork, **sums)}
        FROM customers
            LEFT JOIN machines USING (source, customer_id)
            LEFT JOIN work USING (source, customer_id)
        {listed.sql}
        ORDER BY overdue_critical DESC, failed DESC, reboot_required DESC, lower(customer),
            customer, source, customer_id"""
    days = tuple(value for one in each.values() for value in one.values)
    values = (*machines.values, *days, *listed.values)
    return snapshot.rows(CustomerWork, sql, values)


@listed
def work_items(
    snapshot: "Snapshot",
    *,
    overdue_after_days: int = 14,
    selection: Selection = _ALL,
    judged: "Scratch | None" = None,
) -> LazyRows[WorkItem]:
    """List every finding that needs attention, with the reason; see `worklist`.

    A critical patch that failed and is overdue is two items. Order: customer, site, device, reason
    as in the worklist, oldest release first.
    """
    each = reasons(overdue_after_days, is_judged=judged is not None)
    rank = ", ".join(f"('{name}', {place})" for place, name in enumerate(each))
    applies = " ".join(f"WHEN '{name}' THEN {one.sql}" for name, one in each.items())
    days = tuple(value for one in each.values() for value in one.values)
    sql = f"""
        SELECT {select_list(WorkItem)}
        FROM {work_rows(snapshot, selection, judged)}
            CROSS JOIN (VALUES {rank}) AS reasons (reason, place)
        WHERE CASE reason {applies} END"""
    order = f"""lower(customer), customer_id, lower(site), site_id, lower(device), device_id, place,
        released_at NULLS LAST, {SEVERITY_RANK}, patch, finding_id"""
    return ordered(snapshot, WorkItem, Clause(sql, days), order=order)
