"""Effects of Qualys jobs on patches: attempts that were made, and installations to come.

Qualys reports a patch on an asset as missing or installed only [D: 3.9]. The reason for which it is
missing, and the intent to install it, are in jobs.

The last run of each job is read and, until that has ended on all assets, the one before: older runs
add little, and each costs a call for every hundred assets.

Invariants:
- the newest result of a patch counts (tests/fleet/test_qualys_job_effects.py);
- a job has effects on its own assets only (tests/fleet/test_qualys_job_effects.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct, field

from patchfleet.errors import NotFound, Unreadable, VendorError
from patchfleet.qualys import PMAsset, PMAssetJobView, PMDeploymentJob, PMJob, PMRun, Qualys
from patchfleet.qualys.ids import is_uuid
from patchfleet.qualys.records.values import Door, flag_of, id_of, number_of, text_of, word_of

RESULTS_A_PAGE: Final = 100
JOBS_A_PAGE: Final = 100
"""More than the documented 10; a short page is the end only after an empty one confirms it."""

JOBS_AT_ONCE: Final = 64
RESULTS_AT_ONCE: Final = 20_000
"""Limit of memory: a result takes some 3 KB while read. All results of one job are one batch."""

RUN_ONCE: Final = frozenset({"on-demand", "once"})
BUCKETS: Final = ("success", "failed", "installed", "superseded", "notApplicable")
"""Outcomes of a patch in a run [O: peer]; `installed` was present before."""

_DAWN = datetime.min.replace(tzinfo=UTC)


class PatchAttempt(NamedTuple):
    """One run's outcome of a patch on an asset: `word` is a key of `STATES`, or empty."""

    at: datetime
    word: str
    result: str


class PendingJob(Struct, frozen=True):
    """An enabled job that names patches, and its assets."""

    patches: frozenset[str]
    assets: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    all_tags: frozenset[str] = frozenset()
    excluded_tags: frozenset[str] = frozenset()
    wants_all: bool = False
    excludes_all: bool = False
    done_on: frozenset[str] = frozenset()

    def is_for(self, number: str, tags: frozenset[str]) -> bool:
        """Return whether the job will still run on an asset [D: cre; tags and exclusions: A].

        Exclusions win; a job that runs once does not run again where it ended.
        """
        if number in self.done_on or number in self.excluded:
            return False
        if _has(tags, self.excluded_tags, all_of_them=self.excludes_all):
            return False
        if number in self.assets:
            return True
        if not tags >= self.all_tags:
            return False
        if self.tags:
            return _has(tags, self.tags, all_of_them=self.wants_all)
        return bool(self.all_tags)


class JobEffects(Struct):
    """Past and future effects of all jobs of a subscription."""

    door: Door
    attempts: dict[str, dict[str, PatchAttempt]] = field(default_factory=dict)
    pending: list[PendingJob] = field(default_factory=list)
    listed: frozenset[str] = frozenset()
    """Ids of all listed jobs, those that roll back included."""

    listed_at: datetime = _DAWN

    def tried(self, asset: PMAsset) -> dict[str, PatchAttempt]:
        """Return the newest attempt at each patch of an asset."""
        return self.attempts.get(id_of(asset.id), {})

    def approved(self, asset: PMAsset) -> frozenset[str]:
        """Return the patches that enabled jobs will install on an asset."""
        number = id_of(asset.id)
        tags = frozenset(self.door.ids(asset.tags, number, "tags"))
        pending = (one.patches for one in self.pending if one.is_for(number, tags))
        return frozenset().union(*pending)


def read_job_effects(client: Qualys, door: Door, on_call: Callable[[], None]) -> JobEffects:
    """Read the jobs that install, their newest results, and the patches of enabled ones.

    Jobs that roll back do not explain a missing patch. A job that cannot be read is an error with
    its name: without it a failed patch would count as missing, and an ordered one as not ordered.
    """
    listed = list(client.list_jobs("all", pageSize=JOBS_A_PAGE))
    on_call()
    ids = frozenset(id_of(job.id) for job in listed)
    effects = JobEffects(door, listed=ids, listed_at=door.answered_at)
    known: dict[str, str] = {}
    for some in _batches([job for job in listed if _installs(job) and is_named(job, door)]):
        for job, views in zip(some, _last_views(client, some, on_call), strict=True):
            for view in (*views, *_earlier_views(client, job, views, door, on_call)):
                _note(effects, view, job, known)
            if _may_still_install(job):
                order = _order(client, job, views, door)
                on_call()
                if order is not None:
                    effects.pending.append(order)
    return effects


