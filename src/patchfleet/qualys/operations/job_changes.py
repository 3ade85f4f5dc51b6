"""Deployment jobs that are made, changed, switched and deleted.

None of these calls is repeated blindly. Of a creation that nobody can say the outcome of, the job
is looked for by a marker in its description before anything is sent again.
"""

import secrets
from functools import partial
from typing import Any, Literal, Unpack

import msgspec

from patchfleet.errors import ConfigError, Rejected, VendorError
from patchfleet.qualys.envelope import whole
from patchfleet.qualys.job_body import DEFAULTS, create_body, job_changes, with_changes
from patchfleet.qualys.job_records import JobChange, JobCreated, JobIds, PMDeploymentJob, PMJob
from patchfleet.qualys.job_rules import JobChanges, JobParameters, JobType, ScheduleType
from patchfleet.qualys.lists import BaseList
from patchfleet.qualys.operations.calls import call, reader
from patchfleet.qualys.operations.jobs import get_job, job_id, job_ids, list_jobs, read_job
from patchfleet.qualys.records import Shape
from patchfleet.transport.client import shows
from patchfleet.transport.operation import Operation, Pause, Procedure, Steps
from patchfleet.transport.wire import Response

Action = Literal["Enabled", "Disabled"]

_CHANGES = reader(Shape[list[JobChange]](list[JobChange]))

LOOKS_AFTER_SECONDS = (2.0, 5.0, 15.0)
"""When a job that may have been created is looked for; the server may be slow to show it."""
CREATIONS = 3
"""How often a creation is sent before we give up."""

_SET_BY_THE_SERVER = ("customerId", "id", "disabledPatches", "patchCount")


@shows(DEFAULTS)
def create_job(
    platform: Literal["Windows", "Linux"],
    name: str,
    jobType: JobType,
    scheduleType: ScheduleType,
    **parameters: Unpack[JobParameters],
) -> Procedure[JobCreated]:
    """Create a deployment job; it is disabled unless `status="Enabled"` [D: cre].

    Returns a sentence whose `id` is the job's. Every parameter is checked first (`ConfigError`).
    The description gets a marker, `[patchfleet …]`: when the answer is lost, the job is looked for
    by it, and only a job that is not there is sent again.
    """
    body = create_body(platform, name, jobType, scheduleType, **parameters)
    return _creation(body)


def clone_job(
    jobId: str | PMJob, name: str, **changes: Unpack[JobParameters]
) -> Procedure[JobCreated]:
    """Create a job like another one, under another name, disabled unless `status` says otherwise.

    `changes` are parameters of `create_job`. What the server sets, and the marker, are not copied.
    """
    number = job_id(jobId)
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"name is {name!r}", hint="a clone needs a name of its own")
    changed = job_changes(**changes)

    def steps() -> Steps[JobCreated]:
        job = yield get_job(number)
        body = {key: value for key, value in wire(job).items() if key not in _SET_BY_THE_SERVER}
        body["description"] = _unmarked(body.get("description") or "")
        body = with_changes(body | {"status": "Disabled"}, {**changed, "name": name})
        created: JobCreated = yield _creation(body)
        return created

    return Procedure("clone_job", steps)


def _creation(body: dict[str, Any]) -> Procedure[JobCreated]:
    marker = f"[patchfleet {secrets.token_hex(8)}]"
    description = f"{body.get('description') or ''} {marker}".strip()
    return Procedure(
        "create_job", partial(_creation_steps, {**body, "description": description}, marker)
    )


def _creation_steps(body: dict[str, Any], marker: str) -> Steps[JobCreated]:
    """Send the job, and look for it whenever nobody can say what became of that."""
    lost: VendorError | None = None
    for _ in range(CREATIONS):
        try:
            created: JobCreated = yield _sent(body)
        except VendorError as error:
            if error.fate != "unknown":
                if lost is not None:
                    _warn(error, body, marker, lost)
                raise
            lost = error
            made = yield from _made(body, marker, lost)
            if made:
                return made
        else:
            if lost is not None:
                yield from _only_one(created, body, marker, lost)
            return created
    assert lost is not None
    lost.add_note(f"sent {CREATIONS} times; no job with the marker {marker} appeared")
    raise lost


def _sent(body: dict[str, Any]) -> Operation[JobCreated]:
    def read(response: Response) -> JobCreated:
        return JobCreated(str(read_job(response).id), str(body["name"]))

    return call("create_job", "POST", "/pm/v1/deploymentjob", read, body=body, repeatable=False)


def _made(body: dict[str, Any], marker: str, lost: VendorError) -> Steps[JobCreated | None]:
    """Look for the job that may have been created, for some time."""
    for seconds in LOOKS_AFTER_SECONDS:
        yield Pause(seconds)
        try:
            marked = yield from _marked(body, marker)
        except VendorError as error:
            _warn(error, body, marker, lost)
            raise
        if marked:
            _refuse_twins(marked, body)
            return JobCreated(marked[0], str(body["name"]))
    return None


