"""Routes of deployment jobs: read the request, call the registry, write the answer."""

from collections.abc import Callable, Mapping
from typing import Any

from patchfleet.emulator.qualys.jobs import results, summary
from patchfleet.emulator.qualys.jobs.body_schema import FIELDS
from patchfleet.emulator.qualys.jobs.job import Job
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.paging import attribute_names, in_order, numbered_page, trimmed
from patchfleet.emulator.qualys.qql import Token, matcher
from patchfleet.emulator.qualys.request import Refused, Request, json_answer
from patchfleet.emulator.response import Response

Respond = Callable[[Request], Any]
Routes = Mapping[tuple[str, str], tuple[str, Respond]]

_ID = r"(?P<job_id>[^/]+)"
_ONE = "/pm/v1/deploymentjob"
_MANY = "/pm/v1/deploymentjobs"
LONGEST_LIST = 1_000
"""Choice: the most ids in one call."""


JOB_TOKENS: dict[str, Token[Job]] = {
    "id": Token("text", lambda job: job.id),
    "name": Token("text", lambda job: job.body["name"]),
    "status": Token("text", lambda job: job.body["status"]),
    "type": Token("text", lambda job: job.body["type"]),
    "platform": Token("text", lambda job: job.body["platform"]),
    "scheduleType": Token("text", lambda job: job.body["scheduleType"]),
    "isRecurring": Token("flag", lambda job: job.timetable.is_recurring),
    "isDynamicPatchesQQL": Token("flag", lambda job: job.body["isDynamicPatchesQQL"]),
    "linkedJobId": Token("text", lambda job: job.body["linkedJobId"]),
    "created": Token("date", lambda job: job.created_at),
    "updated": Token("date", lambda job: job.updated_at),
    "lastScheduleDateTime": Token(
        "date", lambda job: job.runs[-1].scheduled_at if job.runs else None
    ),
}
"""The fields of a filter: `status` and `isRecurring` [O: qc], the rest a choice."""


def job_routes(registry: JobRegistry) -> Routes:
    """Return the calls about jobs: method and path -> name of the call, function."""

    def bound(respond: Callable[[JobRegistry, Request], Any]) -> tuple[str, Respond]:
        return respond.__name__, lambda request: respond(registry, request)

    return {
        ("GET", f"{_MANY}/summary"): bound(list_jobs),
        ("GET", _MANY): bound(list_jobs),
        ("GET", f"{_ONE}/{_ID}"): bound(get_job),
        ("POST", _ONE): bound(create_job),
        ("PATCH", f"{_ONE}/update/{_ID}"): bound(update_job),
        ("POST", f"{_MANY}/update/status/(?P<status>[^/]+)"): bound(change_job_status),
        ("DELETE", _MANY): bound(delete_job),
        ("DELETE", f"{_MANY}/{_ID}"): bound(delete_job),
        ("GET", f"{_ONE}/{_ID}/runs"): bound(get_job_runs),
        ("POST", f"{_ONE}/{_ID}/deploymentjobresult/summary"): bound(get_job_results),
        ("GET", f"{_ONE}/{_ID}/deploymentjobresult/summary"): bound(get_job_results),
    }


def list_jobs(registry: JobRegistry, request: Request) -> Any:
    """Return a page of the jobs of one platform, the newest first [O: peer; order A].

    `ownedJob` leaves out jobs with co-authors; `coauthorJob` keeps only those the user is a
    co-author of.
    """
    fits = matcher(request.query.get("filter", ""), JOB_TOKENS, registry.state.now)
    jobs = [
        job
        for job in registry.of_platform(request.platform)
        if _is_wanted(registry, job, request) and fits(job)
    ]
    ordered = in_order(jobs, request.query.get("sort", ""), _READERS)
    wanted = attribute_names(request.query.get("attributes"))
    page = numbered_page(ordered, request)
    return [trimmed(summary.row(registry, job), wanted) for job in page]


def _is_wanted(registry: JobRegistry, job: Job, request: Request) -> bool:
    authors = job.body["coAuthorUserIds"] or ()
    if request.flag("ownedJob") and (authors or job.author["id"] != registry.author["id"]):
        return False
    return not request.flag("coauthorJob") or registry.author["id"] in authors


