"""Report `posture`: patch state of the fleet, its customers and its devices."""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.report.charts.state import (
    age_of_open_patches,
    open_by_customer,
    patches_not_installed,
    top_open_patches,
)
from patchfleet.report.document import Metric, Report
from patchfleet.report.figures import counted_once, machine_figure, work_figures
from patchfleet.report.tables import (
    devices_table,
    installed_share,
    items_table,
    open_findings_table,
    posture_table,
    top_patches_table,
    worklist_table,
)
from patchfleet.report.today import overdue_rule, waiting_in
from patchfleet.store.queries import (
    age_of_open,
    count_machines,
    count_work,
    devices,
    posture,
    severity_by_state,
    top_patches,
    work_items,
    worklist,
    worst_open_findings,
)

if TYPE_CHECKING:
    from patchfleet.report.deadlines import Rules
    from patchfleet.report.registry import ReportRequest
    from patchfleet.store import Snapshot

_ALL = Selection()


def build(request: "ReportRequest") -> Report:
    """Build the report of the registry; see `fleet_report`."""
    days = request.overdue_after_days
    if days is not None:
        return fleet_report(request.snapshot, selection=request.selection, overdue_after_days=days)
    from patchfleet.report.deadlines import rules_in_force

    rules = rules_in_force(request.deadlines, request.intel)
    return fleet_report(request.snapshot, selection=request.selection, rules=rules)


def fleet_report(
    snapshot: "Snapshot",
    *,
    selection: Selection = _ALL,
    overdue_after_days: int = 14,
    rules: "Rules | None" = None,
) -> Report:
    """Report the patch state of a fleet: figures, charts, and every open finding and device.

    Overdue and not judged are as in `today_report`. A format reads the lists when it writes them,
    as far as it shows them.
    """
    judged, days = None if rules is None else rules.judge(snapshot, selection), overdue_after_days
    work = worklist(snapshot, overdue_after_days=days, selection=selection, judged=judged)
    items = work_items.lazy(snapshot, overdue_after_days=days, selection=selection, judged=judged)
    once = count_work(snapshot, overdue_after_days=days, selection=selection, judged=judged)
    machines = count_machines(snapshot, selection)
    open_findings = worst_open_findings(snapshot, selection)
    customers = posture(snapshot, selection)
    most_open = top_patches(snapshot, selection, limit=50)
    return Report(
        name="fleet",
        title="Patch state of the fleet",
        coverage=snapshot.coverage(selection),
        remarks=(*counted_once(machines), overdue_rule(days, rules)),
        figures=(
            machine_figure(machines),
            Metric(
                name="installed_share",
                title="Installed",
                value=installed_share(customers),
                kind="percent",
            ),
            *work_figures(once),
        ),
        charts=(
            open_by_customer(customers),
            age_of_open_patches(age_of_open(snapshot, selection)),
            patches_not_installed(severity_by_state(snapshot, selection)),
            top_open_patches(most_open[:12]),
        ),
        tables=(
            worklist_table(work),
            posture_table(customers),
            items_table(items.counted(waiting_in(work))),
            open_findings_table(open_findings.counted(sum(row.open for row in customers))),
            devices_table(devices.lazy(snapshot, selection).counted(machines.devices)),
            top_patches_table(most_open),
        ),
    )
