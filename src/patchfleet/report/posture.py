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
from patchfleet.report.tables import (
    devices_table,
    installed_share,
    items_table,
    open_findings_table,
    posture_table,
    top_patches_table,
    worklist_table,
)
from patchfleet.report.today import overdue_rule, waiting_in, work_figures
from patchfleet.store.queries import (
    age_of_open,
    devices,
    posture,
    severity_by_state,
    top_patches,
    work_items,
    worklist,
    worst_open_findings,
)

if TYPE_CHECKING:
    from patchfleet.report.registry import ReportRequest
    from patchfleet.store import Snapshot

_ALL = Selection()


def build(request: "ReportRequest") -> Report:
    """Build the report of the registry; see `fleet_report`."""
    return fleet_report(
        request.snapshot,
        selection=request.selection,
        overdue_after_days=request.overdue_after_days,
    )


def fleet_report(
    snapshot: "Snapshot",
    *,
    selection: Selection = _ALL,
    overdue_after_days: int = 14,
) -> Report:
    """Report the patch state of a fleet: figures, charts, and every open finding and device.

    A format reads the lists when it writes them, as far as it shows them.
    """
    work = worklist(snapshot, overdue_after_days=overdue_after_days, selection=selection)
    items = work_items.lazy(snapshot, overdue_after_days=overdue_after_days, selection=selection)
    open_findings = worst_open_findings(snapshot, selection)
    customers = posture(snapshot, selection)
    count = sum(row.devices for row in work)
    most_open = top_patches(snapshot, selection, limit=50)
    return Report(
        name="fleet",
        title="Patch state of the fleet",
        coverage=snapshot.coverage(selection),
        remarks=(overdue_rule(overdue_after_days),),
        figures=(
            Metric(name="devices", title="Devices", value=count),
            Metric(
                name="installed_share",
                title="Installed",
                value=installed_share(customers),
                kind="percent",
            ),
            *work_figures(work),
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
            devices_table(devices.lazy(snapshot, selection).counted(count)),
            top_patches_table(most_open),
        ),
    )
