"""Parameters of `create_job`, and the rules between them.

The parameters are those of the existing SDK, under its names, and further ones of the vendor's page
[D: cre, get, 3.3, 3.5, 3.12]. The rules check the wire's body, flat as it is before messages and
mails are placed. A rule refuses only what the documentation excludes, what the server would
silently ignore, and what leaves the time of a run open.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, TypedDict
from uuid import UUID

from patchfleet.errors import ConfigError
from patchfleet.qualys.jobs.validators import refused, shown

Ids: TypeAlias = Iterable[str | UUID | None] | str | UUID
Message: TypeAlias = str | Mapping[str, Any]
Match: TypeAlias = Literal["any", "all", "Any", "All"]
Unit: TypeAlias = Literal["HOURS", "MINUTES"]
JobType: TypeAlias = Literal["Install", "Rollback"]
ScheduleType: TypeAlias = Literal["On-demand", "Once", "Daily", "Weekly", "Monthly"]
Actions: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Body: TypeAlias = Mapping[str, Any]


class JobParameters(TypedDict, total=False):
    """Every optional parameter of a deployment job; None counts as not given."""

    description: str | None
    status: Literal["Disabled", "Enabled"] | None
    # Patches and actions
    approvedPatches: Ids | None
    isDynamicPatchesQQL: bool | None
    dynamicQQLType: Literal[0, 1, 2, "0", "1", "2"] | None
    dynamicPatchesQQL: str | None
    additionalDynamicQQLType: Literal[1, 2, "1", "2", ""] | None
    additionalDynamicPatchesQQL: str | None
    linkedJobId: str | UUID | None
    chainedJobRule: Actions | None
    continueOnPatchFailure: bool | None
    preDeployActions: Actions | None
    postDeployActions: Actions | None
    customPatchURLId: int | str | None
    # Assets
    assetIds: Ids | None
    assetTagIds: Ids | None
    matchAllTagIds: Ids | None
    filterType: Match | None
    exclusionAssetIds: Ids | None
    exclusionTagIds: Ids | None
    exclusionFilterType: Match | None
    coAuthorUserIds: Ids | None
    isAssetImported: bool | None
    # Schedule
    startDateTime: str | datetime | None
    recurring: bool | None
    recurringWeekDays: str | None
    dayOfMonth: int | str | None
    recurringLastDayOfMonth: bool | None
    recurringDayOfMonth: int | str | None
    recurringWeekDayOfMonth: int | str | None
    monthlyRecurringType: Literal[0, 1, "0", "1"] | None
    patchTuesdayPlusXDays: int | str | None
    timezoneType: Literal["AGENT_TZ", "SPECIFIC_TZ"] | None
    timezone: str | None
    timeout: int | str | None
    timeoutUnit: Unit | None
    downloadRandomizeTime: int | str | None
    downloadRandomizeTimeUnit: Unit | None
    opportunisticDownloads: bool | None
    # Messages
    preDeployment: Message | None
    duringDeployment: Message | None
    postDeployment: Message | None
    onComplete: Message | None
    deferment: Mapping[str, Any] | None
    rebootOption: Message | None
    rebootCountdown: Message | None
    suppressReboots: bool | None
    rebootHonorOnUserLogin: bool | None
    minimizeWindow: bool | None
    alwaysShowCompletedPrompt: bool | None
    notificationType: bool | None
    notificationConfigRecipientEmail: str | Iterable[str] | None
    notificationConfigCompletedPercentage: int | str | None
    notificationEvents: bool | Mapping[str, bool] | None


class JobChanges(JobParameters, total=False):
    """The parameters of `update_job`: those of a job, and those that every job has."""

    name: str | None
    jobType: JobType | None
    scheduleType: ScheduleType | None


REPEATING: Final = ("Daily", "Weekly", "Monthly")
"""The schedules of jobs that run more than once [D: end]."""

WINDOW_FORM: Final = "1 to 168 HOURS, 1 to 10080 MINUTES, or -1 for none"
"""The form of a job's window, its timeout [D: end] [O: peer]."""
SPREAD_FORM: Final = "0 to 2 HOURS or 0 to 120 MINUTES"
"""The time over which downloads may be spread [O: peer]."""

QUERIES: Final = ("dynamicPatchesQQL", "additionalDynamicPatchesQQL")
"""The queries that choose patches at each run."""

