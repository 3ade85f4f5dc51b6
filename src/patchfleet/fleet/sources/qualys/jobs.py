"""Jobs of Qualys with their runs and results, translated into the models.

Invariant: a status that is not in the tables becomes `unknown`, with Qualys's word beside it
(tests/fleet/test_qualys_jobs_read.py).
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from patchfleet.errors import (
    NotFound,
    RateLimited,
    Unauthorized,
    Unreachable,
    Unreadable,
    VendorError,
)
from patchfleet.fleet.sources.qualys.coerce import gaps_of
from patchfleet.fleet.sources.qualys.job_effects import (
    JOBS_A_PAGE,
    JobEffects,
    is_named,
    label_of,
    of_job,
    pages_of,
    runs_of,
    views_of,
)
from patchfleet.models import (
    FINAL_STATUSES,
    Gap,
    Job,
    JobResult,
    JobRun,
    JobRunRef,
    Jobs,
    JobStatus,
)
from patchfleet.qualys import PMAssetJobView, PMDeploymentJob, PMJob, PMRun, Qualys
from patchfleet.qualys.ids import is_uuid
from patchfleet.qualys.records.jobs import Stamp
from patchfleet.qualys.records.values import AHEAD, Door, flag_of, id_of, text_of, word_of

JOBS: Final[Mapping[str, JobStatus]] = {"enabled": "enabled", "disabled": "disabled"}
"""Statuses of a job [O: peer]. A job that runs once stays enabled after its run."""

_OF_ALL: Final = (Unauthorized, Unreachable, RateLimited)
"""Errors of one job that concern all jobs."""

FAILURES_IN_A_ROW: Final = 5
"""Failed jobs in a row after which the reading ends: the vendor is unreachable."""

MISSING_ASKED_FOR: Final = 20
"""Jobs that are no longer listed and are looked up, one call each."""

RESULTS: Final[Mapping[str, JobStatus]] = {
    "canceled - blackout": "canceled",
    "completed": "done",
    "downloaded": "running",
    "downloading - failed": "failed",
    "execution blocked": "waiting",  # behind another job: it runs after that one or times out
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
"""Statuses of a result on one asset [D: sts, cut after "Not Applicable"; the last three: A]."""


def read_jobs(
    client: Qualys,
    door: Door,
    on_call: Callable[[], None] = lambda: None,
    *,
    over: Container[JobRunRef] = (),
    known: Collection[str] = (),
    since: datetime | None = None,
    before: JobEffects | None = None,
) -> Jobs:
    """Return all jobs, their runs since a time (or all), and the results on each asset.

    Runs in `over` are not read and are in `kept_runs`; a job that cannot be read is a gap and in
    `kept_jobs`, one deleted meanwhile is a gap. `before` is the list of jobs of the same sync: two
    lists that contradict each other raise `Unreadable`, as does a list without a job that is
    `known` and exists. Calls: two for each job, and for each run one for every hundred assets.
    """
    read = _Read(client, door, on_call, over, since)
    listed = list(client.list_jobs("all", pageSize=JOBS_A_PAGE))
    on_call()
    if before is not None:
        _compare(before, listed)
    _ask_for_missing(client, {*known, *(before.listed if before else ())}, listed, on_call)
    failed = 0
    for one in listed:
        if not is_named(one, door):
            continue
        error = read.job(one)
        failed = failed + 1 if error else 0
        if error and (isinstance(error, _OF_ALL) or failed == FAILURES_IN_A_ROW):
            raise error
    read.gaps.extend(_unnamed(read.results))
    return Jobs(
        as_of=door.answered_at,
        jobs=tuple(read.jobs),
        runs=tuple(read.runs),
        results=tuple(read.results),
        kept_jobs=frozenset(read.kept_jobs),
        kept_runs=frozenset(read.kept_runs),
        gaps=(*read.gaps, *gaps_of(door, "jobs")),
    )


def _compare(before: JobEffects, listed: Sequence[PMJob]) -> None:
    """Raise `Unreadable` if the first of two lists lacks a job that existed before it."""
    for job in listed:
        created_at = _stamp(job.created).date
        is_old = isinstance(created_at, datetime) and created_at < before.listed_at - AHEAD
        if is_old and id_of(job.id) not in before.listed:
            raise Unreadable(f"{label_of(job)} is listed, is not new, and was not listed before")


def _ask_for_missing(
    client: Qualys, known: Iterable[str], listed: Sequence[PMJob], on_call: Callable[[], None]
) -> None:
    """Raise `Unreadable` for a list without a job that exists; look up some of the missing.

    The list has no count of jobs, so a list cut at a page looks complete.
    """
    missing = sorted(filter(is_uuid, set(known).difference(id_of(job.id) for job in listed)))
    for number in missing[:MISSING_ASKED_FOR]:
        on_call()
        try:
            found = client.get_job(number)
        except NotFound:  # deleted since
            continue
        if not flag_of(getattr(found, "deleted", None)):
            raise Unreadable(f"job {number} exists and is no longer listed")


class _Read:
    """The jobs read so far."""

    def __init__(
        self,
        client: Qualys,
        door: Door,
        on_call: Callable[[], None],
        over: Container[JobRunRef],
        since: datetime | None,
    ) -> None:
        self._client, self._door, self._on_call = client, door, on_call
        self._over, self._since = over, since
        self.jobs: list[Job] = []
        self.runs: list[JobRun] = []
        self.results: list[JobResult] = []
        self.kept_jobs: set[str] = set()
        self.kept_runs: set[JobRunRef] = set()
        self.gaps: list[Gap] = []

    def job(self, one: PMJob) -> VendorError | None:
        """Read a job with its runs; return the error if it still exists."""
        number = id_of(one.id)
        try:
            with of_job(one):
                body = self._client.get_job(number)
                self._on_call()
                runs, results, kept = self._runs(one)
        except NotFound as error:
            reason = f"{label_of(one)} was listed and is gone: {error.message}"
            self.gaps.append(Gap("jobs", reason))
            return None
        except VendorError as error:
            self.gaps.append(Gap("jobs", f"{error.message}; what is on record of it is kept"))
            self.kept_jobs.add(number)
            return error
        self.jobs.append(as_job(one, body, self._door))
        self.runs += runs
        self.results += results
        self.kept_runs |= kept
        return None

    def _runs(self, job: PMJob) -> tuple[list[JobRun], list[JobResult], set[JobRunRef]]:
        """Read the runs of a job with their results; return the runs that are kept too."""
        number = id_of(job.id)
        runs: list[JobRun] = []
        results: list[JobResult] = []
        kept: set[JobRunRef] = set()
        listed = runs_of(self._client, job, self._door)
        self._on_call()
        for run in listed:
            instance = text_of(run.jobInstanceId)
            if instance is None:
                raise Unreadable("one of its runs has no number")
            self._door.note_all(label_of(job), run.problems)
            at = run.scheduledDateTime
            is_old = self._since is not None and isinstance(at, datetime) and at < self._since
            if is_old or (number, instance) in self._over:
                kept.add((number, instance))
                continue
            views = views_of(self._client, job, run.jobInstanceId)
            for _ in range(pages_of(views)):
                self._on_call()
            did = [as_result(number, instance, view, self._door) for view in views]
            runs.append(as_run(number, run, did, self._door))
            results.extend(did)
        return runs, results, kept


def as_job(listed: PMJob, body: PMDeploymentJob, door: Door) -> Job:
    """Return a job from its list entry, which has the counts, and its body, which has the ids."""
    label = label_of(listed)
    door.note_all(label, (*listed.problems, *body.problems))
    status, word = _status(listed.status, JOBS)
    created, updated = _stamp(listed.created), _stamp(listed.updated)

    def at(value: object, name: str, *, is_past: bool = True) -> datetime | None:
        return door.moment(value, label, name, is_past=is_past)

    return Job(
        id=id_of(listed.id),
        name=text_of(listed.name) or "",
        status=status,
        vendor_status=word,
        action=text_of(listed.type) or "",
        platform=text_of(listed.platform),
        is_recurring=flag_of(listed.isRecurring),
        schedule=text_of(listed.scheduleType),
        created_at=at(created.date, "created"),
        created_by=text_of(getattr(created.user, "name", None)),
        updated_at=at(updated.date, "updated"),
        last_run_at=at(listed.lastScheduleDateTime, "lastScheduleDateTime"),
        next_run_at=at(listed.nextScheduleDateTime, "nextScheduleDateTime", is_past=False),
        device_count=door.number(listed.totalAssetCount, label, "totalAssetCount"),
        patch_count=door.number(listed.patchCount, label, "patchCount"),
        patch_ids=tuple(door.ids(body.approvedPatches, label, "approvedPatches")),
        query=text_of(body.dynamicPatchesQQL) if flag_of(body.isDynamicPatchesQQL) else None,
    )


def _stamp(value: object) -> Stamp:
    return value if isinstance(value, Stamp) else Stamp()


def as_run(job_id: str, run: PMRun, results: Sequence[JobResult], door: Door) -> JobRun:
    """Return a run; Qualys has no status of a run, so its results decide."""
    over = sum(result.status in FINAL_STATUSES for result in results)
    begun = over or any(result.status not in {"waiting", "unknown"} for result in results)
    is_over = bool(results) and over == len(results)
    return JobRun(
        id=text_of(run.jobInstanceId) or "",
        job_id=job_id,
        status="done" if is_over else "running" if begun else "waiting",
        scheduled_at=door.moment(
            run.scheduledDateTime, f"job {job_id}", "scheduledDateTime", is_past=False
        ),
        device_count=len(results),
        finished_count=over,
    )


def as_result(job_id: str, run_id: str, view: PMAssetJobView, door: Door) -> JobResult:
    """Return the result of a run on one asset."""
    label = f"job {job_id}"
    if view.problems:
        door.note_all(label, view.problems)
    if not id_of(view.id):
        door.note(label, "a result's id is not the id of an asset", view.id)
    status, word = _status(view.status, RESULTS)

    def at(name: str) -> datetime | None:
        return door.moment(getattr(view, name), label, f"a result's {name}")

    def named(name: str) -> tuple[str, ...]:
        patches = getattr(view, name)
        return tuple(door.ids(patches, label, f"a result's {name}")) if patches else ()

    def counted(name: str) -> int:
        return door.number(getattr(view, name), label, f"a result's {name}") or 0

    return JobResult(
        job_id=job_id,
        run_id=run_id,
        device_id=id_of(view.id),
        status=status,
        vendor_status=word,
        vendor_code=text_of(view.statusCode),
        waits_for_reboot=bool(flag_of(view.pendingReboot)),
        sent_at=at("jobSentOn"),
        started_at=at("startDateTime"),
        ended_at=at("endDateTime"),
        status_at=at("statusDateTime"),
        succeeded=named("success"),
        failed=named("failed"),
        present=named("installed"),
        superseded=named("superseded"),
        not_applicable=named("notApplicable"),
        succeeded_count=counted("successPatches"),
        failed_count=counted("failedPatches"),
        skipped_count=counted("skipPatchCount"),
        total_count=counted("totalPatchCount"),
    )


def _status(value: object, words: Mapping[str, JobStatus]) -> tuple[JobStatus, str]:
    word = word_of(value) or ""
    return words.get(word.casefold(), "unknown"), word


def _unnamed(results: Iterable[JobResult]) -> list[Gap]:
    """Return a gap with the number of results that count failed patches without naming them."""
    count = sum(result.failed_count > len(result.failed) for result in results)
    reason = f"{count:,} results count more failed patches than they name"
    return [Gap("jobs", reason)] if count else []
