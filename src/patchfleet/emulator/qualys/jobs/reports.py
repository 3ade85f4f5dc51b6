"""Reports of jobs: create, list, download as CSV or PDF.

A report is written on creation and never changes. [D: 3.11 for the mitigation one; the rest O: qc]
Choices: a report is ready immediately; the names of the columns; the fields of a list row; the look
of a PDF.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patchfleet.emulator.qualys.jobs.body_schema import invalid
from patchfleet.emulator.qualys.jobs.job import Job, made_id
from patchfleet.emulator.qualys.jobs.mitigation import MitigationJob, Mitigations
from patchfleet.emulator.qualys.jobs.pdf import text_pdf
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.routes import Routes
from patchfleet.emulator.qualys.jobs.summary import moment
from patchfleet.emulator.qualys.request import Refused, Request, json_answer
from patchfleet.emulator.response import Response

JOB_COLUMNS = (
    "Asset Name", "Asset ID", "Operating System", "Status", "Status Code", "Start Time",
    "End Time", "Installed Patches", "Failed Patches", "Skipped Patches",
)  # fmt: skip
MITIGATION_COLUMNS = ("Asset Name", "Asset ID", "Operating System", "QID", "Status", "Status Code")
SECTIONS: Mapping[str, Sequence[str]] = {
    "Asset": ("Asset Name", "Asset ID", "Operating System", "Missing Patches", "Installed Patches"),
    "Patch": ("Title", "Vendor Severity", "KB", "CVE", "QID", "Published Date"),
    "JobProgress": JOB_COLUMNS,
}


@dataclass(frozen=True, slots=True)
class Report:
    """One written report."""

    id: str
    name: str
    description: str
    kind: str
    platform: str
    created_at: datetime
    format: str
    content: bytes


class Reports:
    """The reports of an account, and the answers to calls about them."""

    def __init__(self, registry: JobRegistry, mitigations: Mitigations) -> None:
        self._registry = registry
        self._mitigations = mitigations
        self._all: dict[str, Report] = {}

    @property
    def routes(self) -> Routes:
        """Return the calls about reports; one path is misspelled as in public code [O: qc]."""
        create = "/pm/v1/report"
        return {
            ("GET", "/pm/v1/reports"): ("list_reports", self.list_reports),
            ("GET", "/pm/v1/reports/(?P<report_id>[^/]+)/download"): (
                "download_report",
                self.download,
            ),
            ("GET", f"{create}/columns"): ("list_report_columns", self.columns),
            ("POST", f"{create}/deplymentjobprogress/(?P<job_id>[^/]+)"): (
                "create_job_progress_report",
                self.create_for_job,
            ),
            ("POST", f"{create}/mitigationjobprogress/(?P<job_id>[^/]+)"): (
                "create_mitigation_progress_report",
                self.create_for_mitigation,
            ),
        }

    def list_reports(self, _: Request) -> Any:
        """Return all reports, newest first; no known client requests pages of them."""
        return [_row(report) for report in reversed(self._all.values())]

    def columns(self, request: Request) -> Any:
        """Return the columns a section of a report can have."""
        _ = request.platform
        section = request.query.get("reportSection", "")
        if section not in SECTIONS:
            raise invalid("reportSection", f"{section!r} is not one of {', '.join(SECTIONS)}")
        return list(SECTIONS[section])

    def create_for_job(self, request: Request) -> Response:
        """Write a report about the latest run of a job."""
        job = self._registry.find(request.groups["job_id"])
        rows = list(_job_rows(job, self._registry.state.now))
        return self._create(request, "JobProgress", job.body, JOB_COLUMNS, rows)

    def create_for_mitigation(self, request: Request) -> Response:
        """Write a report about a mitigation job; without columns it has all [D: 3.11]."""
        job = self._mitigations.find(request.groups["job_id"])
        rows = list(self._mitigation_rows(job))
        return self._create(request, "MitigationJobProgress", job.body, MITIGATION_COLUMNS, rows)

    def _create(
        self,
        request: Request,
        kind: str,
        body: Mapping[str, Any],
        columns: Sequence[str],
        rows: Sequence[Mapping[str, Any]],
    ) -> Response:
        given = request.fields
        form = given.get("reportFormat", "CSV")
        if form not in FORMATS:
            raise invalid("reportFormat", f"{form!r} is not CSV or PDF")
        wanted = given.get("columns") or list(columns)
        if not isinstance(wanted, list) or not set(map(str, wanted)) <= set(columns):
            raise invalid("columns", f"must be of {', '.join(columns)}")
        report = Report(
            id=made_id(self._registry.state.customer_id, "report", len(self._all) + 1),
            name=str(given.get("name") or f"{body['name']} progress"),
            description=str(given.get("description") or ""),
            kind=kind,
            platform=body["platform"],
            created_at=self._registry.state.now,
            format=form,
            content=FORMATS[form][1]([column for column in columns if column in wanted], rows),
        )
        self._all[report.id] = report
        return json_answer(_row(report), 201)

    def download(self, request: Request) -> Response:
        """Return a report in the format requested at its creation."""
        report = self._all.get(request.groups["report_id"])
        if report is None:
            raise Refused(404, "1404", f"there is no report {request.groups['report_id']}")
        headers = (
            ("Content-Type", FORMATS[report.format][0]),
            (
                "Content-Disposition",
                f'attachment; filename="{report.id}.{report.format.lower()}"',
            ),
        )
        return Response(200, headers, report.content)

    def _mitigation_rows(self, job: MitigationJob) -> Iterator[dict[str, Any]]:
        now = self._registry.state.now
        for asset in self._mitigations.assets(job):
            for qid in job.qids:
                word, code = job.outcome(asset, qid, now) or ("", "")
                yield {
                    "Asset Name": asset.name,
                    "Asset ID": asset.uuid,
                    "Operating System": asset.machine.system.name,
                    "QID": qid,
                    "Status": word,
                    "Status Code": code,
                }


def _job_rows(job: Job, now: datetime) -> Iterator[dict[str, Any]]:
    for result in job.runs[-1].results.values() if job.runs else ():
        step, plan = result.step(now), result.plan
        buckets = plan.buckets if plan and step.has_outcome else None
        yield {
            "Asset Name": result.asset.name,
            "Asset ID": result.asset.uuid,
            "Operating System": result.asset.machine.system.name,
            "Status": step.status,
            "Status Code": step.code or "",
            "Start Time": _text(plan.started_at if plan else None, now),
            "End Time": _text(step.at if step.is_final else None, now),
            "Installed Patches": len(buckets.success) if buckets else 0,
            "Failed Patches": len(buckets.failed) if buckets else 0,
            "Skipped Patches": len(buckets.skipped) if buckets else 0,
        }


def _text(when: datetime | None, now: datetime) -> str:
    return when.isoformat() if when is not None and when <= now else ""


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    return text.getvalue().encode()


def _pdf(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    lines = [" | ".join(str(row[column]) for column in columns) for row in rows]
    return text_pdf([" | ".join(columns), *lines])


FORMATS: Mapping[str, tuple[str, Callable[..., bytes]]] = {
    "CSV": ("text/csv; charset=utf-8", _csv),
    "PDF": ("application/pdf", _pdf),
}
"""Content type and writer of each format [O: qc]."""


def _row(report: Report) -> dict[str, Any]:
    return {
        "id": report.id,
        "name": report.name,
        "description": report.description,
        "reportType": report.kind,
        "reportFormat": report.format,
        "platform": report.platform,
        "status": "Completed",
        "createdOn": moment(report.created_at),
    }
