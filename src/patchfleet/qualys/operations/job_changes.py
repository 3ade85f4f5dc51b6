"""Creation, change, switching and deletion of deployment jobs.

None of these calls is repeated blindly, and no status is proof: whatever the answer, the jobs are
read back (`transport/change.py`).
"""

from collections.abc import Mapping
from typing import Any, Literal, Unpack

import msgspec

from patchfleet.errors import ConfigError, StalePlan
from patchfleet.qualys.envelope import whole
from patchfleet.qualys.jobs.body import DEFAULTS, create_body, job_changes, with_changes
from patchfleet.qualys.jobs.rules import JobChanges, JobParameters, JobType, ScheduleType
from patchfleet.qualys.operations.creation import Kind, creation, marker_of, unmarked
from patchfleet.qualys.operations.jobs import get_job, job_id, job_ids, list_jobs
from patchfleet.qualys.operations.request import call, reader
from patchfleet.qualys.operations.switching import some, switching
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import JobChange, JobCreated, JobIds, PMDeploymentJob, PMJob
from patchfleet.qualys.records.record import RecordDecoder
from patchfleet.transport.client import keyword_defaults
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Change, Procedure, Sight, Steps, Wanted, Work

Action = Literal["Enabled", "Disabled"]

_CHANGES = reader(RecordDecoder[list[JobChange]](list[JobChange]))
_SET_BY_THE_SERVER = ("customerId", "id", "disabledPatches", "patchCount")


def _jobs_of(platform: Any) -> Work[Any]:
    return list_jobs(platform, pageSize=100)


DEPLOYMENT = Kind("create_job", "/pm/v1/deploymentjob", _jobs_of, get_job)


@keyword_defaults(DEFAULTS)
def create_job(
    platform: Literal["Windows", "Linux"],
    name: str,
    jobType: JobType,
    scheduleType: ScheduleType,
    **parameters: Unpack[JobParameters],
) -> Change[JobCreated]:
    """Create a deployment job; it is disabled unless `status="Enabled"` [D: cre].

    Returns a sentence whose `id` is the job's. Every parameter is checked first (`ConfigError`).
    The description gets a marker, `[patchfleet …]`: whatever the answer, the job is looked for, and
    it is sent again only if it does not exist.
    """
    return made_of(create_body(platform, name, jobType, scheduleType, **parameters))


def clone_job(
    jobId: str | PMJob | PMDeploymentJob, name: str, **changes: Unpack[JobParameters]
) -> Procedure[JobCreated]:
    """Create a job like another one, under another name, disabled unless `status` is given.

    `changes` are parameters of `create_job`. Fields that the server sets, and the marker, are not
    copied. A job as `get_job` returns it is copied without being read again.
    """
    number = job_id(jobId)
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"name is {name!r}", hint="a clone needs a name of its own")
    changed = job_changes(**changes)

    def steps() -> Steps[JobCreated]:
        job = jobId if isinstance(jobId, PMDeploymentJob) else (yield get_job(number))
        created: JobCreated = yield made_of(clone_body(job, {**changed, "name": name}))
        return created

    return Procedure("clone_job", steps)


