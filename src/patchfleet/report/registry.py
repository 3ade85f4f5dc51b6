"""Registry of report kinds, and the request that each of them answers.

The command, its help, the split by customer, the documentation and the tests walk `REPORTS`: a new
kind is one module with a `build` and one entry here.
Invariant: importing the registry loads no report (tests/report/test_registry.py).
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from patchfleet.config import DeadlineSettings
    from patchfleet.models import Selection
    from patchfleet.report.document import Report
    from patchfleet.store import Snapshot
    from patchfleet.store.types import IntelRow


class ReportRequest(Struct, frozen=True, kw_only=True):
    """Everything a report can depend on: the data, the selection and the settings.

    `deadlines` names the rule pack and the time zone of its days; `overdue_after_days` replaces it
    for critical patches, None does not. `intel` reads the loaded files about vulnerabilities.
    """

    snapshot: "Snapshot"
    selection: "Selection"
    overdue_after_days: int | None
    deadlines: "DeadlineSettings"
    intel: "Callable[[], Iterable[tuple[IntelRow, bytes]]]"

    def narrowed(self, selection: "Selection") -> "ReportRequest":
        """Return the same request for another selection."""
        return replace(self, selection=selection)


class ReportKind(Struct, frozen=True, kw_only=True):
    """One kind of report: its name and summary for people, and the module that builds it.

    `needs_history` asks for a snapshot with the history of findings; `example` is a command line
    for the help text, without the program's name.
    """

    name: str
    summary: str
    module: str
    needs_history: bool = False
    example: str = ""

    def build(self, request: ReportRequest) -> "Report":
        """Import the module of this kind and build its report."""
        report: Report = import_module(self.module).build(request)
        return report


REPORTS: dict[str, ReportKind] = {
    kind.name: kind
    for kind in (
        ReportKind(
            name="posture",
            summary="state of each customer, open patches and devices",
            module="patchfleet.report.posture",
            example="report --output fleet.xlsx --output fleet.html",
        ),
        ReportKind(
            name="overdue",
            summary="every open patch against the deadlines of a standard",
            module="patchfleet.report.overdue",
            example='report overdue --pack pci-dss-4.0.1 --customer "Acme*" --output acme.html',
        ),
        ReportKind(
            name="ageing",
            summary="how long patches stay open, and how fast they are closed",
            module="patchfleet.report.ageing",
            needs_history=True,
        ),
        ReportKind(
            name="history",
            summary="open patches over time, sync by sync",
            module="patchfleet.report.history",
            needs_history=True,
        ),
        ReportKind(
            name="jobs",
            summary="results of deployment jobs, failures first",
            module="patchfleet.report.jobs",
        ),
    )
}
"""Every kind of report by its name; the first is the default."""
