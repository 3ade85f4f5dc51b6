"""Report of `patchfleet diff`: findings that differ between two runs of the same sources."""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.report.coverage import others
from patchfleet.report.document import Report
from patchfleet.report.tables import changes_table, transitions_table
from patchfleet.report.wording import moment, plural
from patchfleet.store.queries import changes, count_changes, count_first_listed

if TYPE_CHECKING:
    from patchfleet.store import Snapshot

_ALL = Selection()


def changes_report(
    before: "Snapshot", after: "Snapshot", *, selection: Selection = _ALL, with_rows: bool = True
) -> Report:
    """Report which findings differ between two runs, counted by transition and one by one.

    Raises StoreError when the two are not runs of the same sources.
    """
    tables = [transitions_table(count_changes(before, after, selection))]
    if with_rows:
        tables.append(changes_table(changes(before, after, selection)))
    remarks = [f"Between {moment(before.as_of)} and {moment(after.as_of)}."]
    first = count_first_listed(before, after, selection)
    if first.devices:
        remarks.append(
            f"Not new: {plural(first.findings, 'finding')} of "
            f"{plural(first.devices, 'device')} that the earlier sync did not list."
        )
    missed = before.coverage(selection)
    remarks.extend(f"Not covered before: {gap}" for gap in missed.gaps)
    remarks.extend(f"Not read before: {one.said}" for one in missed.unread)
    if missed.other_gaps:
        remarks.append(f"Not named before: {others(missed.other_gaps)}.")
    return Report(
        name="changes",
        title="Changes between two syncs",
        coverage=after.coverage(selection),
        remarks=tuple(remarks),
        tables=tuple(tables),
    )