def clone_body(job: PMDeploymentJob, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a job like another one, with changes in it."""
    body = {key: value for key, value in wire(job).items() if key not in _SET_BY_THE_SERVER}
    body["description"] = unmarked(body.get("description") or "")
    return with_changes(body | {"status": "Disabled"}, changed)


def made_of(body: Mapping[str, Any], marker: str = "") -> Change[JobCreated]:
    """Create a deployment job of its body."""

    def result(job: PMDeploymentJob, was_there: bool) -> JobCreated:
        created = JobCreated(str(job.id), str(body["name"]))
        created.was_there = was_there
        return created

    return creation(DEPLOYMENT, body, result, marker)


def wire(job: PMDeploymentJob) -> dict[str, Any]:
    """Return a job as the wire has it, undocumented fields included."""
    value: dict[str, Any] = msgspec.to_builtins(job)
    value.pop("problems of reading", None)
    return {name: one for name, one in value.items() if one is not None}


def update_job(
    jobId: str | PMJob | PMDeploymentJob, **changes: Unpack[JobChanges]
) -> Procedure[PMDeploymentJob]:
    """Change a job: read it, apply `changes`, send the whole back, as the page advises.

    Parameters are those of `create_job`. Jobs that run once can be changed only before they are
    enabled [D: end]. Returns the changed job, read again and compared with what was sent: a field
    that differs is an error that names it. Raises `StalePlan` if a job is given as `get_job`
    returned it, and has changed since.
    """
    number = job_id(jobId)
    changed = job_changes(**changes)
    if not changed:
        raise ConfigError("nothing is to be changed", hint="give parameters of create_job")

    def steps() -> Steps[PMDeploymentJob]:
        job: PMDeploymentJob = yield get_job(number)
        if isinstance(jobId, PMDeploymentJob):
            moved = differing(_documented(wire(jobId)), wire(job))
            if moved:
                raise StalePlan(
                    f"the job has changed since it was shown: {', '.join(moved)}",
                    hint="nothing was sent; look at it again",
                )
        body = with_changes(wire(job), changed)
        if "description" in changed:
            body["description"] = f"{changed['description']} {marker_of(job)}".strip()
        updated: PMDeploymentJob = yield updating(number, body)
        return updated

    return Procedure("update_job", steps)


def updating(number: str, body: Mapping[str, Any]) -> Change[PMDeploymentJob]:
    """Send the whole body of a job, and read whether the job matches it."""

    def look(_: Any) -> Steps[Mapping[str, Sight]]:
        job: PMDeploymentJob = yield get_job(number)
        others = differing(_documented(body), wire(job))
        if not others:
            return {number: Sight("done", now={"status": job.status}, found=job)}
        return {number: Sight("not done", f"not as it was sent: {', '.join(others)}", found=job)}

    path = f"/pm/v1/deploymentjob/update/{number}"
    return Change(
        Wanted("qualys", "update_job", items=(number,), asked=dict(body)),
        call("update_job", "PATCH", path, _read_if_any, body=body, is_reading=False),
        look,
        lambda outcome: outcome.sights[number].found if outcome.is_done else None,
        f"look at the job before you repeat this: `patchfleet qualys job {number}`",
    )


def _documented(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the documented fields of a job that the server does not set."""
    known = set(PMDeploymentJob.__struct_fields__) - set(_SET_BY_THE_SERVER)
    return {name: value for name, value in body.items() if name in known}


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return the names of fields that differ; unset, empty, none and off are equal."""
    return [name for name, value in wanted.items() if not _is_alike(value, found.get(name))]


def _is_alike(wanted: Any, found: Any) -> bool:
    if _is_unset(wanted) or _is_unset(found):
        return _is_unset(wanted) and _is_unset(found)
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return not differing(wanted, found)
    if isinstance(wanted, list) and isinstance(found, list):
        if all(isinstance(one, str) for one in (*wanted, *found)):  # ids: order has no meaning
            return sorted(map(str.lower, wanted)) == sorted(map(str.lower, found))
        pairs = zip(wanted, found, strict=False)
        return len(wanted) == len(found) and all(_is_alike(*pair) for pair in pairs)
    return str(wanted).strip().lower() == str(found).strip().lower()


def _is_unset(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_unset(one) for one in value.values())
    return value in (None, "", "0", 0) or value == []


def _read_if_any(response: Response) -> Any:
    """Return the content of an answer of unknown form; an empty one is not a refusal."""
    return whole(response) if response.body.strip() else None


def delete_job(jobId: JobIds) -> Change[BaseList[JobChange]]:
    """Delete one job or several; the answer has a result for each of them [O: peer].

    Agents may take half an hour to notice, and run a job that they already have [D: end].
    """
    ids = some(job_ids(jobId))
    send = call(
        "delete_job", "DELETE", "/pm/v1/deploymentjobs", _changes, body={"ids": ids},
        repeatable=False, is_reading=False,
    )  # fmt: skip
    return switching(
        send, ids, asked={}, get=get_job, is_so=lambda job: job is None, all_jobs=_all_jobs
    )


def _all_jobs() -> Steps[BaseList[PMJob]]:
    jobs: BaseList[PMJob] = yield list_jobs("all", pageSize=100)
    return jobs


def change_job_status(action: Action, jobId: JobIds) -> Change[BaseList[JobChange]]:
    """Enable or disable jobs; the answer has a result for each of them [O: peer].

    `status` is `success` for jobs that are read back as wanted, `unknown` if that cannot be
    determined. Jobs that run once are enabled once and never disabled [D: end].
    """
    status = str(action).strip().capitalize()
    if status not in ("Enabled", "Disabled"):
        raise ConfigError(f"action is {action!r}", hint="'Enabled' or 'Disabled'")
    ids = some(job_ids(jobId))
    send = call(
        "change_job_status", "POST", f"/pm/v1/deploymentjobs/update/status/{status}", _changes,
        body={"ids": ids}, repeatable=False, is_reading=False,
    )  # fmt: skip

    def is_so(job: PMDeploymentJob | None) -> bool:
        return job is not None and str(job.status).casefold() == status.casefold()

    return switching(
        send, ids, asked={"status": status}, get=get_job, is_so=is_so, all_jobs=_all_jobs
    )


def _changes(response: Response) -> BaseList[JobChange]:
    return BaseList(_CHANGES(response))
