"""Deployment jobs, their runs and results: listing and reading [O: peer; get: D].

A list of jobs is of one platform; `all` requests both together.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypedDict, Unpack, overload

from patchfleet.errors import ConfigError, Unreadable
from patchfleet.qualys import paging
from patchfleet.qualys.ids import uuid_text
from patchfleet.qualys.operations.request import (
    AnyPlatform,
    Attributes,
    Query,
    Sort,
    about,
    attribute_names,
    call,
    is_about,
    of_platform,
    platforms_of,
    reader,
    sort_text,
    values_of,
)
from patchfleet.qualys.query import checked_query
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import (
    JobIds,
    JobResultSummary,
    PMAssetJobView,
    PMDeploymentJob,
    PMJob,
    PMRun,
    ResultAsset,
)
from patchfleet.qualys.records.record import RecordDecoder, listed
from patchfleet.transport.client import keyword_defaults
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import (
    Concurrent,
    Echo,
    Operation,
    Procedure,
    RecordBatch,
    RecordStream,
    Steps,
    Work,
)

_JOBS = reader(RecordDecoder[list[PMJob]](list[PMJob]))
_JOB = reader(RecordDecoder[PMDeploymentJob](PMDeploymentJob))
_RUNS = reader(RecordDecoder[list[PMRun]](list[PMRun]))
_RESULT = reader(RecordDecoder[JobResultSummary](JobResultSummary))

RESULTS_AT_ONCE = 64
"""The number of jobs whose results are requested before any is yielded."""


class JobsAsked(TypedDict, total=False):
    """The filters of a list of jobs, and its paging."""

    filter: str | None
    attributes: Attributes
    coauthorJob: bool
    ownedJob: bool
    pageSize: int
    sort: Sort


_BY_DEFAULT: Final = {"coauthorJob": False, "ownedJob": False, "pageSize": 10}


@keyword_defaults(_BY_DEFAULT)
def list_jobs(
    platform: AnyPlatform = "all", page_count: paging.PageCount = "all", **asked: Unpack[JobsAsked]
) -> Work[BaseList[PMJob]]:
    """List the deployment jobs that match, of one platform or of both together.

    `filter` is QQL, `page_count` the number of pages to read of each platform. Raises
    `WindowExceeded` for more than 10,000 jobs [D: gs], and a `VendorError` if either fails.
    """
    return side_by_side("list_jobs", _platform_listings(platform, page_count, **asked))


@keyword_defaults(_BY_DEFAULT)
def iter_jobs(
    platform: AnyPlatform = "all", page_count: paging.PageCount = "all", **asked: Unpack[JobsAsked]
) -> RecordStream[PMJob, BaseList[PMJob]]:
    """Yield the jobs that `list_jobs` lists, page by page, one platform after the other."""
    return one_after_the_other("list_jobs", _platform_listings(platform, page_count, **asked))


def _platform_listings(
    platform: str,
    page_count: paging.PageCount,
    *,
    filter: str | None = None,  # noqa: A002 -- the name on the wire and in the existing SDK
    attributes: Attributes = None,
    coauthorJob: bool = False,
    ownedJob: bool = False,
    pageSize: int = 10,
    sort: Sort = None,
) -> list[RecordStream[PMJob, BaseList[PMJob]]]:
    names = attribute_names(attributes)
    query: Query = {
        "filter": None if filter is None else checked_query(filter, "filter"),
        "attributes": None if names is None else ",".join(names),
        "coauthorJob": coauthorJob or None,
        "ownedJob": ownedJob or None,
        "sort": sort_text(sort),
    }
    paging.check_sizes(pageSize, page_count)

    def steps(word: str) -> Steps[None]:
        reading: paging.Reading[PMJob] = paging.Reading(
            f"{word} jobs", attrgetter("id"), page_size=pageSize, page_count=page_count
        )
        return paging.by_page(reading, partial(_job_page, {"platform": word, **query}))

    return [
        RecordStream("list_jobs", partial(steps, word), BaseList) for word in platforms_of(platform)
    ]


def _job_page(query: Query, number: int, size: int) -> Operation[list[PMJob]]:
    paged = {**query, "pageNumber": number, "pageSize": size}
    path = "/pm/v1/deploymentjobs/summary"
    return call("list_jobs", "GET", path, _JOBS, query=paged, echoes=(of_platform(query),))


def side_by_side(
    name: str, parts: Sequence[RecordStream[Any, BaseList[Any]]]
) -> Work[BaseList[Any]]:
    """Return work that runs the listings together and joins their lists in order."""
    if len(parts) == 1:
        return parts[0]

    def steps() -> Steps[BaseList[Any]]:
        lists = yield Concurrent(tuple(parts))
        return BaseList(record for found in lists for record in found)

    return Procedure(name, steps)


def one_after_the_other(
    name: str, parts: Sequence[RecordStream[Any, BaseList[Any]]]
) -> RecordStream[Any, BaseList[Any]]:
    """Return a listing of what the listings find, one after the other."""

    def steps() -> Steps[None]:
        for part in parts:
            yield from part.steps()

    return RecordStream(name, steps, BaseList)


def get_job(jobId: str) -> Operation[PMDeploymentJob]:
    """Read a whole job; raise `NotFound` if there is none [D: get]."""
    number = job_id(jobId)
    path = f"/pm/v1/deploymentjob/{number}"
    return call("get_job", "GET", path, read_job, echoes=(is_about("job", number),))


def read_job(response: Response) -> PMDeploymentJob:
    """Return a whole job; raise `Unreadable` for an answer without one."""
    job = _JOB(response)
    if not isinstance(job.id, str) or not job.id:
        raise Unreadable("the answer does not say which job it is about")
    return job


def job_id(job: str | PMJob | PMDeploymentJob) -> str:
    """Return the id of a job; raise `ConfigError` if it is not a UUID."""
    number = job.id if isinstance(job, PMJob | PMDeploymentJob) else job
    return uuid_text("jobId", number)


def job_ids(jobs: JobIds) -> list[str]:
    """Return the ids of one job or several."""
    if isinstance(jobs, str | PMJob | PMDeploymentJob):
        return [job_id(jobs)]
    return [job_id(job) for job in jobs]


def get_job_runs(jobId: JobIds) -> Work[BaseList[PMRun]]:
    """List the runs of a job, or of several jobs together [O: peer]."""
    ids = job_ids(jobId)
    parts = [Procedure("get_job_runs", partial(_run_steps, one)) for one in ids]

    def steps() -> Steps[BaseList[PMRun]]:
        lists = yield Concurrent(tuple(parts))
        for one, runs in zip(ids, lists, strict=True):
            for run in runs:
                run.jobId = run.jobId or one  # the answer does not repeat the job's id
        return BaseList(run for runs in lists for run in runs)

    return Procedure("get_job_runs", steps)


def _run_steps(job: str) -> Steps[list[PMRun]]:
    path = f"/pm/v1/deploymentjob/{job}/runs"
    echo: Echo[list[PMRun]] = Echo("job", job, partial(values_of, "jobId"))
    with about(f"job {job}"):
        found: list[PMRun] = yield call("get_job_runs", "GET", path, _RUNS, echoes=(echo,))
    return found


@overload
def get_job_results(  # type: ignore[overload-overlap]  # a text is a sequence of texts
    jobId: str | PMJob,
    *,
    jobInstanceId: str | int | None = None,
    pageSize: int = 10,
    sort: Sort = None,
) -> Work[JobResultSummary]: ...
@overload
def get_job_results(
    jobId: Sequence[str | PMJob],
    *,
    jobInstanceId: str | int | None = None,
    pageSize: int = 10,
    sort: Sort = None,
) -> Work[BaseList[JobResultSummary]]: ...
def get_job_results(
    jobId: JobIds,
    *,
    jobInstanceId: str | int | None = None,
    pageSize: int = 10,
    sort: Sort = None,
) -> Work[JobResultSummary] | Work[BaseList[JobResultSummary]]:
    """Read the result of a job with all its assets, or of several jobs at the same time.

    `jobInstanceId` names a run (see `get_job_runs`); without it the server answers for the last.
    Raises `Unreadable` if not every asset that the server counts can be read. Where the server
    takes its inputs from is unknown, so they are sent in the query and in the body.
    """
    if isinstance(jobId, str | PMJob | PMDeploymentJob):
        return _result(job_id(jobId), jobInstanceId, pageSize, sort)
    several = job_ids(jobId)
    if jobInstanceId is not None and len(several) > 1:
        raise ConfigError(
            f"jobInstanceId is {jobInstanceId!r} for {len(several)} jobs",
            hint="a run belongs to one job: give one jobId with it",
        )
    parts = tuple(_result(one, jobInstanceId, pageSize, sort) for one in several)

    def steps() -> Steps[BaseList[JobResultSummary]]:
        summaries = yield Concurrent(parts)
        return BaseList(summaries)

    return Procedure("get_job_results", steps)


def iter_job_results(
    jobId: JobIds, *, pageSize: int = 10, sort: Sort = None
) -> RecordStream[JobResultSummary, BaseList[JobResultSummary]]:
    """Yield the results of many jobs in their order, some dozens of them together."""
    parts = [_result(one, None, pageSize, sort) for one in job_ids(jobId)]

    def steps() -> Steps[None]:
        for start in range(0, len(parts), RESULTS_AT_ONCE):
            summaries = yield Concurrent(tuple(parts[start : start + RESULTS_AT_ONCE]))
            yield RecordBatch(summaries)

    return RecordStream("get_job_results", steps, BaseList)


def _result(
    job: str, instance: str | int | None, page_size: int, sort: Sort
) -> Procedure[JobResultSummary]:
    paging.check_sizes(page_size, "all")
    query: Query = {
        "jobInstanceId": None if instance is None else str(instance),
        "sort": sort_text(sort),
    }
    return Procedure("get_job_results", partial(_result_steps, job, query, page_size))


def _result_steps(job: str, query: Query, page_size: int) -> Steps[JobResultSummary]:
    """Read pages until all assets that a page counts are there."""
    pages: dict[str, JobResultSummary] = {}

    def page(number: int, size: int) -> Operation[list[PMAssetJobView]]:
        def read(response: Response) -> list[PMAssetJobView]:
            summary = _RESULT(response)
            if not summary.assets and not isinstance(summary.assetCount, int):
                raise Unreadable("the answer is not the result of a job")
            pages["last"] = summary
            if number == 0:
                pages["first"] = summary
            return listed(summary.assets, PMAssetJobView, "the assets of a result")

        echoes = (is_about("job", job, lambda _: [pages["last"]]), *_of_run(query))
        return _result_page(job, {**query, "pageNumber": number, "pageSize": size}, read, echoes)

    reading = paging.Reading(
        "assets of the result",
        _asset_key,
        page_size=page_size,
        reported_total=lambda: _asset_count(pages),
    )
    with about(f"job {job}"):
        found = yield RecordStream(
            "get_job_results", lambda: paging.by_page(reading, page, is_steady=True), list
        )
    summary = pages["first"]
    summary.assets = found
    return summary


def _of_run(query: Query) -> tuple[Echo[Any], ...]:
    """Declare that results are of the requested run; without one they are of the last."""
    run = query["jobInstanceId"]
    return () if run is None else (Echo("run", run, partial(values_of, "jobInstanceId")),)


def _asset_count(pages: Mapping[str, JobResultSummary]) -> int | None:
    """Return the number of assets that the last page counts; None if it names no number."""
    count = pages["last"].assetCount if pages else None
    return count if isinstance(count, int) else None


def _result_page(
    job: str, query: Query, read: Any, echoes: tuple[Echo[Any], ...]
) -> Operation[list[PMAssetJobView]]:
    given = {name: value for name, value in query.items() if value is not None}
    path = f"/pm/v1/deploymentjob/{job}/deploymentjobresult/summary"
    return call("get_job_results", "POST", path, read, query=query, body=given, echoes=echoes)


def _asset_key(view: PMAssetJobView) -> tuple[object, ...] | None:
    if not isinstance(view.asset, ResultAsset) or not isinstance(view.asset.id, str):
        return None
    return view.asset.id, view.jobInstanceId, view.runId