def is_named(job: PMJob, door: Door) -> bool:
    """Return whether a job has a valid id; record a problem if not."""
    if is_uuid(job.id):
        return True
    door.note(label_of(job), "id is not valid", job.id)
    return False


def label_of(job: PMJob) -> str:
    """Format a job with its id and name."""
    return f"job {job.id} {text_of(job.name) or ''}".strip()


@contextmanager
def of_job(job: PMJob) -> Iterator[None]:
    """Add the job to the message of an error."""
    try:
        yield
    except VendorError as error:
        message = error.message.removeprefix(f"job {job.id}: ")
        error.message = message if message.startswith("job ") else f"{label_of(job)}: {message}"
        error.args = (error.message,)
        raise


def attempts_of(view: PMAssetJobView, job: PMJob, door: Door) -> Iterator[tuple[str, PatchAttempt]]:
    """Yield the patches of a result, each with its attempt."""
    at = _time_of(view)
    for bucket in BUCKETS:
        named = getattr(view, bucket)
        if named:
            attempt = PatchAttempt(
                at, _word(bucket, view), f"{word_of(view.status) or ''}: {bucket}"
            )
            for patch in door.ids(named, label_of(job), f"a result's {bucket}"):
                yield patch, attempt


def _note(effects: JobEffects, view: PMAssetJobView, job: PMJob, known: dict[str, str]) -> None:
    """Store the attempts of a result unless newer ones are known; each id is one object."""
    if view.problems:
        effects.door.note_all(label_of(job), view.problems)
    for patch, attempt in attempts_of(view, job, effects.door):
        asset = id_of(view.id)
        of_asset = effects.attempts.setdefault(known.setdefault(asset, asset), {})
        before = of_asset.get(patch)
        if before is None or before < attempt:
            of_asset[known.setdefault(patch, patch)] = attempt


def _word(bucket: str, view: PMAssetJobView) -> str:
    if bucket == "failed":
        return "Failed"
    return "Pending Reboot" if bucket == "success" and flag_of(view.pendingReboot) else ""


def _time_of(view: PMAssetJobView) -> datetime:
    times = (view.endDateTime, view.statusDateTime, view.startDateTime, view.jobSentOn)
    return next((at for at in times if isinstance(at, datetime)), _DAWN)


def _batches(jobs: Sequence[PMJob]) -> Iterator[list[PMJob]]:
    """Yield jobs whose results are read together: some dozens, or as many as memory allows."""
    batch: list[PMJob] = []
    room = RESULTS_AT_ONCE
    for job in jobs:
        assets = number_of(job.totalAssetCount) or 0
        if batch and (assets > room or len(batch) == JOBS_AT_ONCE):
            yield batch
            batch, room = [], RESULTS_AT_ONCE
        batch.append(job)
        room -= assets
    if batch:
        yield batch


def _last_views(
    client: Qualys, jobs: list[PMJob], on_call: Callable[[], None]
) -> list[list[PMAssetJobView]]:
    """Return the results of the last run of each job; one by one if a job among them is gone."""
    try:
        summaries = client.get_job_results(jobs, pageSize=RESULTS_A_PAGE)
        found = [summary.assets or [] for summary in summaries]
    except NotFound:
        found = [views_of(client, job, None) for job in jobs]
    for views in found:
        for _ in range(pages_of(views)):
            on_call()
    return found


def _earlier_views(
    client: Qualys,
    job: PMJob,
    views: Sequence[PMAssetJobView],
    door: Door,
    on_call: Callable[[], None],
) -> list[PMAssetJobView]:
    """Return the results of the run before the last, if the last has not ended on all assets."""
    if all(isinstance(view.endDateTime, datetime) for view in views):
        return []
    try:
        with of_job(job):
            earlier = _run_before(client, job, views, door)
    except NotFound:  # deleted since its results were read
        return []
    on_call()
    if earlier is None:
        return []
    found = views_of(client, job, earlier)
    for _ in range(pages_of(found)):
        on_call()
    return found


def views_of(client: Qualys, job: PMJob, run: str | int | None) -> list[PMAssetJobView]:
    """Return the results of a run (None: the last); nothing if the job is gone."""
    try:
        with of_job(job):
            result = client.get_job_results(job, jobInstanceId=run, pageSize=RESULTS_A_PAGE)
    except NotFound:
        return []
    return result.assets or []


