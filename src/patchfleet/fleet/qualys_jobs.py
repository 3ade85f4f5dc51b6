"""The jobs of Qualys, their runs and their results, in our words.

Law of this file: Qualys's word stays beside ours, and what it says without a word we know is
`unknown`, never left out.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from patchfleet.errors import NotFound
from patchfleet.fleet.qualys_orders import pages_of, views_of
from patchfleet.fleet.qualys_values import flag, ids, moment, number, text
from patchfleet.models import OVER_STATUSES, Gap, Job, JobResult, JobRun, Jobs, JobStatus, RunRef
from patchfleet.qualys import PMAssetJobView, PMDeploymentJob, PMJob, PMRun, Qualys

JOBS: Final[Mapping[str, JobStatus]] = {"enabled": "enabled", "disabled": "disabled"}
"""The words of a job [O: peer]. A job that ran its only time stays enabled."""

RESULTS: Final[Mapping[str, JobStatus]] = {
    "canceled - blackout": "canceled",
    "completed": "done",
    "downloaded": "running",
    "downloading - failed": "failed",
    "execution blocked": "waiting",  # behind another job, and runs after it or times out
    "job failed": "failed",
    "job received": "waiting",
    "job resumed": "running",
    "job started": "running",
    "no patch available": "not_applicable",
    "not applicable": "not_applicable",
    "pending": "waiting",
    "pending reboot": "reboot_required",
    "timed out": "failed",
}
"""The words of a result on one asset [D: sts, cut after "Not Applicable"; the last three: A]."""


def read_jobs(
    client: Qualys,
    as_of: datetime,
    on_call: Callable[[], None] = lambda: None,
    *,
    over: Container[RunRef] = (),
    since: datetime | None = None,
) -> Jobs:
    """Return all jobs, their runs since a time (or all), and what those did on each asset.

    Runs that are `over` are not read and in `kept_runs`. Calls: two for each job; for each run one
    for every hundred assets. A job deleted meanwhile is a gap.
    """
    jobs: list[Job] = []
    runs: list[JobRun] = []
    results: list[JobResult] = []
    gaps: list[Gap] = []
    kept: set[RunRef] = set()
    listed = client.list_jobs("all")
    on_call()
    for one in listed:
        try:
            body = client.get_job(one.id or "")
            on_call()
            ran, did, left = _runs(client, one, on_call, over=over, since=since)
        except NotFound as error:
            reason = f"job {one.id} {one.name} was listed and is gone: {error.message}"
            gaps.append(Gap("jobs", reason))
            continue
        jobs.append(as_job(one, body))
        runs.extend(ran)
        results.extend(did)
        kept |= left
    gaps.extend(_unnamed(results))
    return Jobs(
        as_of=as_of,
        jobs=tuple(jobs),
        runs=tuple(runs),
        results=tuple(results),
        kept_runs=frozenset(kept),
        gaps=tuple(gaps),
    )


def as_job(listed: PMJob, body: PMDeploymentJob) -> Job:
    """Put together what the list and the job itself say; the list counts, the job names."""
    status, word = _status(listed.status, JOBS)
    created, updated = listed.created, listed.updated
    return Job(
        id=listed.id or "",
        name=text(listed.name) or "",
        status=status,
        vendor_status=word,
        action=text(listed.type) or "",
        platform=text(listed.platform),
        is_recurring=flag(listed.isRecurring),
        schedule=text(listed.scheduleType),
        created_at=moment(created.date) if created else None,
        created_by=text(created.user.name) if created and created.user else None,
        updated_at=moment(updated.date) if updated else None,
        last_run_at=moment(listed.lastScheduleDateTime),
        next_run_at=moment(listed.nextScheduleDateTime),
        device_count=number(listed.totalAssetCount),
        patch_count=number(listed.patchCount),
        patch_ids=tuple(ids(body.approvedPatches, "the patches of a job")),
        query=text(body.dynamicPatchesQQL) if flag(body.isDynamicPatchesQQL) else None,
    )


def as_run(job_id: str, run: PMRun, results: Sequence[JobResult]) -> JobRun:
    """Return a run, which stands as its results do: Qualys has no word for a run."""
    over = sum(result.status in OVER_STATUSES for result in results)
    begun = over or any(result.status not in {"waiting", "unknown"} for result in results)
    is_over = bool(results) and over == len(results)
    return JobRun(
        id=text(run.jobInstanceId) or "",
        job_id=job_id,
        status="done" if is_over else "running" if begun else "waiting",
        scheduled_at=moment(run.scheduledDateTime),
        device_count=len(results),
        over_count=over,
    )


def as_result(job_id: str, run_id: str, view: PMAssetJobView) -> JobResult:
    """Return what a run did on one asset."""
    status, word = _status(view.status, RESULTS)
    return JobResult(
        job_id=job_id,
        run_id=run_id,
        device_id=view.id or "",
        status=status,
        vendor_status=word,
        vendor_code=text(view.statusCode),
        waits_for_reboot=bool(flag(view.pendingReboot)),
        sent_at=moment(view.jobSentOn),
        started_at=moment(view.startDateTime),
        ended_at=moment(view.endDateTime),
        status_at=moment(view.statusDateTime),
        succeeded=_named(view.success),
        failed=_named(view.failed),
        present=_named(view.installed),
        superseded=_named(view.superseded),
        not_applicable=_named(view.notApplicable),
        succeeded_count=number(view.successPatches) or 0,
        failed_count=number(view.failedPatches) or 0,
        skipped_count=number(view.skipPatchCount) or 0,
        total_count=number(view.totalPatchCount) or 0,
    )


def _runs(
    client: Qualys,
    job: PMJob,
    on_call: Callable[[], None],
    *,
    over: Container[RunRef],
    since: datetime | None,
) -> tuple[list[JobRun], list[JobResult], set[RunRef]]:
    """Read the runs of a job with their results; name those that are not read."""
    kept: set[RunRef] = set()
    runs: list[JobRun] = []
    results: list[JobResult] = []
    listed = client.get_job_runs(job)
    on_call()
    for run in listed:
        ref = (job.id or "", text(run.jobInstanceId) or "")
        if ref in over:
            kept.add(ref)
            continue
        scheduled_at = moment(run.scheduledDateTime)
        if since is not None and scheduled_at is not None and scheduled_at < since:
            kept.add(ref)
            continue
        views = views_of(client, job, run.jobInstanceId)
        for _ in range(pages_of(views)):
            on_call()
        did = [as_result(job.id or "", text(run.jobInstanceId) or "", view) for view in views]
        runs.append(as_run(job.id or "", run, did))
        results.extend(did)
    return runs, results, kept


def _status(said: object, words: Mapping[str, JobStatus]) -> tuple[JobStatus, str]:
    word = text(said) or ""
    return words.get(word.casefold(), "unknown"), word


def _named(patches: object) -> tuple[str, ...]:
    return tuple(ids(patches, "the patches of a result"))


def _unnamed(results: Iterable[JobResult]) -> list[Gap]:
    """Say of how many results the failed patches are counted and not named."""
    count = sum(result.failed_count > len(result.failed) for result in results)
    reason = f"{count:,} results count more failed patches than they name"
    return [Gap("jobs", reason)] if count else []