def get_job(registry: JobRegistry, request: Request) -> Any:
    """Return the definition of one job [D: get]."""
    return definition(registry, registry.find(request.groups["job_id"]))


def create_job(registry: JobRegistry, request: Request) -> Response:
    """Create a job and return it with 201 [D: cre; 3.12 for the mitigation twin]."""
    return json_answer(definition(registry, registry.create(request.json)), 201)


def update_job(registry: JobRegistry, request: Request) -> Any:
    """Change a job and return it [D: upd; answer A]."""
    return definition(registry, registry.update(request.groups["job_id"], request.json))


def change_job_status(registry: JobRegistry, request: Request) -> Any:
    """Enable or disable jobs, with a result for each [O: peer]."""
    status = request.groups["status"]
    if status not in ("Enabled", "Disabled"):
        raise Refused(400, "1400", f"status {status!r} is not Enabled or Disabled")
    return each(
        request, lambda job_id: registry.set_status(job_id, status).body["name"], registry.body_of
    )


def delete_job(registry: JobRegistry, request: Request) -> Any:
    """Delete jobs, with a result for each [O: peer]; one id may be in the path [O?: qc]."""
    return each(request, lambda job_id: registry.delete(job_id).body["name"], registry.body_of)


def each(
    request: Request,
    act: Callable[[str], str],
    body_of: Callable[[str], Mapping[str, Any] | None],
) -> list[dict[str, Any]]:
    """Apply a change to each of `{"ids": [...]}` and report each result.

    A bare list of ids is accepted too [O?: rj], and one id in the path [O?: qc].

    Success is `{"id", "name", "status": "success"}` [O: peer]; a failure has the status `failed`
    and a `message` [A].
    """
    given = request.json
    ids = given.get("ids") if isinstance(given, dict) else given
    if "job_id" in request.groups:
        ids = [request.groups["job_id"]]
    if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
        raise Refused(400, "1400", 'the body must be {"ids": ["...", ...]}')
    if len(ids) > LONGEST_LIST:
        raise Refused(400, "1400", f"ids: {len(ids)} are more than {LONGEST_LIST}")
    answers = []
    for one in dict.fromkeys(ids):
        body = body_of(one)
        try:
            answers.append({"id": one, "name": act(one), "status": "success"})
        except Refused as refusal:
            name = body["name"] if body else None
            answers.append(
                {"id": one, "name": name, "status": "failed", "message": refusal.message}
            )
    return answers


def get_job_runs(registry: JobRegistry, request: Request) -> Any:
    """Return all runs of a job [O: peer]."""
    return results.runs(registry.find(request.groups["job_id"]))


def get_job_results(registry: JobRegistry, request: Request) -> Any:
    """Return a page of the results of a run [O: peer]."""
    return results.result_summary(registry, registry.find(request.groups["job_id"]), request)


def definition(registry: JobRegistry, job: Job) -> dict[str, Any]:
    """Return the full definition of a job: every field, null if unset [D: get]."""
    body = job.body
    counted = job.runs[-1].patch_count if job.runs else None
    if counted is None and body["approvedPatches"]:
        counted = len(body["approvedPatches"])
    written: dict[str, Any] = {
        "customerId": registry.state.customer_id,
        "id": job.id,
        "schemaVersion": "1.0",
    }
    for name in FIELDS:
        written[name] = body[name]
        if name == "approvedPatches":
            written["disabledPatches"] = None
            written["patchCount"] = counted
    return written


_READERS: Mapping[str, Callable[[Job], Any]] = {
    "name": lambda job: job.body["name"],
    "id": lambda job: job.id,
    "status": lambda job: job.body["status"],
    "type": lambda job: job.body["type"],
    "scheduleType": lambda job: job.body["scheduleType"],
    "created": lambda job: (job.created_at, job.number),
    "updated": lambda job: (job.updated_at, job.number),
    "lastScheduleDateTime": lambda job: job.runs[-1].scheduled_at if job.runs else None,
    "nextScheduleDateTime": lambda job: job.next_local if job.is_enabled else None,
}
