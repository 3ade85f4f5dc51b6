"""Report `overdue`: open patches beyond a deadline, not judged, and in time, by one rule pack.

It names the pack's version, source and certainty, and the date of each file of threat data.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from patchfleet.models import Selection
from patchfleet.policy import Pack, load
from patchfleet.report.charts.rows import OverdueCount
from patchfleet.report.charts.state import overdue_by_customer
from patchfleet.report.deadlines import ThreatData, evaluate_open_findings, threat_data
from patchfleet.report.document import (
    Chart,
    Column,
    Metric,
    Report,
    Table,
    tabulate,
    total_of,
)
from patchfleet.report.figures import counted_once, machine_figure, open_figure
from patchfleet.report.tables import OF_SOURCE, with_sources
from patchfleet.report.wording import plural
from patchfleet.store.queries import (
    DeadlineCount,
    JudgedCount,
    count_deadlines,
    count_judged,
    count_machines,
    judged_findings,
)

if TYPE_CHECKING:
    from patchfleet.report.registry import ReportRequest
    from patchfleet.store import Snapshot

_ALL = Selection()


class CustomerDeadlines(Struct, frozen=True):
    """Open patches of one customer, counted by deadline status."""

    source: str
    customer_id: str
    customer: str
    overdue: int
    overdue_critical: int
    not_judged: int
    on_time: int
    not_covered: int


_CUSTOMERS = (
    Column("customer", "Customer"),
    Column("overdue", "Overdue", "integer", is_actionable=True),
    Column("overdue_critical", "Of these critical", "integer", is_actionable=True),
    Column("not_judged", "Not judged", "integer", is_actionable=True),
    Column("on_time", "On time", "integer"),
    Column("not_covered", "No deadline", "integer"),
    *OF_SOURCE,
    Column("customer_id", "Customer id", is_detail=True),
)
_ITEMS = (
    Column("verdict", "Status", "state"),
    Column("days_over", "Days overdue", "integer"),
    Column("due_at", "Due", "moment"),
    Column("customer", "Customer"),
    Column("device", "Device"),
    Column("patch", "Patch"),
    Column("kb", "KB"),
    Column("severity", "Severity", "severity"),
    Column("state", "State", "state"),
    Column("released_at", "Released", "date"),
    Column("because", "Reason", width=60),
    Column("duties", "Also required", "list"),
    Column("cves", "CVEs", "list", width=40),
    Column("epss", "EPSS", "percent"),
    Column("is_ransomware_used", "Used by ransomware", "flag", is_actionable=True),
    Column("needs_forensic_triage", "Forensic triage", "flag", is_actionable=True),
    Column("first_seen_at", "First seen", "moment", is_detail=True),
    Column("site", "Site", is_detail=True),
    Column("kind", "Kind", is_detail=True),
    Column("decision", "Decision", is_detail=True),
    *OF_SOURCE,
    Column("device_id", "Device id", is_detail=True),
    Column("finding_id", "Finding id", is_detail=True),
)


def build(request: "ReportRequest") -> Report:
    """Build the report of the registry; see `overdue_report`."""
    return overdue_report(
        request.snapshot,
        load(request.deadlines.pack),
        threat_data(request.intel()),
        zone=request.deadlines.time_zone,
        selection=request.selection,
    )


def overdue_report(
    snapshot: "Snapshot",
    pack: Pack,
    known: ThreatData,
    *,
    zone: ZoneInfo,
    selection: Selection = _ALL,
) -> Report:
    """Report every open patch against the deadlines of a pack, at the time of the snapshot."""
    judged = evaluate_open_findings(snapshot, pack, known, zone=zone, selection=selection)
    counts = count_judged(snapshot, judged, selection)
    once = count_deadlines(snapshot, judged, selection)
    machines = count_machines(snapshot, selection)

    def items(verdict: str, title: str) -> Table:
        rows = judged_findings(snapshot, judged, selection, verdicts=(verdict,))
        return tabulate(verdict, title, _ITEMS, rows.counted(totals[verdict]))

    customers = _by_customer(counts)
    columns = with_sources(_CUSTOMERS, customers)
    totals = {name: sum(getattr(row, name) for row in customers) for name in _COUNTED}
    return Report(
        name="overdue",
        title=f"Overdue patches: {pack.title.partition(',')[0]}",
        coverage=snapshot.coverage(selection),
        remarks=(*counted_once(machines), *_about(pack, known, zone), *_not_judged(once)),
        figures=(machine_figure(machines), *_figures(once)),
        charts=(_chart(counts),),
        tables=(
            tabulate(
                "customers", "By customer", columns, customers,
                total=total_of(columns, customers),
            ),
            items("overdue", "Overdue, longest first"),
            items("not_judged", "Not judged"),
        ),
    )  # fmt: skip


def _chart(counts: Sequence[JudgedCount]) -> Chart:
    return overdue_by_customer(
        OverdueCount(c.source, c.customer_id, c.customer, c.severity, c.findings)
        for c in counts
        if c.verdict == "overdue"
    )


def _figures(once: DeadlineCount) -> Iterator[Metric]:
    yield open_figure(once.open)
    for name, title, needs in _FIGURES:
        yield Metric(name=name, title=title, value=getattr(once, name), is_actionable=needs)


_FIGURES = (
    ("overdue", "Overdue", True),
    ("overdue_critical", "Overdue critical", True),
    ("not_judged", "Not judged", True),
    ("on_time", "On time", False),
    ("not_covered", "No deadline", False),
)
_COUNTED = CustomerDeadlines.__struct_fields__[3:]


def _by_customer(counts: Sequence[JudgedCount]) -> list[CustomerDeadlines]:
    """Add up the counts of each customer, the most overdue first."""
    sums: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in counts:
        mine = sums[one.source, one.customer_id, one.customer]
        mine[one.verdict] += one.findings
        if one.verdict == "overdue" and one.severity == "critical":
            mine["overdue_critical"] += one.findings
    rows = [
        CustomerDeadlines(*place, *(mine[name] for name in _COUNTED))
        for place, mine in sums.items()
    ]
    return sorted(rows, key=lambda r: (-r.overdue, -r.not_judged, r.customer.casefold()))


def _about(pack: Pack, known: ThreatData, zone: ZoneInfo) -> list[str]:
    """Describe the rules and the threat data, and how certain they are."""
    notes = [
        f"Standard: {pack.title}, version {pack.version} ({pack.status}). {pack.note}",
        f"Source: {pack.source}. Days and months are counted in {zone.key}.",
    ]
    notes.extend(
        f"{file.kind.upper()}: {file.name}, as of {file.dated}, {file.rows:,} rows."
        for file in known.files
    )
    if not known.files:
        notes.append(
            "No vulnerability data is loaded: rules that need KEV, EPSS or SSVC are not judged "
            "(patchfleet intel load)."
        )
    if pack.measures:
        measures = ", ".join(pack.measures)
        notes.append(f"This standard sets no number of days; it requires: {measures}.")
    return notes


def _not_judged(once: DeadlineCount) -> list[str]:
    if not once.not_judged:
        return []
    what = plural(once.not_judged, "open patch", "open patches")
    return [f"Not judged: {what} for which a required fact is missing; none counts as on time."]
