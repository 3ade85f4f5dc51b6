"""Report of `patchfleet today`: failures, reboots, overdue and unjudged patches by customer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.report.attention import morning_tables
from patchfleet.report.document import Metric, Report
from patchfleet.report.tables import items_table, worklist_table
from patchfleet.store.queries import work_items, worklist
from patchfleet.store.queries.rows import CustomerWork

if TYPE_CHECKING:
    from patchfleet.store import Snapshot

_ALL = Selection()


def today_report(
    snapshot: "Snapshot",
    *,
    selection: Selection = _ALL,
    overdue_after_days: int = 14,
    silent_after_days: int = 7,
    with_items: bool = False,
    most_rows: int | None = None,
) -> Report:
    """Report what needs attention at each customer, worst first, with the likely causes.

    `snapshot` needs the history. `with_items` adds every patch; `most_rows` cuts the other lists,
    and a note counts the rest.
    """
    work = worklist(snapshot, overdue_after_days=overdue_after_days, selection=selection)
    lists = morning_tables(snapshot, selection, silent_after_days, limit=most_rows)
    tables = [worklist_table(work), *lists]
    if with_items:
        items = work_items.lazy(
            snapshot, overdue_after_days=overdue_after_days, selection=selection
        )
        tables.append(items_table(items.counted(waiting_in(work))))
    return Report(
        name="today",
        title="Needs attention",
        coverage=snapshot.coverage(selection),
        remarks=(overdue_rule(overdue_after_days),),
        tables=tuple(tables),
    )


def work_figures(work: Sequence[CustomerWork]) -> tuple[Metric, ...]:
    """Add up the worklist to the figures at the top of a report."""
    return tuple(
        Metric(
            name=name,
            title=title,
            value=sum(getattr(row, name) for row in work),
            is_actionable=True,
        )
        for name, title in (
            ("failed", "Failed"),
            ("reboot_required", "Waiting for reboot"),
            ("overdue_critical", "Overdue critical"),
            ("not_judged", "Not judged"),
        )
    )


def overdue_rule(days: int) -> str:
    """Describe which patches of a worklist are overdue."""
    return f"Overdue: critical, not installed, released more than {days} days before."


def waiting_in(work: Sequence[CustomerWork]) -> int:
    """Count the items of a worklist: a patch with two reasons counts twice."""
    return sum(r.failed + r.reboot_required + r.overdue_critical + r.not_judged for r in work)