_TARGETS = ("assetIds", "assetTagIds", "matchAllTagIds")
_WORK = ("approvedPatches", *QUERIES, "linkedJobId", "preDeployActions", "postDeployActions")
_MINUTES = {"HOURS": 60, "MINUTES": 1}
_WINDOW = {"HOURS": 168, "MINUTES": 10080}
_SPREAD = {"HOURS": 2, "MINUTES": 120}
_OWN_PLATFORM = {
    "opportunisticDownloads": "Windows",  # [O: peer]
    "alwaysShowCompletedPrompt": "Windows",  # [D: 3.3]
    "continueOnPatchFailure": "Linux",  # [O: peer]
}
_OF_A_MONTH = (
    "dayOfMonth",
    "recurringLastDayOfMonth",
    "recurringDayOfMonth",
    "recurringWeekDayOfMonth",
    "monthlyRecurringType",
    "patchTuesdayPlusXDays",
)
_NO_DAY = "0,0,0,0,0,0,0"
"""A week without a chosen day [O: peer]."""


def check_together(job: Body) -> None:
    """Raise `ConfigError` for given parameters that exclude each other."""
    for rule in _TOGETHER:
        rule(job)


def check_whole(job: Body) -> None:
    """Raise `ConfigError` for parameters that a new job needs and lacks."""
    _check_start(job)
    _check_nth_weekday(job)
    _check_day_is_named(job)
    if job["timezoneType"] == "SPECIFIC_TZ" and not job.get("timezone"):
        raise _missing("timezone", "SPECIFIC_TZ needs one, such as 'America/New_York'")
    if job["status"] == "Enabled":
        _check_enabled(job)


def _missing(parameter: str, reason: str) -> ConfigError:
    return ConfigError(f"{parameter} is missing: {reason}")


def _check_one_source(job: Body) -> None:
    """Refuse more than one of patches by id, by query, and of another job [D: qql]."""
    query = next((name for name in QUERIES if job.get(name)), None)
    sources = ("approvedPatches", query, "linkedJobId")
    given = [name for name in sources if name and job.get(name)]
    if len(given) > 1:
        raise refused(
            given[1],
            job[given[1]],
            f"left out where {given[0]} is given: a job takes its patches from one of "
            "approvedPatches, dynamicPatchesQQL and linkedJobId",
        )


def _check_query(job: Body) -> None:
    """Refuse a query for anything but Install [D: qql], and a flag or a type that denies it."""
    flag = "isDynamicPatchesQQL"
    query = next((name for name in QUERIES if job.get(name)), None)
    if query is None:
        if job.get(flag) and job.get("dynamicPatchesQQL") == "":
            raise refused(flag, job[flag], "False without a dynamicPatchesQQL")
        return
    if job.get("type") == "Rollback":
        raise refused(query, job[query], "left out of a Rollback: a query is for Install only")
    if job.get(flag) is False:
        raise refused(flag, job[flag], f"True where {query} is given")
    if job.get("dynamicPatchesQQL") and job.get("dynamicQQLType") == 0:
        raise refused("dynamicQQLType", 0, "1 (patches) or 2 (vulnerabilities) with a query")
    if query == QUERIES[1] and job.get("dynamicPatchesQQL") == "":
        raise _missing("dynamicPatchesQQL", f"{query} is for a second query beside it")
    if job.get(QUERIES[1]) and job.get("additionalDynamicQQLType") == "":
        raise _missing(
            "additionalDynamicQQLType",
            "with an additionalDynamicPatchesQQL it must be 1 (patches) or 2 (vulnerabilities)",
        )


def _check_platform(job: Body) -> None:
    """Refuse a setting of the other platform; False is accepted if it is the default."""
    platform = job.get("platform")
    for name, own in _OWN_PLATFORM.items():
        if platform is None or platform == own or job.get(name) is None:
            continue
        if job[name] or own == "Linux":
            raise refused(name, job[name], f"left out on {platform}: it is for {own} only")


def _check_days(job: Body) -> None:
    """Refuse the days of another schedule: the job would ignore them and run on others."""
    schedule = job.get("scheduleType")
    if schedule is None:
        return
    if job.get("recurring") and schedule not in REPEATING:
        raise refused("recurring", job["recurring"], f"False for the scheduleType '{schedule}'")
    days = job.get("recurringWeekDays")
    if schedule == "Weekly" and days == _NO_DAY:
        raise refused("recurringWeekDays", days, "flags with a 1 for at least one day")
    if schedule != "Weekly" and days not in (None, _NO_DAY):
        raise refused("recurringWeekDays", days, "left out unless scheduleType is 'Weekly'")
    for name in _OF_A_MONTH if schedule != "Monthly" else ():
        value = job.get(name)
        if value and (name, value) != ("monthlyRecurringType", "0"):
            raise refused(name, value, "left out unless scheduleType is 'Monthly'")


