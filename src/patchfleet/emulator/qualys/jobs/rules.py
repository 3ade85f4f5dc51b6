"""Cross-field rules of a job's body; each is a function that refuses with 400.

A message begins with the field it is about. [D: cre, qql, lin, sch, end, 3.3; ranges O: peer] Which
rules the vendor itself enforces, and with which messages, is unknown: here every documented one is
enforced.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from patchfleet.emulator.qualys.jobs.body_schema import UNIT_MINUTES, invalid
from patchfleet.emulator.qualys.jobs.recurrence import RUN_ONCE, local_time, month_day
from patchfleet.emulator.qualys.jobs.targeting import matching
from patchfleet.emulator.qualys.request import Refused
from patchfleet.emulator.qualys.state import SubscriptionState

Body = Mapping[str, Any]


class Known(Protocol):
    """The parts of the account that rules use: the subscription and the other jobs."""

    state: SubscriptionState

    def body_of(self, job_id: str) -> Body | None:
        """Return the body of another job that exists."""


def check(known: Known, body: Body) -> None:
    """Refuse a body that breaks any rule."""
    for rule in _RULES:
        rule(known, body)


def check_ready(body: Body) -> None:
    """Refuse to enable a job without work or without assets [D: end]."""
    if not has_work(body):
        raise invalid(
            "status", "Enabled needs approvedPatches, a QQL, a linkedJobId or a pre or post action"
        )
    if not any(body[name] for name in ("assetIds", "assetTagIds", "matchAllTagIds")):
        raise invalid("status", "Enabled needs at least one asset or tag in assetIds, assetTagIds")


def has_work(body: Body) -> bool:
    """Return whether a job has anything to do."""
    names = ("approvedPatches", "linkedJobId", "preDeployActions", "postDeployActions")
    return body["isDynamicPatchesQQL"] or any(body[name] for name in names)


def _mandatory(_: Known, body: Body) -> None:
    for name in ("type", "scheduleType", "platform"):
        if body[name] is None:
            raise invalid(name, "is mandatory")
    if not (body["name"] or "").strip():
        raise invalid("name", "is mandatory and cannot be blank")


def _start(_: Known, body: Body) -> None:
    starts = body["startDateTime"]
    if starts is None:
        if body["scheduleType"] != "On-demand":
            raise invalid("startDateTime", f"is mandatory for a {body['scheduleType']} job")
        return
    try:
        local_time(starts)
    except ValueError:
        raise invalid(
            "startDateTime", f"{starts!r} is not in the form 2022-2-20 01:18:30 PM"
        ) from None


def _recurrence(_: Known, body: Body) -> None:
    kind = body["scheduleType"]
    if kind in RUN_ONCE and body["recurring"]:
        raise invalid("recurring", f"cannot be true for a job that runs once ({kind})")
    if kind == "Weekly" and "1" not in (body["recurringWeekDays"] or ""):
        raise invalid("recurringWeekDays", "a Weekly job needs at least one day set to 1")
    if bool(body["recurringDayOfMonth"]) != bool(body["recurringWeekDayOfMonth"]):
        raise invalid("recurringDayOfMonth", "goes together with recurringWeekDayOfMonth")
    plus_days = int(body["patchTuesdayPlusXDays"] or 0)
    if plus_days and body["monthlyRecurringType"] != "1":
        raise invalid("patchTuesdayPlusXDays", "needs monthlyRecurringType 1")
    if kind == "Monthly":
        try:
            month_day(body)
        except ValueError as problem:
            raise invalid("dayOfMonth", str(problem)) from problem


def _zone(_: Known, body: Body) -> None:
    zone = body["timezone"]
    if body["timezoneType"] == "AGENT_TZ":
        if zone:
            raise invalid("timezone", "cannot be given with timezoneType AGENT_TZ")
        return
    try:
        ZoneInfo(zone or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise invalid(
            "timezone", f"{zone!r} is not a time zone; timezoneType SPECIFIC_TZ needs one"
        ) from None


def _window(_: Known, body: Body) -> None:
    timeout, unit = body["timeout"], body["timeoutUnit"]
    if timeout != -1:
        if unit is None:
            raise invalid("timeoutUnit", "is needed with timeout")
        limit = 168 * 60 // UNIT_MINUTES[unit]
        if not 1 <= timeout <= limit:
            raise invalid("timeout", f"{timeout} is not between 1 and {limit} {unit}, nor -1")
    _randomizing(body)


def _randomizing(body: Body) -> None:
    spread, unit = body["downloadRandomizeTime"], body["downloadRandomizeTimeUnit"]
    if not int(spread or 0):
        return
    if unit is None:
        raise invalid("downloadRandomizeTimeUnit", "is needed with downloadRandomizeTime")
    minutes = int(spread) * UNIT_MINUTES[unit]
    if minutes > 120:
        raise invalid("downloadRandomizeTime", f"{spread} {unit} is more than 2 hours")
    window = window_minutes(body)
    if window is not None and minutes >= window:
        raise invalid("downloadRandomizeTime", "must be shorter than timeout")


def window_minutes(body: Body) -> int | None:
    """Return the length of the patch window, None without an end."""
    return None if body["timeout"] == -1 else body["timeout"] * UNIT_MINUTES[body["timeoutUnit"]]


def _platform(_: Known, body: Body) -> None:
    windows_only = ("opportunisticDownloads", "alwaysShowCompletedPrompt")
    if body["platform"] == "Linux":
        for name in windows_only:
            if body[name]:
                raise invalid(name, "is for Windows jobs only")
    elif body["continueOnPatchFailure"] is False:
        raise invalid("continueOnPatchFailure", "is for Linux jobs only")


def _one_source(_: Known, body: Body) -> None:
    """Refuse more than one of explicit patches, QQL and another job's patches [D: qql]."""
    given = [
        name for name in ("approvedPatches", "isDynamicPatchesQQL", "linkedJobId") if body[name]
    ]
    if len(given) > 1:
        raise invalid(given[1], f"cannot be used together with {given[0]}")


