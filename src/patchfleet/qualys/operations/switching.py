"""Enabling, disabling and deletion of several jobs: each of them is read back.

The result is by requested id: an id that the answer does not name is no success, and an unreadable
answer is no failure.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from patchfleet.errors import ConfigError, NotFound, VendorError
from patchfleet.qualys.records.base_list import BaseList
from patchfleet.qualys.records.jobs import JobChange, PMDeploymentJob
from patchfleet.transport.operation import Change, Operation, Outcome, Sight, Steps, Wanted

STATUS = {"confirmed": "success", "failed": "failed", "unknown": "unknown"}
"""The status of a change of one job, by the certainty of its result."""


def switching(
    send: Operation[BaseList[JobChange]],
    ids: Sequence[str],
    *,
    asked: Mapping[str, Any],
    get: Callable[[str], Operation[PMDeploymentJob]],
    is_so: Callable[[PMDeploymentJob | None], bool],
    all_jobs: Callable[[], Steps[Sequence[Any]]],
) -> Change[BaseList[JobChange]]:
    """Change some jobs with one call; `is_so` returns whether a job (None if gone) is as wanted.

    The call is idempotent, so it is sent again if none of the jobs is changed. A job is gone if it
    is not found and not in `all_jobs` either: one "not found" is no proof.
    """

    def look(answer: BaseList[JobChange] | None) -> Steps[Mapping[str, Sight]]:
        reply = {str(one.id).lower(): one for one in answer or ()}
        sights: dict[str, Sight] = {}
        listed: set[str] | None = None
        for one in ids:
            try:
                job: PMDeploymentJob | None = yield get(one)
            except NotFound:
                job = None
                if listed is None:
                    listed = {str(there.id).lower() for there in (yield from all_jobs())}
                if one.lower() in listed:
                    sights[one] = Sight("unclear", "it is listed, and is not found")
                    continue
            except VendorError as error:
                sights[one] = Sight("unclear", f"reading it back failed: {error.message}")
                continue
            sights[one] = _sight(job, reply.get(one.lower()), is_so=is_so(job))
        return sights

    return Change(
        Wanted("qualys", send.name, items=tuple(ids), asked=dict(asked)),
        send,
        look,
        _concluded,
        "look at the jobs before you repeat this: `patchfleet qualys job ID`",
    )


def _concluded(outcome: Outcome[BaseList[JobChange]]) -> BaseList[JobChange] | None:
    """Return the result of each job; None if the answer is unreadable and none is done."""
    done = any(one.verdict == "done" for one in outcome.sights.values())
    if not outcome.sights or (outcome.error is not None and not done):
        return None
    reply = {str(one.id).lower(): one for one in outcome.answer or ()}
    return BaseList(
        _changed(one, reply.get(one.lower()), sight, STATUS[outcome.claim(sight)])
        for one, sight in outcome.sights.items()
    )


def _sight(job: PMDeploymentJob | None, reply: JobChange | None, *, is_so: bool) -> Sight:
    now = {"status": None if job is None else job.status}
    name = None if job is None else job.name
    if is_so:
        return Sight("done", now=now, found=name)
    words = "there is no such job" if job is None else f"it is {job.status}"
    refusal = reply is not None and str(reply.status).casefold() not in ("success", "none")
    if reply is not None and refusal:
        words = reply.message or f"Qualys reports {reply.status}"
        return Sight("refused", str(words), now, name)
    return Sight("unclear" if job is None else "not done", words, now, name)


def _changed(one: str, reply: JobChange | None, sight: Sight, status: str) -> JobChange:
    """Return the result of one job; the vendor's own words for a refusal stay."""
    name = sight.found or (reply.name if reply is not None else None)
    if sight.verdict == "refused" and reply is not None:
        status = str(reply.status)
    message = None if sight.verdict == "done" else sight.words
    return JobChange(id=one, name=name, status=status, message=message)


def some(ids: list[str]) -> list[str]:
    """Return the ids, each once; raise `ConfigError` for none."""
    if not ids:
        raise ConfigError("no job is named", hint="give a jobId, or several")
    return list(dict.fromkeys(ids))
