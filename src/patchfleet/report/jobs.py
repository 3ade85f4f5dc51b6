"""Report `jobs`: deployment jobs, their runs, and the devices on which something failed."""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.report.document import Column, Metric, Report, tabulate
from patchfleet.report.tables import OF_SOURCE
from patchfleet.store.queries import job_results, job_totals, jobs
from patchfleet.store.queries.filters import device_filters

if TYPE_CHECKING:
    from patchfleet.report.registry import ReportRequest
    from patchfleet.store import Snapshot

_ALL = Selection()
_JOBS = (
    Column("name", "Job"),
    Column("status", "Status"),
    Column("platform", "Platform"),
    Column("last_run_at", "Last run", "moment"),
    Column("next_run_at", "Next run", "moment"),
    Column("runs", "Runs", "integer"),
    Column("devices", "Devices", "integer"),
    Column("succeeded", "Patches installed", "integer"),
    Column("failed", "Patches failed", "integer", is_actionable=True),
    Column("waiting", "Waiting for a restart", "integer", is_actionable=True),
    Column("vendor_status", "Vendor status", is_detail=True),
    Column("created_by", "Created by", is_detail=True),
    *OF_SOURCE,
    Column("job_id", "Job id", is_detail=True),
)
_NARROWED = "Jobs without results on these devices are not listed."
_RESULTS = (
    Column("name", "Job"),
    Column("customer", "Customer"),
    Column("device", "Device"),
    Column("status", "Status"),
    Column("vendor_status", "Vendor status"),
    Column("succeeded", "Installed", "integer"),
    Column("failed", "Failed", "integer", is_actionable=True),
    Column("waits_for_reboot", "Waits for a restart", "flag", is_actionable=True),
    Column("started_at", "Began", "moment"),
    Column("ended_at", "Ended", "moment"),
    Column("failed_patches", "Patches that failed", "list", width=60),
    *OF_SOURCE,
    Column("job_id", "Job id", is_detail=True),
    Column("run_id", "Run", is_detail=True),
    Column("device_id", "Device id", is_detail=True),
)


def build(request: "ReportRequest") -> Report:
    """Build the report of the registry; see `jobs_report`."""
    return jobs_report(request.snapshot, selection=request.selection)


def jobs_report(snapshot: "Snapshot", *, selection: Selection = _ALL) -> Report:
    """Report every job with the results of its runs on the devices of a selection."""
    listed, totals = jobs(snapshot, selection), job_totals(snapshot, selection)
    results = job_results.lazy(snapshot, selection).counted(totals.results)
    return Report(
        name="jobs",
        title="Deployment jobs",
        coverage=snapshot.coverage(selection),
        remarks=(_NARROWED,) if device_filters(selection) else (),
        figures=(
            Metric(name="jobs", title="Jobs", value=len(listed)),
            Metric(name="succeeded", title="Patches installed", value=totals.succeeded),
            Metric(name="failed", title="Patches failed", value=totals.failed, is_actionable=True),
        ),
        tables=(
            tabulate("jobs", "Jobs", _JOBS, listed),
            tabulate("results", "Results on devices, failures first", _RESULTS, results),
        ),
    )