def pages_of(views: Sequence[PMAssetJobView]) -> int:
    """Return the least number of calls that these results took."""
    return max(1, -(-len(views) // RESULTS_A_PAGE))


def _run_before(
    client: Qualys, job: PMJob, views: Sequence[PMAssetJobView], door: Door
) -> str | int | None:
    """Return the id of the run before the one of the results; None if there is none.

    The order of the list is not documented [U], so the times decide.
    """
    shown = {text_of(view.jobInstanceId) for view in views}
    listed = runs_of(client, job, door)
    unlisted = shown - {text_of(run.jobInstanceId) for run in listed} - {None}
    if unlisted:
        raise Unreadable(f"it has results of run {min(map(str, unlisted))} and does not list it")
    runs = [
        (at, run.jobInstanceId)
        for run in listed
        if isinstance(at := run.scheduledDateTime, datetime)
    ]
    began = min((at for at, run in runs if text_of(run) in shown), default=_DAWN)
    earlier = [(at, run) for at, run in runs if at < began]
    return max(earlier, key=lambda pair: pair[0])[1] if earlier else None


def runs_of(client: Qualys, job: PMJob, door: Door) -> list[PMRun]:
    """List the runs of a job; raise `Unreadable` if the job itself has a later one.

    The list does not name its job: it may be the response to another request.
    """
    listed = client.get_job_runs(job)
    last = job.lastScheduleDateTime
    if not isinstance(last, datetime) or last > door.answered_at:
        return listed
    if not listed:
        raise Unreadable(f"it ran on {last:%Y-%m-%d} and lists no run")
    times = [at for run in listed if isinstance(at := run.scheduledDateTime, datetime)]
    if len(times) == len(listed) and max(times) < last - timedelta(days=1):
        raise Unreadable(
            f"it ran on {last:%Y-%m-%d}, and the last run that it lists is of {max(times):%Y-%m-%d}"
        )
    return listed


def _may_still_install(job: PMJob) -> bool:
    """Return whether a job is enabled and has not ended.

    A job that runs once stays enabled after its run [D: end]; `completionPercent` shows that all
    its assets have reported [O: peer].
    """
    if (text_of(job.status) or "").casefold() != "enabled":
        return False
    return not _runs_once(job) or (number_of(job.completionPercent) or 0) < 100


def _installs(job: PMJob) -> bool:
    """Return whether a job installs, the default [D: 3.3]."""
    return (text_of(job.type) or "install").casefold() == "install"


def _runs_once(job: PMJob) -> bool:
    return (text_of(job.scheduleType) or "").casefold() in RUN_ONCE


def _order(
    client: Qualys, job: PMJob, views: Sequence[PMAssetJobView], door: Door
) -> PendingJob | None:
    """Return the patches that a job will install; None if it selects them by a query."""
    label = label_of(job)
    try:
        with of_job(job):
            body = client.get_job(id_of(job.id))
            named = body.approvedPatches
            if not named and (linked := _linked(body, label, door)):
                named = client.get_job(linked).approvedPatches
    except NotFound:  # it, or the job whose patches it takes, was deleted meanwhile
        return None
    if not named:
        return None

    def given(name: str) -> frozenset[str]:
        return frozenset(door.ids(getattr(body, name), label, name))

    ended = (id_of(view.id) for view in views if isinstance(view.endDateTime, datetime))
    return PendingJob(
        frozenset(door.ids(named, label, "approvedPatches")),
        assets=given("assetIds"),
        excluded=given("exclusionAssetIds"),
        tags=given("assetTagIds"),
        all_tags=given("matchAllTagIds"),
        excluded_tags=given("exclusionTagIds"),
        wants_all=_is_all(body.filterType),
        excludes_all=_is_all(body.exclusionFilterType),
        done_on=frozenset(ended) if _runs_once(job) else frozenset(),
    )


def _linked(body: PMDeploymentJob, label: str, door: Door) -> str | None:
    """Return the id of the job whose patches it takes; record a problem for an invalid id."""
    linked = body.linkedJobId
    if not linked or is_uuid(linked):
        return linked or None
    door.note(label, "linkedJobId is not the id of a job", linked)
    return None


def _is_all(how: object) -> bool:
    return (text_of(how) or "").casefold() == "all"


def _has(tags: frozenset[str], wanted: frozenset[str], *, all_of_them: bool) -> bool:
    return bool(wanted) and (tags >= wanted if all_of_them else not tags.isdisjoint(wanted))
