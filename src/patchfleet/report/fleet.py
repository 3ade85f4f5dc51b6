"""The fleet report: how everything stands, for who runs it, who pays for it and who audits it.

Law of this file: it asks the store and arranges the answers; no number is computed here that the
store can answer.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from patchfleet.models import OPEN_STATES, SEVERITIES, Selection
from patchfleet.report.charts import (
    age_of_open_patches,
    open_by_customer,
    patches_not_installed,
    top_open_patches,
)
from patchfleet.report.lists import (
    devices_table,
    findings_table,
    installed_share,
    items_table,
    posture_table,
    top_patches_table,
    worklist_table,
)
from patchfleet.report.table import Figure, Report
from patchfleet.report.today import coverage, work_figures
from patchfleet.store.questions import (
    age_of_open,
    devices,
    findings,
    posture,
    severity_by_state,
    top_patches,
    work_items,
    worklist,
)
from patchfleet.store.questions.answers import FindingRow

if TYPE_CHECKING:
    from patchfleet.store import Facts

_ALL = Selection()
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def fleet_report(
    facts: "Facts",
    *,
    selection: Selection = _ALL,
    overdue_after_days: int = 14,
    gaps: Sequence[str] = (),
) -> Report:
    """Report how a fleet stands: figures, charts, and every open finding and device.

    `gaps` are sentences about what the last sync could not learn; they become notes.
    """
    work = worklist(facts, overdue_after_days=overdue_after_days, selection=selection)
    items = work_items(facts, overdue_after_days=overdue_after_days, selection=selection)
    customers = posture(facts, selection)
    most_open = top_patches(facts, selection, limit=50)
    return Report(
        name="fleet",
        title="Patch state of the fleet",
        as_of=facts.as_of,
        notes=coverage(facts, work, selection, overdue_after_days, gaps),
        figures=(
            Figure(name="devices", title="Devices", value=sum(row.devices for row in work)),
            Figure(
                name="installed_share",
                title="Installed",
                value=installed_share(customers),
                kind="percent",
            ),
            *work_figures(work),
        ),
        charts=(
            open_by_customer(customers),
            age_of_open_patches(age_of_open(facts, selection)),
            patches_not_installed(severity_by_state(facts, selection)),
            top_open_patches(most_open[:12]),
        ),
        tables=(
            worklist_table(work),
            posture_table(customers),
            items_table(items),
            findings_table(
                _worst_first(_open_findings(facts, selection)),
                name="open_findings",
                title="Open patches on devices",
                note="Worst first: by severity, then by age.",
            ),
            devices_table(devices(facts, selection)),
            top_patches_table(most_open),
        ),
    )


def _open_findings(facts: "Facts", selection: Selection) -> list[FindingRow]:
    """Ask for what is open of a selection; of closed states only, that is nothing."""
    asked = selection.states or OPEN_STATES
    states = tuple(state for state in asked if state in OPEN_STATES)
    return findings(facts, replace(selection, states=states)) if states else []


def _worst_first(rows: Iterable[FindingRow]) -> list[FindingRow]:
    """Order by severity, then oldest; what has no release date comes last in its severity."""
    return sorted(
        rows,
        key=lambda row: (
            _RANK[row.severity],
            row.age_days is None,
            -(row.age_days or 0),
        ),
    )
