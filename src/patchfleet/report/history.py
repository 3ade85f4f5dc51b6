"""Report `history`: open patches over time, as of each sync.

Every moment counts the same accounts: each with its last sync at or before the moment, and before
its first sync as at that one. So an account that joins is not a rise.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from patchfleet._renamed import renamed
from patchfleet.models import SEVERITIES, Selection, Severity
from patchfleet.report.charts.rows import OpenCount
from patchfleet.report.charts.time import open_over_time
from patchfleet.report.document import Cell, Column, Metric, Report, Table
from patchfleet.report.figures import counted_once, machine_figure, open_figure
from patchfleet.report.wording import cell_text, plural
from patchfleet.store.queries import OpenRow, count_machines, count_open, open_by_run

if TYPE_CHECKING:
    from patchfleet.report.registry import ReportRequest
    from patchfleet.store import Snapshot

_ALL = Selection()


def build(request: "ReportRequest") -> Report:
    """Build the report of the registry; see `trend_report`."""
    return trend_report(request.snapshot, selection=request.selection)


def trend_report(snapshot: "Snapshot", *, selection: Selection = _ALL) -> Report:
    """Report open patches as of every complete sync; `snapshot` needs the history."""
    rows = open_by_run(snapshot, selection)
    counts, joined = together(rows), _joined(rows)
    moments = list(dict.fromkeys(count.as_of for count in counts))
    machines = count_machines(snapshot, selection)
    totals = [sum(c.findings for c in counts if c.as_of == at) for at in moments]
    return Report(
        name="history",
        title="Open patches over time",
        coverage=snapshot.coverage(selection),
        remarks=(
            *counted_once(machines),
            _on_record(len(moments)),
            *_joins(joined, moments),
        ),
        figures=(
            machine_figure(machines),
            open_figure(count_open(snapshot, selection)),
            Metric(name="open_listed", title="Open, by account", value=totals[-1] if totals else 0),
            Metric(
                name="open_before",
                title="Open at first, by account",
                value=totals[0] if totals else 0,
            ),
        ),
        charts=(open_over_time(counts),),
        tables=(_by_moment(counts, moments, joined),),
    )


def _on_record(syncs: int) -> str:
    return f"{plural(syncs, 'complete sync is', 'complete syncs are')} on record."


def _joined(rows: Iterable[OpenRow]) -> dict[str, tuple[datetime, int]]:
    """Return the time of the first sync of each account, and what was open then."""
    found: dict[str, tuple[datetime, int]] = {}
    for row in sorted(rows, key=attrgetter("as_of", "run_id")):
        at, count = found.get(row.source, (row.as_of, 0))
        if at == row.as_of:
            found[row.source] = at, count + row.findings
    return found


def _joins(joined: dict[str, tuple[datetime, int]], moments: Sequence[datetime]) -> list[str]:
    """Describe each account that was added after the first sync on record."""
    return [
        f"{source} was first read on {cell_text(at, 'date')}, with {count:,} open; every earlier "
        "moment counts it so, so that its arrival is not a rise."
        for source, (at, count) in sorted(joined.items(), key=itemgetter(1))
        if at > moments[0]
    ]


def together(rows: Iterable[OpenRow]) -> list[OpenCount]:
    """Add up all sources at each moment at which one of them was synced.

    Before its first sync a source counts as at that one.
    """
    now: dict[str, dict[Severity, int]] = {}
    runs: dict[tuple[datetime, str, int], dict[Severity, int]] = {}
    for row in rows:
        runs.setdefault((row.as_of, row.source, row.run_id), {})[row.severity] = row.findings
    for moment in sorted(runs):
        now.setdefault(moment[1], runs[moment])
    found: dict[datetime, dict[Severity, int]] = {}
    for as_of, source, run_id in sorted(runs):
        now[source] = runs[as_of, source, run_id]
        found[as_of] = {
            severity: sum(of.get(severity, 0) for of in now.values()) for severity in SEVERITIES
        }
    return [
        OpenCount(as_of, severity, count)
        for as_of, counts in found.items()
        for severity, count in counts.items()
    ]


def _by_moment(
    counts: Iterable[OpenCount],
    moments: Iterable[datetime],
    joined: dict[str, tuple[datetime, int]],
) -> Table:
    by = {(count.as_of, count.severity): count.findings for count in counts}
    columns = (
        Column("as_of", "As of", "moment"),
        Column("open", "Open", "integer", is_actionable=True),
        *(Column(severity, severity.capitalize(), "integer") for severity in SEVERITIES),
        Column("joined", "Accounts first read", "list"),
    )
    rows: list[tuple[Cell, ...]] = []
    for at in moments:
        each = [by.get((at, severity), 0) for severity in SEVERITIES]
        first = tuple(sorted(source for source, (began, _) in joined.items() if began == at))
        rows.append((at, sum(each), *each, first))
    return Table(name="syncs", title="Open patches at each sync", columns=columns, rows=rows)


__getattr__ = renamed(__name__)