def _check_day_of_month(job: Body) -> None:
    """Refuse two ways to name the day of a month, and an offset from no Patch Tuesday [D: cre]."""
    tuesday = job.get("monthlyRecurringType")
    if job.get("patchTuesdayPlusXDays") and tuesday == "0":
        raise refused(
            "patchTuesdayPlusXDays",
            job["patchTuesdayPlusXDays"],
            "left out unless monthlyRecurringType is 1 (Patch Tuesday)",
        )
    given = _ways_to_a_day(job)
    if len(given) > 1:
        raise refused(
            given[1], job[given[1]], f"left out where {given[0]} names the day of the month"
        )


def _ways_to_a_day(job: Body) -> list[str]:
    names = ["dayOfMonth", "recurringLastDayOfMonth", "recurringDayOfMonth"]
    tuesday = ["monthlyRecurringType"] if job.get("monthlyRecurringType") == "1" else []
    return [name for name in names if job.get(name)] + tuesday


def _check_nth_weekday(job: Body) -> None:
    nth, weekday = job.get("recurringDayOfMonth"), job.get("recurringWeekDayOfMonth")
    if nth and not weekday:
        raise _missing("recurringWeekDayOfMonth", f"recurringDayOfMonth={nth} of which weekday?")
    if weekday and not nth:
        raise _missing("recurringDayOfMonth", f"recurringWeekDayOfMonth={weekday} of which week?")


def _check_day_is_named(job: Body) -> None:
    if job["scheduleType"] == "Weekly" and not job.get("recurringWeekDays"):
        raise _missing("recurringWeekDays", "a Weekly job needs flags such as '0,1,0,0,0,0,0'")
    if job["scheduleType"] == "Monthly" and not _ways_to_a_day(job):
        raise _missing(
            "dayOfMonth",
            "a Monthly job needs it, or recurringLastDayOfMonth, recurringDayOfMonth with "
            "recurringWeekDayOfMonth, or monthlyRecurringType=1",
        )


def _check_start(job: Body) -> None:
    if job["scheduleType"] != "On-demand" and not job.get("startDateTime"):
        raise _missing(
            "startDateTime",
            f"the scheduleType '{job['scheduleType']}' needs one, such as '2022-2-20 01:18:30 PM'",
        )


def _check_zone(job: Body) -> None:
    """Refuse a zone for all machines where each has its own [D: cre]."""
    if job.get("timezone") and job.get("timezoneType") == "AGENT_TZ":
        raise refused(
            "timezone", job["timezone"], "left out with AGENT_TZ, where each agent has its own"
        )


def _check_times(job: Body) -> None:
    """Refuse a window beyond 168 hours [D: end], and downloads not spread within it [O: peer]."""
    window, unit = job.get("timeout"), job.get("timeoutUnit")
    if window is not None and (window == 0 or window > _WINDOW[unit or "MINUTES"]):
        raise refused("timeout", window, WINDOW_FORM)
    spread = job.get("downloadRandomizeTime")
    if spread is None:
        return
    spread_unit = job.get("downloadRandomizeTimeUnit")
    if spread_unit is None:
        raise _missing("downloadRandomizeTimeUnit", f"{shown(spread)} HOURS or MINUTES?")
    if int(spread) > _SPREAD[spread_unit]:
        raise refused("downloadRandomizeTime", f"{spread} {spread_unit}", SPREAD_FORM)
    if window in (None, -1) or unit is None:
        return
    if int(spread) * _MINUTES[spread_unit] >= window * _MINUTES[unit]:
        allowed = f"less than the timeout of {window} {unit}"
        raise refused("downloadRandomizeTime", f"{spread} {spread_unit}", allowed)


def _idle(job: Body, lacks: str, parameters: Iterable[str]) -> ConfigError:
    names = ", ".join(parameters)
    return refused("status", job["status"], f"'Disabled' while there is {lacks}: none of {names}")


def _check_enabled(job: Body) -> None:
    """Refuse to enable a job with nothing to do, or nothing to do it on [D: end]."""
    if not any(job.get(name) for name in _WORK):
        raise _idle(job, "nothing to do", _WORK)
    if not any(job.get(name) for name in _TARGETS):
        raise _idle(job, "no target", _TARGETS)


_TOGETHER: Final[tuple[Callable[[Body], None], ...]] = (
    _check_one_source,
    _check_query,
    _check_platform,
    _check_days,
    _check_day_of_month,
    _check_zone,
    _check_times,
)
