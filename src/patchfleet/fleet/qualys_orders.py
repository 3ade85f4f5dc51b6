"""What Qualys's jobs did with patches, and what they still will do, asset by asset.

Qualys says of a patch on an asset that it is missing or installed, no more [D: 3.9]. Why it is
still missing, and whether anybody wants it installed, stands in jobs.

Laws of this file: of several results the newest counts, patch by patch; a job speaks for its own
assets only. Of each job its last run is read and, while that is not over on all of its assets, the
one before it: older ones say little, and each costs a call for every hundred assets.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from msgspec import Struct, field

from patchfleet.errors import NotFound
from patchfleet.fleet.qualys_values import flag, ids, moment, number, text
from patchfleet.qualys import PMAsset, PMAssetJobView, PMDeploymentJob, PMJob, Qualys

RESULTS_A_PAGE: Final = 100
JOBS_AT_ONCE: Final = 64
RESULTS_AT_ONCE: Final = 20_000
"""A result takes some 3 KB while it is read; of one job all are read at once, however many."""

RUN_ONCE: Final = frozenset({"on-demand", "once"})
BUCKETS: Final = ("success", "failed", "installed", "superseded", "notApplicable")
"""What became of a patch in a run [O: peer]; `installed` was there before."""

_DAWN = datetime.min.replace(tzinfo=UTC)


class Attempt(NamedTuple):
    """What a run did with a patch on an asset: `word` is a key of `STATES`, or empty."""

    at: datetime
    word: str
    said: str


class Order(Struct, frozen=True):
    """An enabled job that names patches, and the assets it is for."""

    patches: frozenset[str]
    job: PMDeploymentJob
    done_on: frozenset[str] = frozenset()

    def is_for(self, number: str, tags: frozenset[str]) -> bool:
        """Say whether the job will still come to an asset [D: cre; tags and exclusions: A].

        Excluding wins; a job that runs once does not come again to where it ended.
        """
        job = self.job
        if number in self.done_on or number in (job.exclusionAssetIds or ()):
            return False
        if _has(tags, job.exclusionTagIds, job.exclusionFilterType):
            return False
        if number in (job.assetIds or ()):
            return True
        if job.matchAllTagIds and not tags.issuperset(job.matchAllTagIds):
            return False
        if job.assetTagIds:
            return _has(tags, job.assetTagIds, job.filterType)
        return bool(job.matchAllTagIds)


class Orders(Struct):
    """What all jobs of a subscription did and will do."""

    attempts: dict[str, dict[str, Attempt]] = field(default_factory=dict)
    pending: list[Order] = field(default_factory=list)

    def tried(self, asset: PMAsset) -> dict[str, Attempt]:
        """Return the newest attempt at each patch of an asset."""
        return self.attempts.get(asset.id or "", {})

    def approved(self, asset: PMAsset) -> frozenset[str]:
        """Return the patches that enabled jobs will install on an asset."""
        number = asset.id or ""
        tags = frozenset(ids(asset.tags, "the tags of an asset"))
        pending = (one.patches for one in self.pending if one.is_for(number, tags))
        return frozenset().union(*pending)


def read_orders(client: Qualys, on_call: Callable[[], None]) -> Orders:
    """Read the jobs that install, their newest results, and what enabled ones name.

    Those that roll back say nothing of why a patch is missing.
    """
    jobs = [job for job in client.list_jobs("all") if _installs(job)]
    on_call()
    orders = Orders()
    known: dict[str, str] = {}
    for some in _batches(jobs):
        for job, views in zip(some, _last_views(client, some, on_call), strict=True):
            for view in (*views, *_earlier_views(client, job, views, on_call)):
                _note(orders.attempts, view, known)
            if _may_still_install(job):
                order = _order(client, job, views)
                on_call()
                if order is not None:
                    orders.pending.append(order)
    return orders


def attempts_of(view: PMAssetJobView) -> Iterator[tuple[str, Attempt]]:
    """Yield the patches that a result names, with what it says of each."""
    at = _time_of(view)
    for bucket in BUCKETS:
        named = getattr(view, bucket)
        if named:
            attempt = Attempt(at, _word(bucket, view), f"{text(view.status) or ''}: {bucket}")
            for patch in ids(named, f"the patches of a result ({bucket})"):
                yield patch, attempt


def _note(
    attempts: dict[str, dict[str, Attempt]], view: PMAssetJobView, known: dict[str, str]
) -> None:
    """Keep what a result says, where nothing newer is known; each id is held once."""
    for patch, attempt in attempts_of(view):
        asset = view.id or ""
        of_asset = attempts.setdefault(known.setdefault(asset, asset), {})
        before = of_asset.get(patch)
        if before is None or before < attempt:
            of_asset[known.setdefault(patch, patch)] = attempt


def _word(bucket: str, view: PMAssetJobView) -> str:
    if bucket == "failed":
        return "Failed"
    return "Pending Reboot" if bucket == "success" and flag(view.pendingReboot) else ""


def _time_of(view: PMAssetJobView) -> datetime:
    times = (view.endDateTime, view.statusDateTime, view.startDateTime, view.jobSentOn)
    return next((at for at in map(moment, times) if at is not None), _DAWN)


def _batches(jobs: Sequence[PMJob]) -> Iterator[list[PMJob]]:
    """Yield jobs whose results are read at once: some dozens, or as many as memory should hold."""
    batch: list[PMJob] = []
    room = RESULTS_AT_ONCE
    for job in jobs:
        assets = number(job.totalAssetCount) or 0
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
    client: Qualys, job: PMJob, views: Sequence[PMAssetJobView], on_call: Callable[[], None]
) -> list[PMAssetJobView]:
    """Return what the run before the last did, where the last is not over on all of its assets."""
    if all(moment(view.endDateTime) is not None for view in views):
        return []
    try:
        earlier = _run_before(client, job, views)
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
        result = client.get_job_results(job, jobInstanceId=run, pageSize=RESULTS_A_PAGE)
    except NotFound:
        return []
    return result.assets or []


def pages_of(views: Sequence[PMAssetJobView]) -> int:
    """Return how many calls it took to read these results, at least."""
    return max(1, -(-len(views) // RESULTS_A_PAGE))


def _run_before(client: Qualys, job: PMJob, views: Sequence[PMAssetJobView]) -> str | int | None:
    """Return the number of the run before the one that results are of; None where there is none.

    In which order runs are listed is not documented [U], so that their times decide.
    """
    shown = {text(view.jobInstanceId) for view in views}
    runs = [
        (at, run.jobInstanceId)
        for run in client.get_job_runs(job)
        if (at := moment(run.scheduledDateTime)) is not None
    ]
    began = min((at for at, run in runs if text(run) in shown), default=_DAWN)
    earlier = [(at, run) for at, run in runs if at < began]
    return max(earlier, key=lambda pair: pair[0])[1] if earlier else None


def _may_still_install(job: PMJob) -> bool:
    """Say whether a job is enabled and is not one that ran once and is over.

    One that runs once stays enabled when it is over [D: end]; that all its assets have answered
    shows in how much of it is completed [O: peer].
    """
    if (text(job.status) or "").casefold() != "enabled":
        return False
    return not _runs_once(job) or (number(job.completionPercent) or 0) < 100


def _installs(job: PMJob) -> bool:
    """Say whether a job installs, as it does by default [D: 3.3]."""
    return (text(job.type) or "install").casefold() == "install"


def _runs_once(job: PMJob) -> bool:
    return (text(job.scheduleType) or "").casefold() in RUN_ONCE


def _order(client: Qualys, job: PMJob, views: Sequence[PMAssetJobView]) -> Order | None:
    """Return what a job will install; None where it names no patch but chooses by a query."""
    try:
        body = client.get_job(job.id or "")
        named = body.approvedPatches
        if not named and body.linkedJobId:
            named = client.get_job(body.linkedJobId).approvedPatches
    except NotFound:  # deleted since the list was read, it or the one whose patches it takes
        return None
    if not named:
        return None
    ended = frozenset(view.id or "" for view in views if moment(view.endDateTime) is not None)
    patches = frozenset(ids(named, "the patches of a job"))
    return Order(patches, body, ended if _runs_once(job) else frozenset())


def _has(tags: frozenset[str], wanted: list[str] | None, how: str | None) -> bool:
    if not wanted:
        return False
    return (all if (how or "").casefold() == "all" else any)(tag in tags for tag in wanted)
