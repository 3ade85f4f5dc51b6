"""Creation of jobs with a marker, by which a job is found whatever the answer.

The marker is at the end of the description, and in the journal before anything is sent.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from patchfleet.errors import NotFound, Rejected, Unreadable
from patchfleet.qualys.ids import is_uuid
from patchfleet.qualys.operations.jobs import read_job
from patchfleet.qualys.operations.request import call
from patchfleet.qualys.records.jobs import PMDeploymentJob
from patchfleet.qualys.records.values import word_of
from patchfleet.transport.operation import (
    Change,
    Operation,
    Outcome,
    Sight,
    Steps,
    T,
    Wanted,
    Work,
)

LOOKS_AFTER_SECONDS = (2.0, 5.0, 15.0)
"""When to look again for a job that may have been created; the server may be slow to list it."""

_BEGIN = "[patchfleet "


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: the call that creates one, its path, and the call that lists them."""

    name: str
    path: str
    list_of: Callable[[str], Work[Any]]
    get: Callable[[str], Operation[PMDeploymentJob]]


def creation(
    kind: Kind,
    body: Mapping[str, Any],
    result: Callable[[PMDeploymentJob, bool], T],
    marker: str = "",
) -> Change[T]:
    """Create a job of this body; `result` takes the job as read and whether it already existed.

    It is sent again only if no job has its marker.
    """
    marker = marker or f"{_BEGIN}{secrets.token_hex(8)}]"
    description = f"{body.get('description') or ''} {marker}".strip()
    sent = {**body, "description": description}

    def look(answer: PMDeploymentJob | None) -> Steps[Mapping[str, Sight]]:
        if answer is not None and is_uuid(answer.id):
            try:
                job: PMDeploymentJob = yield kind.get(str(answer.id))
            except NotFound:
                job = PMDeploymentJob()
            if marker in (job.description or ""):
                return _seen([job])
        jobs = yield from _marked(kind, sent, marker)
        if jobs is None:  # an empty list is no proof that the job does not exist
            return {marker: Sight("unclear", "the list of jobs is empty")}
        return _seen(jobs) or {marker: Sight("not done", f"no job with the marker {marker}")}

    def conclude(outcome: Outcome[PMDeploymentJob]) -> T | None:
        if not outcome.is_done:
            return None
        jobs = [sight.found for sight in outcome.sights.values()]
        _refuse_twins(jobs)
        return result(jobs[0], outcome.answer is None and outcome.error is None)

    return Change(
        Wanted("qualys", kind.name, marker=marker, asked=dict(body)),
        call(kind.name, "POST", kind.path, read_job, body=sent, repeatable=False, is_reading=False),
        look,
        conclude,
        f"before you create '{body['name']}' again, look for {marker} in the descriptions",
        looks_after_seconds=LOOKS_AFTER_SECONDS,
        with_marker=partial(creation, kind, body, result),
    )


def _seen(jobs: list[PMDeploymentJob]) -> dict[str, Sight]:
    return {
        str(job.id): Sight("done", now={"name": job.name, "status": job.status}, found=job)
        for job in jobs
    }


def _marked(
    kind: Kind, sent: Mapping[str, Any], marker: str
) -> Steps[list[PMDeploymentJob] | None]:
    """Return the jobs of this name that have this marker; None if the list of jobs is empty."""
    jobs = yield kind.list_of(sent["platform"])
    if not jobs:
        return None
    found: list[PMDeploymentJob] = []
    for job in jobs:
        if _may_be_called(job.name, sent["name"]):
            if not is_uuid(job.id):
                raise Unreadable(f"a job '{job.name}' is listed without an id that can be read")
            whole: PMDeploymentJob = yield kind.get(job.id)
            if marker in (whole.description or ""):
                found.append(whole)
    return found


def _may_be_called(listed: Any, name: str) -> bool:
    """Return whether a job may have this name: the list may write it otherwise, or unreadable."""
    text = word_of(listed) if isinstance(listed, str) else None
    if text is None or "\ufffd" in text:
        return True
    words, own = ("".join(one.split()).casefold() for one in (text, name))
    return words in ("", own)


def _refuse_twins(jobs: list[PMDeploymentJob]) -> None:
    if len(jobs) > 1:
        ids = ", ".join(str(job.id) for job in jobs)
        raise Rejected(
            f"the job '{jobs[0].name}' exists {len(jobs)} times: {ids}",
            hint="one of them appeared late; delete all but one",
        )


def unmarked(description: str) -> str:
    """Return a description without its marker."""
    before, mark, after = description.partition(_BEGIN)
    return (before + after.partition("]")[2]).strip() if mark else description


def marker_of(job: PMDeploymentJob) -> str:
    """Return the marker of a job, or an empty text."""
    _, mark, after = (job.description or "").partition(_BEGIN)
    return f"{mark}{after.partition(']')[0]}]" if mark else ""
