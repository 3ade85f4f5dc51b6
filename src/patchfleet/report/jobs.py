"""What deployment jobs did: each job and run, and every device on which something failed.

Law of this file: it asks the store and arranges the answers.
"""

from typing import TYPE_CHECKING

from patchfleet.models import Selection
from patchfleet.report.document import Column, Figure, Report, tabulate, tabulate_later
from patchfleet.store.queries import job_result_lines, job_totals, jobs
from patchfleet.store.queries.filters import of_devices

if TYPE_CHECKING:
    from patchfleet.store import Facts

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
    Column("failed", "Patches failed", "integer", needs_somebody=True),
    Column("waiting", "Devices that wait for a restart", "integer", needs_somebody=True),
    Column("vendor_status", "Vendor's status", is_detail=True),
    Column("created_by", "Made by", is_detail=True),
    Column("source", "Source", is_detail=True),
    Column("job_id", "Job id", is_detail=True),
)
_NARROWED = "Jobs that did nothing on these devices are not listed."
_RESULTS = (
    Column("name", "Job"),
    Column("customer", "Customer"),
    Column("device", "Device"),
    Column("status", "Status"),
    Column("vendor_status", "Vendor's status"),
    Column("succeeded", "Installed", "integer"),
    Column("failed", "Failed", "integer", needs_somebody=True),
    Column("waits_for_reboot", "Waits for a restart", "flag", needs_somebody=True),
    Column("started_at", "Began", "moment"),
    Column("ended_at", "Ended", "moment"),
    Column("failed_patches", "Patches that failed", "list", width=60),
    Column("source", "Source", is_detail=True),
    Column("job_id", "Job id", is_detail=True),
    Column("run_id", "Run", is_detail=True),
    Column("device_id", "Device id", is_detail=True),
)


def jobs_report(facts: "Facts", *, selection: Selection = _ALL) -> Report:
    """Report every job and what its runs did on the devices of a selection."""
    listed, totals = jobs(facts, selection), job_totals(facts, selection)
    results = job_result_lines(facts, selection)
    return Report(
        name="jobs",
        title="What deployment jobs did",
        coverage=facts.coverage(selection),
        remarks=(_NARROWED,) if of_devices(selection) else (),
        figures=(
            Figure(name="jobs", title="Jobs", value=len(listed)),
            Figure(name="succeeded", title="Patches installed", value=totals.succeeded),
            Figure(name="failed", title="Patches failed", value=totals.failed, needs_somebody=True),
        ),
        tables=(
            tabulate("jobs", "Jobs", _JOBS, listed),
            tabulate_later(
                "results",
                "Results on devices, failures first",
                _RESULTS,
                totals.results,
                results.read,
            ),
        ),
    )
