"""The morning worklist: what failed, waits for a restart, is overdue, or cannot be judged.

Law of this file: it asks the store and arranges the answers; what could not be judged or is not
covered is said in a note, with its number.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.report.lists import items_table, worklist_table
from patchfleet.report.morning import morning_tables
from patchfleet.report.spelling import counted, moment
from patchfleet.report.table import Figure, Report
from patchfleet.store.questions import known_to_several, work_lines, worklist
from patchfleet.store.questions.answers import CustomerWork

if TYPE_CHECKING:
    from patchfleet.store import Facts

_ALL = Selection()


def today_report(
    facts: "Facts",
    *,
    selection: Selection = _ALL,
    overdue_after_days: int = 14,
    silent_after_days: int = 7,
    with_items: bool = False,
    most_rows: int | None = None,
    gaps: Sequence[str] = (),
) -> Report:
    """Report what waits for somebody at each customer, worst first, and why.

    The facts come with their history. `with_items` adds every patch, one by one; `most_rows` cuts
    the other lists, and says so; `gaps` are sentences about what the last sync could not learn,
    which become notes.
    """
    work = worklist(facts, overdue_after_days=overdue_after_days, selection=selection)
    lists = morning_tables(facts, selection, silent_after_days, limit=most_rows)
    tables = [worklist_table(work), *lists]
    if with_items:
        items = work_lines(facts, overdue_after_days=overdue_after_days, selection=selection)
        tables.append(items_table(waiting_in(work), items.read))
    return Report(
        name="today",
        title="What waits for somebody",
        as_of=facts.as_of,
        notes=coverage(facts, work, selection, overdue_after_days, gaps),
        tables=tuple(tables),
    )


def work_figures(work: Sequence[CustomerWork]) -> tuple[Figure, ...]:
    """Add the worklist up into the figures that stand above a report."""
    return tuple(
        Figure(
            name=name,
            title=title,
            value=sum(getattr(row, name) for row in work),
            needs_somebody=True,
        )
        for name, title in (
            ("failed", "Failed"),
            ("reboot_required", "Waiting for reboot"),
            ("overdue_critical", "Overdue critical"),
            ("not_judged", "Not judged"),
        )
    )


def waiting_in(work: Sequence[CustomerWork]) -> int:
    """Count what waits one by one: what waits for two reasons is counted twice."""
    return sum(r.failed + r.reboot_required + r.overdue_critical + r.not_judged for r in work)


def coverage(
    facts: "Facts",
    work: Sequence[CustomerWork],
    selection: Selection,
    overdue_after_days: int,
    gaps: Sequence[str],
) -> tuple[str, ...]:
    """Say what a report covers, how it judges, and what it does not cover."""
    notes = [f"From {sources_of(facts)}."]
    if chosen := described(selection):
        notes.append(f"Only {chosen}.")
    if doubled := known_to_several(facts, selection):
        notes.append(
            f"Counted under each source: {counted(doubled, 'machine')} that several sources know."
        )
    notes.append(
        f"Overdue: critical, not installed, released more than {overdue_after_days} days before."
    )
    unjudged = sum(row.not_judged for row in work)
    if unjudged:
        notes.append(
            f"Not judged: {counted(unjudged, 'open finding')} whose severity, state or release "
            "date the source does not give, so that no deadline can be computed."
        )
    unpatched = sum(row.unpatched_devices for row in work)
    if unpatched:
        notes.append(
            f"Not covered: {counted(unpatched, 'device')} without patch management; what is "
            "missing there is not known."
        )
    return (*notes, *(f"Not covered: {gap}" for gap in gaps))


def described(selection: Selection) -> str:
    """Put a selection into words; the empty text when it does not narrow."""
    parts = (
        ("customer", selection.customers),
        ("site", selection.sites),
        ("device", selection.devices),
        ("kind", selection.kinds),
        ("patch", selection.patches),
        ("severity", selection.severities),
        ("state", selection.states),
    )
    return "; ".join(f"{noun} {' or '.join(names)}" for noun, names in parts if names)


def sources_of(facts: "Facts") -> str:
    """Name each source with the moment it spoke of."""
    return ", ".join(
        f"{p.source} (run {p.run_id}) as of {moment(p.as_of)}" for p in facts.publications
    )