def _queries(known: Known, body: Body) -> None:
    query, kind = body["dynamicPatchesQQL"], body["dynamicQQLType"]
    if not body["isDynamicPatchesQQL"]:
        if query:
            raise invalid("dynamicPatchesQQL", "needs isDynamicPatchesQQL true")
        if body["additionalDynamicPatchesQQL"]:
            raise invalid("additionalDynamicPatchesQQL", "needs isDynamicPatchesQQL true")
        return
    if body["type"] == "Rollback":
        raise invalid("isDynamicPatchesQQL", "a QQL is for Install jobs only, not Rollback")
    if kind == 0:
        raise invalid("dynamicQQLType", "must be 1 or 2 when isDynamicPatchesQQL is true")
    if not query:
        raise invalid("dynamicPatchesQQL", "is needed when isDynamicPatchesQQL is true")
    if bool(body["additionalDynamicPatchesQQL"]) != bool(body["additionalDynamicQQLType"]):
        raise invalid("additionalDynamicQQLType", "goes together with additionalDynamicPatchesQQL")
    names = ("dynamicPatchesQQL", "additionalDynamicPatchesQQL")
    for name, (text, text_kind) in zip(names, queries(body), strict=False):
        try:
            matching(known.state, text, text_kind, body["platform"])
        except Refused as refusal:
            raise invalid(name, refusal.message) from refusal


def queries(body: Body) -> list[tuple[str, int]]:
    """Return the queries of a QQL job with their types: 1 patches, 2 vulnerabilities."""
    found = [(body["dynamicPatchesQQL"], body["dynamicQQLType"])]
    if body["additionalDynamicPatchesQQL"]:
        found.append((body["additionalDynamicPatchesQQL"], int(body["additionalDynamicQQLType"])))
    return found


def _targets(known: Known, body: Body) -> None:
    state, platform = known.state, body["platform"]
    for name in ("assetIds", "exclusionAssetIds"):
        for one in body[name] or ():
            asset = state.assets.get(one)
            if asset is None:
                raise invalid(name, f"there is no asset {one}")
            if asset.platform != platform:
                raise invalid(name, f"asset {one} is {asset.platform}, the job {platform}")
    for name in ("assetTagIds", "matchAllTagIds", "exclusionTagIds"):
        for one in body[name] or ():
            if one not in state.tags:
                raise invalid(name, f"there is no tag {one}")


def _patches(known: Known, body: Body) -> None:
    for one in body["approvedPatches"] or ():
        patch = known.state.patches.get(one)
        if patch is None or patch.platform != body["platform"]:
            raise invalid("approvedPatches", f"there is no {body['platform']} patch {one}")


def _other_jobs(known: Known, body: Body) -> None:
    linked = body["linkedJobId"]
    if linked:
        parent = known.body_of(linked)
        if parent is None:
            raise invalid("linkedJobId", f"there is no job {linked}")
        if parent["platform"] != body["platform"]:
            raise invalid("linkedJobId", f"job {linked} is for {parent['platform']}")
        if parent["linkedJobId"]:
            raise invalid("linkedJobId", f"job {linked} is itself linked to another")
    for rule in body["chainedJobRule"] or ():
        parent_id = rule.get("jobId") or linked
        if not rule.get("field"):
            raise invalid("chainedJobRule", "each rule needs a field")
        if parent_id is None or known.body_of(parent_id) is None:
            raise invalid("chainedJobRule", f"there is no parent job {parent_id}")


_RULES: tuple[Callable[[Known, Body], None], ...] = (
    _mandatory,
    _start,
    _recurrence,
    _zone,
    _window,
    _platform,
    _one_source,
    _queries,
    _targets,
    _patches,
    _other_jobs,
)
