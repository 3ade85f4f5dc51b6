"""Headline counts: machines, and open patches on machines, each counted once.

A machine that several accounts know is one machine. A patch that several of its devices list, by
the same KB number or without one by the same title, counts as often as on the device that lists it
most. So the counts of one account are those of its tables.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.models import OPEN_DEADLINE_STATUSES, Selection
from patchfleet.store.queries.deadlines import STATUS
from patchfleet.store.queries.filters import Clause, device_filters, where
from patchfleet.store.queries.open_findings import opened
from patchfleet.store.queries.select_list import select_list
from patchfleet.store.queries.worklist import reasons, work_rows

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.views.scratch import Scratch

_ALL = Selection()

_SHARED = """
    SELECT device_key, machine_id FROM machines WHERE machine_id IN (
        SELECT machine_id FROM machines GROUP BY machine_id HAVING count(*) > 1)
"""
"""Devices of machines that have several."""


class MachineCount(Struct, frozen=True):
    """Machines of a selection, and the devices that they have in all accounts."""

    machines: int
    devices: int


class WorkCount(Struct, frozen=True):
    """Open patches on machines, each once, and those of them that need attention."""

    open: int
    failed: int
    reboot_required: int
    overdue_critical: int
    not_judged: int


class DeadlineCount(Struct, frozen=True):
    """Open patches on machines by deadline status, each once; the first four add up to `open`."""

    overdue: int
    not_judged: int
    on_time: int
    not_covered: int
    overdue_critical: int
    open: int


def count_machines(snapshot: "Snapshot", selection: Selection = _ALL) -> MachineCount:
    """Count the machines that have a device in the selection; a device of none is one by itself."""
    chosen = where(device_filters(selection))
    columns = select_list(
        MachineCount,
        machines="count(DISTINCT coalesce(machine_id, 'device ' || device_key))",
        devices="count(*)",
    )
    sql = f"""
        SELECT {columns} FROM (SELECT device_key FROM devices {chosen.sql})
            LEFT JOIN (SELECT device_key, machine_id FROM machines) USING (device_key)"""
    (counted,) = snapshot.rows(MachineCount, sql, chosen.values)
    return counted


def count_open(snapshot: "Snapshot", selection: Selection = _ALL) -> int:
    """Count the open patches on machines, each once."""
    return snapshot.count(*_once(f"{opened(snapshot, selection)}", {"open": Clause("true")}))


def count_work(
    snapshot: "Snapshot",
    *,
    overdue_after_days: int = 14,
    selection: Selection = _ALL,
    judged: "Scratch | None" = None,
) -> WorkCount:
    """Count the open work on machines, by the conditions of `worklist`."""
    applies = reasons(overdue_after_days, is_judged=judged is not None)
    conditions = {"open": Clause("true")} | dict(applies.items())
    sql, values = _once(work_rows(snapshot, selection, judged), conditions)
    asked = f"SELECT {select_list(WorkCount)} FROM ({sql})"
    (counted,) = snapshot.rows(WorkCount, asked, values)
    return counted


def count_deadlines(
    snapshot: "Snapshot", judged: "Scratch", selection: Selection = _ALL
) -> DeadlineCount:
    """Count open patches on machines by deadline status; the most pressing device counts."""
    statuses = OPEN_DEADLINE_STATUSES
    conditions = {
        f"up_to_{name}": Clause(f"list_position({list(statuses)}, {STATUS}) <= {place}")
        for place, name in enumerate(statuses, 1)
    }
    critical = Clause(f"{STATUS} = 'overdue' AND severity = 'critical'")
    sql, values = _once(
        work_rows(snapshot, selection, judged), {**conditions, "overdue_critical": critical}
    )
    before = (None, *statuses)
    each = {
        name: f"up_to_{name}" + (f" - up_to_{before[place]}" if place else "")
        for place, name in enumerate(statuses)
    }
    columns = select_list(DeadlineCount, open=f"up_to_{statuses[-1]}", **each)
    (counted,) = snapshot.rows(DeadlineCount, f"SELECT {columns} FROM ({sql})", values)
    return counted


def _once(rows: str, conditions: Mapping[str, Clause]) -> tuple[str, tuple[object, ...]]:
    """Return a statement that counts open findings by each condition, once a machine."""
    counts = ", ".join(f"count(*) FILTER ({one.sql}) AS {name}" for name, one in conditions.items())
    most = ", ".join(f"max({name}) AS {name}" for name in conditions)
    sums = ", ".join(f"CAST(coalesce(sum({name}), 0) AS BIGINT) AS {name}" for name in conditions)
    values = tuple(value for one in conditions.values() for value in one.values)
    sql = f"""
        WITH shared AS ({_SHARED}), alone AS (
            SELECT {counts} FROM {rows} AS f ANTI JOIN shared USING (device_key)
        ), several AS (
            SELECT {most} FROM (
                SELECT machine_id, device_key, coalesce(kb, lower(patch)) AS what, {counts}
                FROM {rows} AS f JOIN shared USING (device_key)
                GROUP BY machine_id, device_key, what
            ) GROUP BY machine_id, what
        )
        SELECT {sums} FROM (FROM alone UNION ALL BY NAME FROM several)"""
    return sql, values * 2
