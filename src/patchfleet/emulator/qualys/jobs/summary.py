"""JSON rows of the list of jobs, with the list's own fields and types.

The list differs from the body of one job on purpose: tags are objects and excluded tags bare ids,
counts may be text, days are text and other choices numbers [O: peer].
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from patchfleet.emulator.qualys.jobs.job import Job, Result
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.targeting import is_tagged, targets
from patchfleet.emulator.qualys.timestamps import milliseconds

_AS_IN_THE_BODY = (
    "name", "type", "status", "platform", "scheduleType", "startDateTime", "timezoneType",
    "timezone", "isDynamicPatchesQQL", "isAssetImported", "recurringLastDayOfMonth",
    "recurringWeekDays", "dayOfMonth", "recurringDayOfMonth", "recurringWeekDayOfMonth",
    "dynamicQQLType", "dynamicPatchesQQL", "linkedJobId", "filterType", "exclusionFilterType",
    "exclusionAssetIds", "coAuthorUserIds",
)  # fmt: skip
_NUMBERS = ("monthlyRecurringType", "patchTuesdayPlusXDays")


def moment(when: datetime | None) -> int | None:
    """Return a time in the vendor's format, None for None."""
    return None if when is None else milliseconds(when)


def row(registry: JobRegistry, job: Job) -> dict[str, Any]:
    """Return the list row of a job."""
    body = job.body
    return {
        "id": job.id,
        "customerId": registry.state.customer_id,
        "schemaVersion": "1.0",
        **{name: body[name] for name in _AS_IN_THE_BODY},
        **{name: None if body[name] is None else int(body[name]) for name in _NUMBERS},
        "created": _stamp(job, job.created_at),
        "updated": _stamp(job, job.updated_at),
        "nextScheduleDateTime": _next(registry, job),
        "lastScheduleDateTime": moment(job.runs[-1].scheduled_at) if job.runs else None,
        "isRecurring": job.timetable.is_recurring,
        "readOnly": False,
        "deleted": False,
        "isPriorityJob": False,
        "isVulnContext": body["dynamicQQLType"] == 2,
        "customPatchUrlConfigured": body["customPatchURLId"] is not None,
        "triggerStatus": int(bool(job.runs)),
        "jobSource": 0,
        "category": 0,
        "subCategory": None,
        "mitigationActionCount": 0,
        "linkedJobReferenceCount": len(registry.linked_to(job)),
        "tags": _tags(registry, body),
        "exclusionTags": body["exclusionTagIds"],
        "disabledPatches": None,
        "matchAllTags": body["matchAllTagIds"],
        "additionalQQLS": _more_queries(body),
        "remediationQids": None,
        **_counts(registry, job),
    }


def _stamp(job: Job, when: datetime) -> dict[str, Any]:
    return {"date": moment(when), "user": dict(job.author)}


def _next(registry: JobRegistry, job: Job) -> int | None:
    if job.next_local is None or not job.is_enabled:
        return None
    return moment(registry.lifecycle.first_begin(job, job.next_local))


def _tags(registry: JobRegistry, body: Mapping[str, Any]) -> list[dict[str, str]]:
    known = registry.state.tags
    return [{"id": tag, "name": known[tag].name} for tag in body["assetTagIds"] or ()]


def _more_queries(body: Mapping[str, Any]) -> list[str] | None:
    query = body["additionalDynamicPatchesQQL"]
    return [query] if query else None


def _counts(registry: JobRegistry, job: Job) -> dict[str, Any]:
    """Return the counts; in every second job some are text, which a client must accept."""
    body, now, run = job.body, registry.state.now, job.runs[-1] if job.runs else None
    results = list(run.results.values()) if run else []
    assets = [one.asset for one in results] if run else targets(registry.state, body)
    received = sum(one.step(now).is_final for one in results)
    explicit = body["approvedPatches"]
    as_sent = str if job.number % 2 else int
    return {
        "assetCount": len(body["assetIds"] or ()),
        "taggedAssetCount": sum(is_tagged(asset, body) for asset in assets),
        "patchCount": run.patch_count if run else len(explicit) if explicit else None,
        "totalAssetCount": as_sent(len(assets)),
        "applicableAssetCount": as_sent(sum(_is_applicable(one, now) for one in results)),
        "assetResultReceivedCount": as_sent(received),
        "completionPercent": as_sent(_percent(received, len(assets))) if run else None,
    }


def _is_applicable(result: Result, now: datetime) -> bool:
    """Return whether a patch of the job applies to the asset, as far as known."""
    if result.plan is None or result.begins_at > now:
        return False
    buckets = result.plan.buckets
    return buckets.count > len(buckets.not_applicable)


def _percent(part: int, whole: int) -> int:
    return 100 * part // whole if whole else 0
