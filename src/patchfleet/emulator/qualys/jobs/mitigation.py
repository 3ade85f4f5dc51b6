"""Mitigation jobs: fix a vulnerability by a script instead of, or before, a patch.

A mitigation changes no patch and no asset, so a job's outcome by a time is computed on request. [D:
3.8, 3.11, 3.12, mst; list, get O: qc, qm; delete A] Choices: which vulnerabilities have a
mitigation, how long one takes, `jobStatus`, and the fields of a list row beside those that all
lists of jobs share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patchfleet.emulator.qualys.asset import Asset
from patchfleet.emulator.qualys.jobs.body_schema import UNSET, invalid, read_fields
from patchfleet.emulator.qualys.jobs.job import made_id
from patchfleet.emulator.qualys.jobs.recurrence import RUN_ONCE, Timetable, read_timetable
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.routes import Routes, each
from patchfleet.emulator.qualys.jobs.rules import check
from patchfleet.emulator.qualys.jobs.summary import moment
from patchfleet.emulator.qualys.jobs.targeting import targets
from patchfleet.emulator.qualys.paging import numbered_page
from patchfleet.emulator.qualys.patch import Vulnerability
from patchfleet.emulator.qualys.request import Refused, Request, json_answer
from patchfleet.emulator.response import Response
from patchfleet.emulator.seeded_random import SeededRandom

SUCCEEDED, FAILED, SKIPPED = ("Succeeded", 0), ("Failed", 1), ("Skipped", 101)
"""Outcomes of one vulnerability on one asset, with the vendor's codes [D: mst]."""

LARGEST_PAGE = 200
"""[D: 3.8]"""

_FIELDS = (
    "type", "status", "platform", "assetIds", "exclusionAssetIds", "assetTagIds",
    "exclusionTagIds", "filterType", "exclusionFilterType", "scheduleType", "startDateTime",
    "recurring", "dayOfMonth", "recurringLastDayOfMonth", "monthlyRecurringType",
    "patchTuesdayPlusXDays", "recurringDayOfMonth", "recurringWeekDayOfMonth",
    "recurringWeekDays", "timezoneType", "timezone", "timeout", "timeoutUnit", "notification",
)  # fmt: skip
_ONE, _MANY = "/mtg/v1/deploymentjob", "/mtg/v1/deploymentjobs"


@dataclass(frozen=True, slots=True, eq=False)
class MitigationJob:
    """One mitigation job; `body` has every field of a deployment job, most of them unset."""

    id: str
    qids: Sequence[int]
    body: Mapping[str, Any]
    timetable: Timetable
    created_at: datetime

    def began_at(self, asset: Asset, now: datetime) -> datetime | None:
        """Return when the latest run began on an asset, None if none has."""
        if self.body["status"] != "Enabled":
            return None
        if self.timetable.starts is None:
            return self.created_at
        began = None
        for local in self.timetable.local_times(self.created_at.date() - timedelta(days=2)):
            at = self.timetable.begins(local, asset.zone)
            if at > now:
                break
            if self.body["scheduleType"] in RUN_ONCE or at >= self.created_at:
                began = max(at, self.created_at)
        return began

    def outcome(self, asset: Asset, qid: int, now: datetime) -> tuple[str, int] | None:
        """Return the outcome for a vulnerability on an asset by a time, None if still open."""
        began = self.began_at(asset, now)
        random = SeededRandom(0, self.id, asset.uuid, qid)
        if not asset.is_reporting or began is None:
            return None
        if now < began + timedelta(minutes=random.between(5, 40)):
            return None
        return random.weighted(((SUCCEEDED, 88), (FAILED, 6), (SKIPPED, 6)))


