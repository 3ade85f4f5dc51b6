"""Reports that Qualys generates, and mitigation (docs/qualys.md).

Most of these calls are known by their address only, from one public client; their answers are kept
as they come.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from patchfleet.errors import ConfigError, Unreadable, VendorError
from patchfleet.qualys import paging
from patchfleet.qualys.envelope import whole
from patchfleet.qualys.ids import uuid_text
from patchfleet.qualys.operations import creation
from patchfleet.qualys.operations.catalogue import Ids, whole_numbers
from patchfleet.qualys.operations.creation import Kind
from patchfleet.qualys.operations.jobs import job_id, job_ids, read_job
from patchfleet.qualys.operations.request import (
    Platform,
    Query,
    call,
    is_about,
    of_platform,
    path_part,
    platform_word,
    reader,
)
from patchfleet.qualys.operations.switching import some, switching
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import (
    JobChange,
    JobIds,
    PMDeploymentJob,
    PMJob,
    RawMoment,
)
from patchfleet.qualys.records.record import Record, RecordDecoder, TimestampField, not_json, raw
from patchfleet.qualys.records.values import id_of
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import (
    Change,
    Operation,
    Outcome,
    Procedure,
    RecordStream,
    Sight,
    Steps,
    Wanted,
    Work,
)

Section = Literal["Asset", "Patch", "JobProgress"]


class PMReport(Record):
    """One requested report."""

    id: str | None = None
    name: str | None = None
    status: str | None = None
    reportFormat: str | None = None
    createdOn_raw: RawMoment = raw("createdOn")

    createdOn = TimestampField()


class Mitigation(Record):
    """The mitigations of one vulnerability [D: 3.8]: by platform, kind and CVE."""

    qid: int | str | None = None
    vulnMitigation: dict[str, Any] | None = None


_REPORTS = reader(RecordDecoder[list[PMReport]](list[PMReport]))
_REPORT = reader(RecordDecoder[PMReport](PMReport))
_JOBS = reader(RecordDecoder[list[PMJob]](list[PMJob]))
_CHANGES = reader(RecordDecoder[list[JobChange]](list[JobChange]))
_MITIGATIONS = reader(RecordDecoder[list[Mitigation]](list[Mitigation]))


def list_reports() -> Operation[BaseList[PMReport]]:
    """List the reports of the account [O: qualys-cli]."""
    return call("list_reports", "GET", "/pm/v1/reports", lambda answer: BaseList(_REPORTS(answer)))


def download_report(reportId: str) -> Operation[bytes]:
    """Return the CSV of a report that is ready [O: qualys-cli]."""

    def read(response: Response) -> bytes:
        body = response.body
        if not body.strip() or body.lstrip()[:1] == b"<":
            raise not_json(body, "")
        if body.lstrip()[:1] == b"{":
            whole(response)
            raise Unreadable("the answer is not a report")
        return body

    path = f"/pm/v1/reports/{path_part('reportId', reportId)}/download"
    return call("download_report", "GET", path, read, headers={"Accept": "*/*"})


def list_report_columns(platform: Platform, reportSection: Section) -> Operation[list[Any]]:
    """List the columns that a section of a report may have [O: qualys-cli]."""
    if reportSection not in ("Asset", "Patch", "JobProgress"):
        raise ConfigError(f"reportSection is {reportSection!r}", hint="Asset, Patch or JobProgress")
    query: Query = {"platform": platform_word(platform), "reportSection": reportSection}
    return call("list_report_columns", "GET", "/pm/v1/report/columns", _columns, query=query)


def _columns(response: Response) -> list[Any]:
    value = whole(response)
    if not isinstance(value, list):
        raise Unreadable("the answer is not a list of columns")
    return value


def create_job_progress_report(
    jobId: str | PMJob, name: str, reportFormat: Literal["CSV", "PDF"] = "CSV"
) -> Procedure[PMReport]:
    """Request a report of a job's progress; `list_reports` shows when it is ready.

    It is requested once, and identified among the reports that were not there before. The address
    is written as in the only client that knows it [O: qualys-cli].
    """
    if reportFormat not in ("CSV", "PDF"):
        raise ConfigError(f"reportFormat is {reportFormat!r}", hint="CSV or PDF")
    path = f"/pm/v1/report/deplymentjobprogress/{job_id(jobId)}"
    body = {"name": _named(name), "reportFormat": reportFormat}
    return _reporting("create_job_progress_report", path, body)


def create_mitigation_progress_report(
    jobId: str | PMJob,
    name: str | None = None,
    *,
    description: str | None = None,
    columns: Iterable[str] | None = None,
) -> Procedure[PMReport]:
    """Request a report of a mitigation job's progress, all columns unless named [D: 3.11].

    `list_reports` shows when it is ready; see `create_job_progress_report`.
    """
    given = {
        "name": None if name is None else _named(name),
        "description": description,
        "columns": None if columns is None else list(columns),
    }
    path = f"/pm/v1/report/mitigationjobprogress/{job_id(jobId)}"
    body = {key: value for key, value in given.items() if value is not None}
    return _reporting("create_mitigation_progress_report", path, body)


def _reporting(operation: str, path: str, body: dict[str, Any]) -> Procedure[PMReport]:
    """Request a report, and identify it among the new ones."""

    def steps() -> Steps[PMReport]:
        try:
            there: BaseList[PMReport] | None = yield list_reports()
        except VendorError:  # without the earlier reports, a new one cannot be identified
            there = None
        before = None if there is None else {id_of(report.id) for report in there}
        made: PMReport = yield _asking(operation, path, body, before)
        return made

    return Procedure(operation, steps)


def _asking(
    operation: str, path: str, body: dict[str, Any], before: set[str] | None
) -> Change[PMReport]:
    name = body.get("name")

    def look(answer: PMReport | None) -> Steps[Mapping[str, Sight]]:
        reports: BaseList[PMReport] = yield list_reports()
        new = [one for one in reports if before is not None and id_of(one.id) not in {*before, ""}]
        by_id = [one for one in new if answer is not None and one.id == answer.id]
        found = by_id or [one for one in new if name is not None and one.name == name]
        if found:
            return {str(one.id): Sight("done", now={"name": one.name}, found=one) for one in found}
        words = f"no new report called {name} is listed"
        verdict: Literal["unclear", "not done"] = "unclear" if new and name is None else "not done"
        return {path: Sight(verdict, words)}

    def conclude(outcome: Outcome[PMReport]) -> PMReport | None:
        answer: PMReport | None = outcome.answer
        if before is None:
            return answer
        if not outcome.is_done:
            return None
        found: PMReport = next(iter(outcome.sights.values())).found
        return answer or found

    return Change(
        Wanted("qualys", operation, items=(path.rpartition("/")[2],), asked=body),
        call(operation, "POST", path, _REPORT, body=body, repeatable=False, is_reading=False),
        None if before is None else look,
        conclude,
        "list the reports before you ask for another: `list_reports`",
        is_repeatable=False,
        looks_after_seconds=creation.LOOKS_AFTER_SECONDS,
    )


def _named(name: str) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"name is {name!r}", hint="a name that is not blank")
    return name


def list_mitigations(
    platform: Platform | None = None,
    page_count: paging.PageCount = "all",
    *,
    qids: Ids | None = None,
    pageSize: int = 200,
) -> RecordStream[Mitigation, BaseList[Mitigation]]:
    """List the mitigations of vulnerabilities, pages of 200 at most [D: 3.8]."""
    paging.check_sizes(pageSize, page_count)
    if pageSize > 200:
        raise ConfigError(f"pageSize is {pageSize}", hint="200 at most, as the vendor documents")
    given = {
        "platform": None if platform is None else platform_word(platform),
        "qids": None if qids is None else whole_numbers("qids", qids),
    }
    asked = {name: value for name, value in given.items() if value is not None}

    def page(number: int, size: int) -> Operation[list[Mitigation]]:
        body = {**asked, "pageNumber": number, "pageSize": min(size, 200)}
        return call(
            "list_mitigations", "POST", "/mtg/v1/vulnerabilities/mitigations", _MITIGATIONS,
            body=body,
        )  # fmt: skip

    def steps() -> Steps[None]:
        reading: paging.Reading[Mitigation] = paging.Reading(
            "mitigations", lambda one: one.qid, page_size=pageSize, page_count=page_count
        )
        return paging.by_page(reading, page, known_size=200, largest=200)

    return RecordStream("list_mitigations", steps, BaseList)


def list_mitigation_jobs(
    platform: Platform, page_count: paging.PageCount = "all", *, ownedJob: bool = False
) -> RecordStream[PMJob, BaseList[PMJob]]:
    """List the mitigation jobs of a platform; both parameters are mandatory [O: qualys-cli]."""
    query: Query = {"platform": platform_word(platform), "ownedJob": ownedJob}
    paging.check_sizes(10, page_count)

    def page(number: int, size: int) -> Operation[list[PMJob]]:
        paged = {**query, "pageNumber": number, "pageSize": size}
        path, echoes = "/mtg/v1/deploymentjobs", (of_platform(query),)
        return call("list_mitigation_jobs", "GET", path, _JOBS, query=paged, echoes=echoes)

    def steps() -> Steps[None]:
        reading: paging.Reading[PMJob] = paging.Reading(
            "mitigation jobs", lambda job: job.id, page_size=10, page_count=page_count
        )
        return paging.by_page(reading, page)

    return RecordStream("list_mitigation_jobs", steps, BaseList)


def get_mitigation_job(jobId: str) -> Operation[PMDeploymentJob]:
    """Read one mitigation job [O: qualys-mcp]."""
    number = job_id(jobId)
    path = f"/mtg/v1/deploymentjob/{number}"
    return call("get_mitigation_job", "GET", path, read_job, echoes=(is_about("job", number),))


def _jobs_of(platform: Any) -> Work[Any]:
    return list_mitigation_jobs(platform)


MITIGATION = Kind("create_mitigation_job", "/mtg/v1/deploymentjob", _jobs_of, get_mitigation_job)


def create_mitigation_job(
    platform: Platform,
    name: str,
    qids: Ids,
    scheduleType: Literal["On-demand", "Once", "Daily", "Weekly", "Monthly"] = "On-demand",
    *,
    assetIds: Iterable[str] | None = None,
    assetTagIds: Iterable[str] | None = None,
    description: str = "",
    status: Literal["Disabled", "Enabled"] = "Disabled",
    startDateTime: str | None = None,
) -> Change[PMDeploymentJob]:
    """Create a job that mitigates vulnerabilities instead of patching them [D: 3.12].

    Only jobs that run once take assets one by one; every job takes tags. The description gets a
    marker, by which the job is looked for whatever the answer; see `create_job`.
    """
    _check_mitigation(scheduleType, status, assetIds, assetTagIds)
    given = {
        "name": _named(name),
        "description": description,
        "type": "Install",
        "platform": platform_word(platform),
        "scheduleType": scheduleType,
        "startDateTime": startDateTime,
        "schemaVersion": "1.0",
        "status": status,
        "filterType": "Any",
        "exclusionFilterType": "Any",
        "qids": whole_numbers("qids", qids),
        "assetIds": [uuid_text("assetIds", one) for one in assetIds or ()],
        "assetTagIds": [uuid_text("assetTagIds", one) for one in assetTagIds or ()],
    }
    body = {key: value for key, value in given.items() if value is not None}
    return mitigation_of(body)


def mitigation_of(body: Mapping[str, Any], marker: str = "") -> Change[PMDeploymentJob]:
    """Create a mitigation job of its body."""
    return creation.creation(MITIGATION, body, lambda job, _: job, marker)


def _check_mitigation(
    scheduleType: str,
    status: str,
    assetIds: Iterable[str] | None,
    assetTagIds: Iterable[str] | None,
) -> None:
    if scheduleType not in ("On-demand", "Once", "Daily", "Weekly", "Monthly"):
        raise ConfigError(
            f"scheduleType is {scheduleType!r}", hint="On-demand, Once, Daily, Weekly or Monthly"
        )
    if status not in ("Disabled", "Enabled"):
        raise ConfigError(f"status is {status!r}", hint="Disabled or Enabled")
    if assetIds is not None and scheduleType not in ("On-demand", "Once"):
        raise ConfigError(
            f"assetIds are given for a job that runs {scheduleType}",
            hint="single assets are for On-demand and Once; others take assetTagIds",
        )
    if assetIds is None and assetTagIds is None:
        raise ConfigError("neither assetIds nor assetTagIds are given", hint="give either")


def delete_mitigation_job(jobId: JobIds) -> Change[BaseList[JobChange]]:
    """Delete mitigation jobs; the address is inferred from that of deployment jobs."""
    ids = some(job_ids(jobId))
    send = call(
        "delete_mitigation_job",
        "DELETE",
        "/mtg/v1/deploymentjobs",
        lambda answer: BaseList(_CHANGES(answer)),
        body={"ids": ids},
        repeatable=False,
        is_reading=False,
    )
    return switching(
        send, ids, asked={}, get=get_mitigation_job, is_so=lambda job: job is None,
        all_jobs=_all_jobs,
    )  # fmt: skip


def _all_jobs() -> Steps[list[PMJob]]:
    windows: BaseList[PMJob] = yield list_mitigation_jobs("Windows")
    linux: BaseList[PMJob] = yield list_mitigation_jobs("Linux")
    return [*windows, *linux]
