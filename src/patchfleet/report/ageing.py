"""Report `ageing`: age of open patches, and time to close them.

Time to patch is a survival estimate: a patch that is still open counts with the days it has been
open, since an average of closed patches alone improves the less is patched. Published industry
figures are shown beside the fleet's own, with their sources.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from patchfleet.models import SEVERITIES, Selection
from patchfleet.policy import INDUSTRY_FIGURES, Survival, survival
from patchfleet.report.charts.rows import OpenShare
from patchfleet.report.charts.state import age_of_open_patches
from patchfleet.report.charts.time import time_to_close
from patchfleet.report.document import Cell, Column, Metric, Report, Table
from patchfleet.report.figures import counted_once, machine_figure, open_figure
from patchfleet.report.tables import top_patches_table
from patchfleet.store.queries import (
    AGE_BUCKETS,
    AgeRow,
    ClosedRow,
    age_of_open,
    count_machines,
    count_open,
    times_to_close,
    top_patches,
)

if TYPE_CHECKING:
    from patchfleet.report.registry import ReportRequest
    from patchfleet.store import Snapshot

_ALL = Selection()
_ASKED = (7, 14, 28, 30, 60, 90)


def build(request: "ReportRequest") -> Report:
    """Build the report of the registry; see `ageing_report`."""
    return ageing_report(request.snapshot, selection=request.selection)


def ageing_report(snapshot: "Snapshot", *, selection: Selection = _ALL) -> Report:
    """Report the age of open patches and the time to close; `snapshot` needs the history."""
    ages = age_of_open(snapshot, selection)
    closed = times_to_close(snapshot, selection)
    curves = {"all": _curve(closed)} | {
        severity: _curve(row for row in closed if row.severity == severity)
        for severity in SEVERITIES
    }
    machines = count_machines(snapshot, selection)
    remarks = [
        *counted_once(machines),
        (
            "Time to patch runs from the first sync that saw a patch open to the one that saw it "
            "installed. What was not seen installed counts as not closed: open, ignored, or no "
            "longer listed (survival estimate)."
        ),
    ]
    remarks.extend(
        f"Benchmark: {one.name} {_formatted(one.value, one.unit)} ({one.source})."
        for one in INDUSTRY_FIGURES
    )
    return Report(
        name="ageing",
        title="Patch ageing",
        coverage=snapshot.coverage(selection),
        remarks=tuple(remarks),
        figures=(
            machine_figure(machines),
            open_figure(count_open(snapshot, selection)),
            Metric(name="median_days", title="Median days to close", value=_median(curves["all"])),
            Metric(
                name="closed_by_28",
                title="Closed within 28 days",
                value=curves["all"].closed_by(28),
                kind="percent",
            ),
        ),
        charts=(age_of_open_patches(ages), time_to_close(_shares(curves))),
        tables=(
            _closing(curves),
            _ages(ages),
            top_patches_table(top_patches(snapshot, selection, limit=50)),
        ),
    )


def _curve(rows: Iterable[ClosedRow]) -> Survival:
    observed: Counter[tuple[float, bool]] = Counter()
    for row in rows:
        observed[float(row.days), row.is_closed] += row.findings
    return survival(observed)


def _median(curve: Survival) -> int | None:
    return None if curve.median_days is None else round(curve.median_days)


def _shares(curves: dict[str, Survival]) -> Iterator[OpenShare]:
    for name, curve in curves.items():
        for days, share in zip(curve.days, curve.shares_open, strict=True):
            yield OpenShare(name, round(days), share)  # type: ignore[arg-type]


def _closing(curves: dict[str, Survival]) -> Table:
    columns = (
        Column("severity", "Severity"),
        Column("count", "Patches", "integer"),
        Column("closed", "Closed", "integer"),
        Column("open", "Not closed", "integer", is_actionable=True),
        Column("median_days", "Median days", "integer"),
        *(Column(f"by_{days}", f"Closed in {days} days", "percent") for days in _ASKED),
    )
    rows: list[tuple[Cell, ...]] = [
        (name, curve.count, curve.closed, curve.open, _median(curve),
         *(curve.closed_by(days) for days in _ASKED))
        for name, curve in curves.items()
    ]  # fmt: skip
    return Table(name="closing", title="Time to close", columns=columns, rows=rows)


def _ages(ages: Iterable[AgeRow]) -> Table:
    by = {(row.bucket, row.severity): row.findings for row in ages}
    columns = (
        Column("age", "Days since release"),
        *(Column(severity, severity.capitalize(), "integer") for severity in SEVERITIES),
    )
    rows: list[tuple[Cell, ...]] = [
        (bucket, *(by.get((bucket, severity), 0) for severity in SEVERITIES))
        for bucket in AGE_BUCKETS
    ]
    return Table(name="ages", title="Age of open patches", columns=columns, rows=rows)


def _formatted(value: float, unit: str) -> str:
    return f"{value:.0%}" if unit == "share" else f"{value:g} {unit}"
