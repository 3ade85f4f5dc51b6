"""Body of a deployment job: parameters checked, each field in its place on the wire [D: cre].

The result can be sent as it is; invalid parameters raise `ConfigError` before anything is sent.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, Unpack
from zoneinfo import ZoneInfo

from patchfleet.qualys.ids import asset_uuids, uuid_or_blank, uuids
from patchfleet.qualys.jobs import messages
from patchfleet.qualys.jobs.rules import (
    QUERIES,
    REPEATING,
    SPREAD_FORM,
    WINDOW_FORM,
    JobChanges,
    JobParameters,
    JobType,
    ScheduleType,
    check_together,
    check_whole,
)
from patchfleet.qualys.jobs.validators import (
    Validator,
    digits,
    digits_or_none,
    line,
    local_text,
    refused,
    start,
    text,
    truth,
    unknown,
    week_days,
    whole_number,
    word,
    zone,
)
from patchfleet.qualys.query import checked_query


def _query(parameter: str, value: object) -> str:
    return checked_query(text(parameter, value), parameter)


def _other_query_type(parameter: str, value: object) -> str:
    return "" if value == "" else str(digits(1, 2)(parameter, value))


_UNIT = word("HOURS", "MINUTES")
_MATCH = word("Any", "All")

READERS: Final[Mapping[str, Validator]] = {
    "name": line,
    "jobType": word("Install", "Rollback"),
    "scheduleType": word("On-demand", "Once", *REPEATING),
    "description": text,
    "status": word("Disabled", "Enabled"),
    "approvedPatches": uuids,
    "isDynamicPatchesQQL": truth,
    "dynamicQQLType": whole_number(0, 2),
    "dynamicPatchesQQL": _query,
    "additionalDynamicQQLType": _other_query_type,
    "additionalDynamicPatchesQQL": _query,
    "linkedJobId": uuid_or_blank,
    "chainedJobRule": messages.chain,
    "continueOnPatchFailure": truth,
    "preDeployActions": messages.actions,
    "postDeployActions": messages.actions,
    "customPatchURLId": whole_number(1),
    "assetIds": asset_uuids,
    "assetTagIds": uuids,
    "matchAllTagIds": uuids,
    "filterType": _MATCH,
    "exclusionAssetIds": asset_uuids,
    "exclusionTagIds": uuids,
    "exclusionFilterType": _MATCH,
    "coAuthorUserIds": uuids,
    "isAssetImported": truth,
    "startDateTime": start,
    "recurring": truth,
    "recurringWeekDays": week_days,
    "dayOfMonth": digits_or_none(0, 31),
    "recurringLastDayOfMonth": truth,
    "recurringDayOfMonth": digits(1, 5),
    "recurringWeekDayOfMonth": digits(0, 6),
    "monthlyRecurringType": digits(0, 1),
    "patchTuesdayPlusXDays": digits_or_none(-27, 27),
    "timezoneType": word("AGENT_TZ", "SPECIFIC_TZ"),
    "timezone": zone,
    "timeout": whole_number(-1, 10080, allowed=WINDOW_FORM),
    "timeoutUnit": _UNIT,
    "downloadRandomizeTime": digits(0, 120, allowed=SPREAD_FORM),
    "downloadRandomizeTimeUnit": _UNIT,
    "opportunisticDownloads": truth,
    "preDeployment": messages.pre_deployment,
    "duringDeployment": messages.during_deployment,
    "postDeployment": messages.post_deployment,
    "deferment": messages.deferment,
    **messages.REBOOT,
    "minimizeWindow": truth,
    "alwaysShowCompletedPrompt": truth,
    **messages.NOTIFICATION,
}
"""The validator of each parameter [D: cre, get] [O: peer]."""

_EMPTY: Final = (
    "approvedPatches",
    "assetIds",
    "assetTagIds",
    "matchAllTagIds",
    "exclusionAssetIds",
    "exclusionTagIds",
    "coAuthorUserIds",
)
DEFAULTS: Final[Mapping[str, Any]] = {
    "description": "",
    "status": "Disabled",
    "filterType": "Any",
    "exclusionFilterType": "Any",
    "recurringLastDayOfMonth": False,
    "timezoneType": "AGENT_TZ",
    "timeout": -1,
    "timeoutUnit": "HOURS",
    "minimizeWindow": False,
    "isDynamicPatchesQQL": False,
    "dynamicQQLType": 0,
    "dynamicPatchesQQL": "",
    "additionalDynamicQQLType": "",
    "additionalDynamicPatchesQQL": "",
    "linkedJobId": "",
}
"""Defaults of a new job: unset lists and texts are sent empty [D: 3.5]."""

_NESTED: Final = ("preDeployment", "duringDeployment", "postDeployment", "notification")


def create_body(
    platform: Literal["Windows", "Linux"],
    name: str,
    jobType: JobType,
    scheduleType: ScheduleType,
    **parameters: Unpack[JobParameters],
) -> dict[str, Any]:
    """Return the body that creates a job; raise `ConfigError` if a rule is broken.

    By default the job is disabled, matches any tag, has no window and keeps the time of each agent;
    Rollback is for both platforms [D: cre, 3.3, qql, end].
    """
    given = {"name": name, "jobType": jobType, "scheduleType": scheduleType, **parameters}
    chosen = word("Windows", "Linux")("platform", platform)
    read = {"platform": chosen, **_read("create_job", given)}
    known = {key: value for key, value in read.items() if value is not None}
    if known.get("dynamicPatchesQQL"):
        known.setdefault("dynamicQQLType", 1)
    if any(part in known for part in messages.NOTIFICATION):
        known.setdefault("notificationType", True)
    job = {**_defaults(chosen, known["scheduleType"]), **known}
    check_together(job)
    check_whole(job)
    body = _placed(job)
    body.setdefault("postDeployment", {}).setdefault("suppressReboots", False)
    return body


def job_changes(**changes: Unpack[JobChanges]) -> dict[str, Any]:
    """Return what `update_job` changes in a job; raise `ConfigError` if a rule is broken.

    Only given parameters are checked and returned, without defaults; rules that need the rest of
    the job are the server's. A job's platform cannot change. See `with_changes` [D: upd].
    """
    job = _read("update_job", changes)
    check_together(job)
    if job.get("timezoneType") == "AGENT_TZ":
        job["timezone"] = None
    return _placed(job)


def with_changes(job: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job's body with `changes` applied; parts of a message that they omit stay.

    `PATCH` replaces a named field as a whole: without this, a new reboot message would remove the
    deferment beside it.
    """
    body = {**job, **changes}
    for name in _NESTED:
        if name in changes:
            body[name] = _merged(job.get(name), changes[name])
    if body.get("dynamicPatchesQQL") and not body.get("dynamicQQLType"):
        body["dynamicQQLType"] = 1
    return body


