"""Ground truth of jobs for tests, complete and unpaged."""

from typing import Any

from patchfleet.emulator.qualys.jobs import results
from patchfleet.emulator.qualys.jobs.job import Run
from patchfleet.emulator.qualys.jobs.mitigation import Mitigations
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.routes import definition


def truth_of(registry: JobRegistry, mitigations: Mitigations) -> dict[str, Any]:
    """Return the jobs with runs and results, and the mitigation jobs, as JSON-compatible data.

    The results have the vendor's words; `skipped` names patches never tried, `passed_over` the
    unknown fields that were given for a job, by its id.
    """
    return {
        "jobs": [
            {
                **definition(registry, job),
                "created_at": job.created_at.isoformat(),
                "enabled_at": job.enabled_at.isoformat() if job.enabled_at else None,
                "runs": [_run(registry, run) for run in job.runs],
            }
            for job in registry.jobs.values()
        ],
        "passed_over": {
            job.id: job.passed_over for job in registry.jobs.values() if job.passed_over
        },
        "mitigation_jobs": [mitigations.definition(job) for job in mitigations.jobs.values()],
    }


def _run(registry: JobRegistry, run: Run) -> dict[str, Any]:
    now = registry.state.now
    return {
        "number": run.number,
        "scheduled_at": run.scheduled_at.isoformat(),
        "is_over": run.is_over,
        "patches": [patch.uuid for patch in run.patches or ()] if run.results else [],
        "results": [
            {
                **results.row(registry, run, result, now),
                "skipped": list(result.plan.buckets.skipped) if result.plan else [],
            }
            for result in run.results.values()
        ],
    }