def _only_one(
    created: JobCreated, body: dict[str, Any], marker: str, lost: VendorError
) -> Steps[None]:
    """Raise where a request whose answer was lost had created the job as well."""
    try:
        marked = yield from _marked(body, marker)
    except VendorError as error:
        error.add_note(f"the job {created.id} was created, perhaps not only once")
        _warn(error, body, marker, lost)
        raise
    _refuse_twins(marked, body)


def _warn(error: VendorError, body: dict[str, Any], marker: str, lost: VendorError) -> None:
    error.add_note(f"the job '{body['name']}' may have been created ({lost.message})")
    error.add_note(f"before you create it again, look for {marker} in the descriptions")


def _refuse_twins(marked: list[str], body: dict[str, Any]) -> None:
    if len(marked) > 1:
        raise Rejected(
            f"the job '{body['name']}' exists {len(marked)} times: {', '.join(marked)}",
            hint="one of them appeared late; delete all but one",
        )


def _marked(body: dict[str, Any], marker: str) -> Steps[list[str]]:
    """Return the ids of the jobs with this marker, among those of the same name."""
    jobs = yield list_jobs(body["platform"], pageSize=100)
    found: list[str] = []
    for job in jobs:
        if job.name == body["name"]:
            whole: PMDeploymentJob = yield get_job(job.id)
            if marker in (whole.description or ""):
                found.append(job.id)
    return found


def _unmarked(description: str) -> str:
    before, mark, after = description.partition("[patchfleet ")
    return (before + after.partition("]")[2]).strip() if mark else description


def wire(job: PMDeploymentJob) -> dict[str, Any]:
    """Return a job as the wire has it, the fields that nobody documents included."""
    value: dict[str, Any] = msgspec.to_builtins(job)
    value.pop("problems of reading", None)
    return {name: one for name, one in value.items() if one is not None}


def update_job(jobId: str | PMJob, **changes: Unpack[JobChanges]) -> Procedure[PMDeploymentJob]:
    """Change a job: read it, change what is given, send the whole back, as the page advises.

    Parameters are those of `create_job`. Jobs that run once can be changed only before they are
    enabled [D: end]. Returns the job as it is then, read again: what the server answers to the
    change is unknown. Sending it again would change nothing more, so an unknown outcome is
    repeated.
    """
    number = job_id(jobId)
    changed = job_changes(**changes)
    if not changed:
        raise ConfigError("nothing is to be changed", hint="give parameters of create_job")

    def steps() -> Steps[PMDeploymentJob]:
        job = yield get_job(number)
        body = with_changes(wire(job), changed)
        if "description" in changed:
            body["description"] = f"{changed['description']} {_marker_of(job)}".strip()
        path = f"/pm/v1/deploymentjob/update/{number}"
        yield call("update_job", "PATCH", path, _read_if_any, body=body, is_reading=False)
        updated: PMDeploymentJob = yield get_job(number)
        return updated

    return Procedure("update_job", steps)


def _read_if_any(response: Response) -> Any:
    """Return what an answer of unknown form says; it may be nothing, and no refusal."""
    return whole(response) if response.body.strip() else None


def _marker_of(job: PMDeploymentJob) -> str:
    _, mark, after = (job.description or "").partition("[patchfleet ")
    return f"{mark}{after.partition(']')[0]}]" if mark else ""


def delete_job(jobId: JobIds) -> Operation[BaseList[JobChange]]:
    """Delete one job or several; each answer says what became of one [O: peer].

    It takes up to half an hour until agents know of it, and a job they have runs [D: end].
    """
    body = {"ids": _some(job_ids(jobId))}
    return call(
        "delete_job", "DELETE", "/pm/v1/deploymentjobs", _changes, body=body, repeatable=False
    )


def change_job_status(action: Action, jobId: JobIds) -> Operation[BaseList[JobChange]]:
    """Enable or disable one job or several; each answer says what became of one [O: peer].

    Jobs that run once are enabled once and never disabled [D: end].
    """
    word = str(action).strip().capitalize()
    if word not in ("Enabled", "Disabled"):
        raise ConfigError(f"action is {action!r}", hint="'Enabled' or 'Disabled'")
    body = {"ids": _some(job_ids(jobId))}
    path = f"/pm/v1/deploymentjobs/update/status/{word}"
    return call("change_job_status", "POST", path, _changes, body=body, repeatable=False)


def _some(ids: list[str]) -> list[str]:
    if not ids:
        raise ConfigError("no job is named", hint="give a jobId, or several")
    return ids


def _changes(response: Response) -> BaseList[JobChange]:
    return BaseList(_CHANGES(response))
