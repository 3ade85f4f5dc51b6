"""Report of `patchfleet today`: failures, reboots, overdue and unjudged patches by customer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.report.attention import morning_tables
from patchfleet.report.document import Report
from patchfleet.report.figures import counted_once, machine_figure, work_figures
from patchfleet.report.tables import items_table, worklist_table
from patchfleet.store.queries import count_machines, count_work, work_items, worklist
from patchfleet.store.queries.rows import CustomerWork

if TYPE_CHECKING:
    from patchfleet.report.deadlines import Rules
    from patchfleet.store import Snapshot

_ALL = Selection()


def today_report(
    snapshot: "Snapshot",
    *,
    selection: Selection = _ALL,
    overdue_after_days: int = 14,
    rules: "Rules | None" = None,
    silent_after_days: int = 7,
    with_items: bool = False,
    most_rows: int | None = None,
) -> Report:
    """Report what needs attention at each customer, worst first, with the likely causes.

    `snapshot` needs the history. Overdue and not judged are by the deadlines of `rules`; without,
    overdue is critical and older than `overdue_after_days`. `with_items` adds every patch;
    `most_rows` cuts the other lists, and a note counts the rest.
    """
    judged = None if rules is None else rules.judge(snapshot, selection)
    days = overdue_after_days
    work = worklist(snapshot, overdue_after_days=days, selection=selection, judged=judged)
    once = count_work(snapshot, overdue_after_days=days, selection=selection, judged=judged)
    machines = count_machines(snapshot, selection)
    lists = morning_tables(snapshot, selection, silent_after_days, limit=most_rows)
    tables = [worklist_table(work), *lists]
    if with_items:
        items = work_items.lazy(
            snapshot, overdue_after_days=days, selection=selection, judged=judged
        )
        tables.append(items_table(items.counted(waiting_in(work))))
    return Report(
        name="today",
        title="Needs attention",
        coverage=snapshot.coverage(selection),
        remarks=(*counted_once(machines), overdue_rule(days, rules)),
        figures=(machine_figure(machines), *work_figures(once)),
        tables=tuple(tables),
    )


def overdue_rule(days: int, rules: "Rules | None" = None) -> str:
    """Describe which patches of a worklist are overdue."""
    if rules is not None:
        return (
            f"Overdue and not judged by {rules.pack.name}, as in the report overdue; days are "
            f"counted in {rules.zone.key}."
        )
    return f"Overdue: critical, not installed, released more than {days} days before."


def waiting_in(work: Sequence[CustomerWork]) -> int:
    """Count the items of a worklist: a patch with two reasons counts twice."""
    return sum(r.failed + r.reboot_required + r.overdue_critical + r.not_judged for r in work)
