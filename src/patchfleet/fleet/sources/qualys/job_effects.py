"""What Qualys's jobs did with patches, and what they still will do, asset by asset.

Qualys says of a patch on an asset that it is missing or installed, no more [D: 3.9]. Why it is
still missing, and whether anybody wants it installed, stands in jobs.

Laws of this file: of several results the newest counts, patch by patch; a job speaks for its own
assets only. Of each job its last run is read and, while that is not over on all of its assets, the
one before it: older ones say little, and each costs a call for every hundred assets.
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
"""More than the documented 10: then a short page is not the end before another one has said so."""

JOBS_AT_ONCE: Final = 64
RESULTS_AT_ONCE: Final = 20_000
"""A result takes some 3 KB while it is read; of one job all are read at once, however many."""

RUN_ONCE: Final = frozenset({"on-demand", "once"})
BUCKETS: Final = ("success", "failed", "installed", "superseded", "notApplicable")
"""What became of a patch in a run [O: peer]; `installed` was there before."""

_DAWN = datetime.min.replace(tzinfo=UTC)


class PatchAttempt(NamedTuple):
    """What a run did with a patch on an asset: `word` is a key of `STATES`, or empty."""

    at: datetime
    word: str
    said: str


class PendingJob(Struct, frozen=True):
    """An enabled job that names patches, and the assets it is for."""

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
        """Say whether the job will still come to an asset [D: cre; tags and exclusions: A].

        Excluding wins; a job that runs once does not come again to where it ended.
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
    """What all jobs of a subscription did and will do."""

    door: Door
    attempts: dict[str, dict[str, PatchAttempt]] = field(default_factory=dict)
    pending: list[PendingJob] = field(default_factory=list)
    listed: frozenset[str] = frozenset()
    """The ids of all jobs that were listed then, those that roll back too."""

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


def read_orders(client: Qualys, door: Door, on_call: Callable[[], None]) -> JobEffects:
    """Read the jobs that install, their newest results, and what enabled ones name.

    Those that roll back say nothing of why a patch is missing. What cannot be read of a job ends
    it, with the job's name: without it, what failed would be missing, and what is ordered not.
    """
    listed = list(client.list_jobs("all", pageSize=JOBS_A_PAGE))
    on_call()
    ids = frozenset(id_of(job.id) for job in listed)
    orders = JobEffects(door, listed=ids, listed_at=door.told_at)
    known: dict[str, str] = {}
    for some in _batches([job for job in listed if _installs(job) and is_named(job, door)]):
        for job, views in zip(some, _last_views(client, some, on_call), strict=True):
            for view in (*views, *_earlier_views(client, job, views, door, on_call)):
                _note(orders, view, job, known)
            if _may_still_install(job):
                order = _order(client, job, views, door)
                on_call()
                if order is not None:
                    orders.pending.append(order)
    return orders


def is_named(job: PMJob, door: Door) -> bool:
    """Say whether a job has an id that can be asked for; one without is noted."""
    if is_uuid(job.id):
        return True
    door.note(label_of(job), "id is none that can be asked for", job.id)
    return False


def label_of(job: PMJob) -> str:
    """Return how a job is named to people."""
    return f"job {job.id} {text_of(job.name) or ''}".strip()


@contextmanager
def of_job(job: PMJob) -> Iterator[None]:
    """Let errors say which job they are about."""
    try:
        yield
    except VendorError as error:
        said = error.message.removeprefix(f"job {job.id}: ")
        error.message = said if said.startswith("job ") else f"{label_of(job)}: {said}"
        error.args = (error.message,)
        raise


def attempts_of(view: PMAssetJobView, job: PMJob, door: Door) -> Iterator[tuple[str, PatchAttempt]]:
    """Yield the patches that a result names, with what it says of each."""
    at = _time_of(view)
    for bucket in BUCKETS:
        named = getattr(view, bucket)
        if named:
            attempt = PatchAttempt(
                at, _word(bucket, view), f"{word_of(view.status) or ''}: {bucket}"
            )
            for patch in door.ids(named, label_of(job), f"a result's {bucket}"):
                yield patch, attempt


def _note(orders: JobEffects, view: PMAssetJobView, job: PMJob, known: dict[str, str]) -> None:
    """Keep what a result says, where nothing newer is known; each id is held once."""
    if view.problems:
        orders.door.note_all(label_of(job), view.problems)
    for patch, attempt in attempts_of(view, job, orders.door):
        asset = id_of(view.id)
        of_asset = orders.attempts.setdefault(known.setdefault(asset, asset), {})
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
    """Yield jobs whose results are read at once: some dozens, or as many as memory should hold."""
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
    """Return what the last run of each job did; one by one where a job among them is gone."""
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
    """Return what the run before the last did, where the last is not over on all of its assets."""
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
    """Return what a run (the last) did on each asset; nothing where the job is gone."""
    try:
        with of_job(job):
            result = client.get_job_results(job, jobInstanceId=run, pageSize=RESULTS_A_PAGE)
    except NotFound:
        return []
    return result.assets or []


def pages_of(views: Sequence[PMAssetJobView]) -> int:
    """Return how many calls it took to read these results, at least."""
    return max(1, -(-len(views) // RESULTS_A_PAGE))


def _run_before(
    client: Qualys, job: PMJob, views: Sequence[PMAssetJobView], door: Door
) -> str | int | None:
    """Return the number of the run before the one that results are of; None where there is none.

    In which order runs are listed is not documented [U], so that their times decide.
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
    """List the runs of a job; raise `Unreadable` where the job itself tells of a later one.

    The list does not say whose runs they are: it may be the answer to another question.
    """
    listed = client.get_job_runs(job)
    last = job.lastScheduleDateTime
    if not isinstance(last, datetime) or last > door.told_at:
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
    """Say whether a job is enabled and is not one that ran once and is over.

    One that runs once stays enabled when it is over [D: end]; that all its assets have answered
    shows in how much of it is completed [O: peer].
    """
    if (text_of(job.status) or "").casefold() != "enabled":
        return False
    return not _runs_once(job) or (number_of(job.completionPercent) or 0) < 100


def _installs(job: PMJob) -> bool:
    """Say whether a job installs, as it does by default [D: 3.3]."""
    return (text_of(job.type) or "install").casefold() == "install"


def _runs_once(job: PMJob) -> bool:
    return (text_of(job.scheduleType) or "").casefold() in RUN_ONCE


def _order(
    client: Qualys, job: PMJob, views: Sequence[PMAssetJobView], door: Door
) -> PendingJob | None:
    """Return what a job will install; None where it names no patch but chooses by a query."""
    label = label_of(job)
    try:
        with of_job(job):
            body = client.get_job(id_of(job.id))
            named = body.approvedPatches
            if not named and (linked := _linked(body, label, door)):
                named = client.get_job(linked).approvedPatches
    except NotFound:  # deleted since the list was read, it or the one whose patches it takes
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
    """Return the id of the job whose patches are taken; what is no id is noted."""
    linked = body.linkedJobId
    if not linked or is_uuid(linked):
        return linked or None
    door.note(label, "linkedJobId is no id of a job", linked)
    return None


def _is_all(how: object) -> bool:
    return (text_of(how) or "").casefold() == "all"


def _has(tags: frozenset[str], wanted: frozenset[str], *, all_of_them: bool) -> bool:
    return bool(wanted) and (tags >= wanted if all_of_them else not tags.isdisjoint(wanted))