def _merged(before: Any, after: Any) -> Any:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return after
    return {**before, **{name: _merged(before.get(name), after[name]) for name in after}}


def _read(operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read every value, and add flags that follow: a query is one, a zone is specific."""
    for name in given:
        if name not in READERS:
            raise unknown(operation, name, READERS)
    job: dict[str, Any] = {
        name: READERS[name](name, value) for name, value in given.items() if value is not None
    }
    if "jobType" in job:
        job["type"] = job.pop("jobType")
    if any(job.get(query) for query in QUERIES):
        job.setdefault("isDynamicPatchesQQL", True)
    elif "dynamicPatchesQQL" in job:
        job.setdefault("isDynamicPatchesQQL", False)
    if "timezone" in job:
        job.setdefault("timezoneType", "SPECIFIC_TZ")
    if isinstance(job.get("startDateTime"), datetime):
        job["startDateTime"] = _local(job["startDateTime"], job.get("timezone"))
    return job


def _local(moment: datetime, zone_name: str | None) -> str:
    """Return a moment in the job's zone; without one, every agent would have its own moment."""
    if zone_name is None:
        raise refused("startDateTime", moment, "without a time zone, unless timezone names one")
    try:
        return local_text(moment.astimezone(ZoneInfo(zone_name)))
    except OverflowError:
        raise refused("startDateTime", moment, f"a moment that exists in {zone_name}") from None


def _defaults(platform: str, schedule: str) -> dict[str, Any]:
    of_this = {"opportunisticDownloads": False}
    if platform == "Linux":
        of_this = {"continueOnPatchFailure": True}
    of_month = {"monthlyRecurringType": "0"} if schedule == "Monthly" else {}
    empty: dict[str, Any] = {name: [] for name in _EMPTY}
    return {**DEFAULTS, **empty, **of_this, **of_month, "recurring": schedule in REPEATING}


def _placed(job: dict[str, Any]) -> dict[str, Any]:
    messages.place_messages(job)
    messages.place_notification(job)
    return job