class Mitigations:
    """The mitigation jobs of an account, and the answers to calls about them."""

    def __init__(self, registry: JobRegistry) -> None:
        self._registry = registry
        self._made = 0
        self.jobs: dict[str, MitigationJob] = {}

    @property
    def routes(self) -> Routes:
        """Return the calls about mitigation."""
        return {
            ("POST", _ONE): ("create_mitigation_job", self.create),
            ("GET", _MANY): ("list_mitigation_jobs", self.list_jobs),
            ("GET", f"{_ONE}/(?P<job_id>[^/]+)"): ("get_mitigation_job", self.get),
            ("DELETE", _MANY): ("delete_mitigation_job", self.delete),
            ("POST", "/mtg/v1/vulnerabilities/mitigations"): ("list_mitigations", self.fixes),
        }

    def create(self, request: Request) -> Response:
        """Create a mitigation job and return it with 201 [D: 3.12]."""
        given = request.fields
        fields = {
            name: value
            for name, value in read_fields(given).items()
            if name in (*_FIELDS, "name", "description")
        }
        body = {**UNSET, **fields}
        check(self._registry, body)
        self._check(body, _qids(given))
        self._made += 1
        job = MitigationJob(
            id=made_id(self._registry.state.customer_id, "mitigation", self._made),
            qids=_qids(given),
            body=body,
            timetable=read_timetable(body),
            created_at=self._registry.state.now,
        )
        self.jobs[job.id] = job
        return json_answer(self.definition(job), 201)

    def _check(self, body: Mapping[str, Any], qids: Sequence[int]) -> None:
        if not qids:
            raise invalid("qids", "is mandatory")
        if body["type"] != "Install":
            raise invalid("type", "a mitigation job is always Install")
        if body["assetIds"] and body["scheduleType"] not in RUN_ONCE:
            raise invalid("assetIds", "is for On-demand and Once jobs only; use assetTagIds")
        if not body["assetIds"] and not body["assetTagIds"]:
            raise invalid("assetTagIds", "at least one asset or tag is needed")
        known = self._known(body["platform"])
        for qid in qids:
            if qid not in known:
                raise invalid("qids", f"there is no mitigation for {qid} on {body['platform']}")

    def list_jobs(self, request: Request) -> Any:
        """Return a page of the mitigation jobs of a platform, the newest first."""
        for name in ("ownedJob", "platform"):
            if name not in request.query:
                raise invalid(name, "is mandatory")
        request.flag("ownedJob")
        jobs = [
            job for job in reversed(self.jobs.values()) if job.body["platform"] == request.platform
        ]
        return [self._row(job) for job in numbered_page(jobs, request)]

    def find(self, job_id: str) -> MitigationJob:
        """Return a mitigation job by id; refuse with 404 if there is none."""
        if job_id not in self.jobs:
            raise Refused(404, "1404", f"there is no mitigation job {job_id}")
        return self.jobs[job_id]

    def get(self, request: Request) -> Any:
        """Return one mitigation job with all fields."""
        return self.definition(self.find(request.groups["job_id"]))

    def delete(self, request: Request) -> Any:
        """Delete mitigation jobs, with a result for each."""

        def delete_one(job_id: str) -> str:
            name = self.find(job_id).body["name"]
            del self.jobs[job_id]
            return str(name)

        def body_of(job_id: str) -> Mapping[str, Any] | None:
            return self.jobs[job_id].body if job_id in self.jobs else None

        return each(request, delete_one, body_of)

    def fixes(self, request: Request) -> Any:
        """Return the vulnerabilities with a mitigation, and its description [D: 3.8]."""
        given = {**request.query, **request.fields}
        for implication in _words(given.get("implication", "FIX"), "implication"):
            if implication != "FIX":
                raise invalid("implication", f"{implication!r} is not FIX, the only one there is")
        platforms = _words(given.get("platform", ["Windows", "Linux"]), "platform")
        wanted = set(_qids(given)) if given.get("qids") else None
        found: dict[int, dict[str, Any]] = {}
        for platform in platforms:
            for qid, flaw in sorted(self._known(platform).items()):
                if wanted is None or qid in wanted:
                    row = found.setdefault(qid, {"qid": qid, "vulnMitigation": {}})
                    row["vulnMitigation"][platform] = {"scriptBased": _scripts(flaw)}
        rows = list(found.values())
        return list(numbered_page(rows, request, inputs=given, largest=LARGEST_PAGE))

    def _known(self, platform: str) -> dict[int, Vulnerability]:
        """Return the vulnerabilities of a platform with a mitigation: every third."""
        return {
            patch.vulnerability.qid: patch.vulnerability
            for patch in self._registry.state.patches.values()
            if patch.platform == platform
            and patch.vulnerability is not None
            and patch.vulnerability.qid % 3 == 0
        }

    def assets(self, job: MitigationJob) -> list[Asset]:
        """Return the assets of a job, by name."""
        return targets(self._registry.state, job.body)

    def status(self, job: MitigationJob) -> str | None:
        """Return Completed or Completed with Failure, None while an outcome is open."""
        now = self._registry.state.now
        outcomes = [
            job.outcome(asset, qid, now)
            for asset in self.assets(job)
            for qid in job.qids
            if asset.is_reporting
        ]
        if not outcomes or None in outcomes:
            return None
        return "Completed with Failure" if FAILED in outcomes else "Completed"

    def definition(self, job: MitigationJob) -> dict[str, Any]:
        """Return a mitigation job as JSON, with all fields."""
        return {
            "customerId": self._registry.state.customer_id,
            "id": job.id,
            "schemaVersion": "1.0",
            "name": job.body["name"],
            "description": job.body["description"],
            "qids": list(job.qids),
            **{name: job.body[name] for name in _FIELDS},
            "jobStatus": self.status(job),
        }

    def _row(self, job: MitigationJob) -> dict[str, Any]:
        stamp = {"date": moment(job.created_at), "user": dict(self._registry.author)}
        names = ("name", "type", "status", "platform", "scheduleType", "startDateTime")
        return {
            "id": job.id,
            "customerId": self._registry.state.customer_id,
            **{name: job.body[name] for name in names},
            "created": stamp,
            "updated": stamp,
            "remediationQids": list(job.qids),
            "mitigationActionCount": len(job.qids),
            "totalAssetCount": len(self.assets(job)),
            "jobStatus": self.status(job),
        }


def _qids(given: Mapping[str, Any]) -> list[int]:
    qids = given.get("qids") or []
    if not isinstance(qids, list) or any(type(qid) is not int for qid in qids):
        raise invalid("qids", "must be a list of numbers")
    return list(dict.fromkeys(qids))


def _words(value: Any, name: str) -> list[str]:
    """Accept one word or a list of words [O: qc]."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise invalid(name, "must be a word or a list of words")
    return words


def _scripts(flaw: Vulnerability) -> dict[str, list[dict[str, Any]]]:
    return {
        cve: [
            {
                "mitigationId": f"MTG-{flaw.qid}-{place}",
                "mitigationType": "FIX",
                "mitigationCategory": None if place else "Configuration",
                "description": f"Lessens {cve} until the patch is installed",
            }
        ]
        for place, cve in enumerate(flaw.cves)
    }
