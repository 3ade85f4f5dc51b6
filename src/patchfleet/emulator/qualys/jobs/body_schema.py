"""Fields of a job's body: names, positions and allowed values.

One table, for reading and for writing. A field is known only where the vendor's pages place it;
anything else in a body is ignored and not stored, as a Java service does with unknown properties.
The order is that of the vendor's sample to its end, then the emulator's [D: get, cre, 3.3, 3.5,
3.12, upd; the rest O: peer].

Choice: a number instead of a documented text, and digits instead of a number, are accepted, because
public clients send both; what is sent back always has the documented type.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from patchfleet.emulator.qualys.request import Refused

Reader = Callable[[str, Any], Any]
"""Takes the field's name and a value that is not null; returns the value to store, or refuses."""

SCHEDULES = ("On-demand", "Once", "Daily", "Weekly", "Monthly")
HOURS_MINUTES = ("HOURS", "MINUTES")
UNIT_MINUTES = {"MINUTES": 1, "HOURS": 60, "DAYS": 1440}
DEFERRAL_LIMIT_MINUTES = 168 * 60
"""All deferrals of a restart together [D: faq]."""

_WEEK_DAYS = re.compile(r"\s*[01](\s*,\s*[01]){6}\s*")


def invalid(field: str, what: str) -> Refused:
    """Return the refusal of a bad field: 400, with a code that is a choice."""
    return Refused(400, "1400", f"{field}: {what}")


def text(field: str, value: Any) -> str:
    """Accept text, or a number as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise invalid(field, f"must be text, not {_kind(value)}")
    return value


def word(*allowed: str) -> Reader:
    """Return a reader of one of some words, with exactly their case."""

    def read(field: str, value: Any) -> str:
        if value not in allowed or not isinstance(value, str):
            raise invalid(field, f"{value!r} is not allowed, only {', '.join(allowed)}")
        return value

    return read


def any_case(*allowed: str) -> Reader:
    """Return a reader of one of some words in any case; it stores the documented form."""
    spelled = {one.casefold(): one for one in allowed}
    exactly = word(*allowed)
    return lambda field, value: exactly(
        field, spelled.get(value.casefold(), value) if isinstance(value, str) else value
    )


def blank_or(reader: Reader) -> Reader:
    """Return a reader that accepts an empty text as unset [D: 3.5]."""
    return lambda field, value: None if value == "" else reader(field, value)


def flag(field: str, value: Any) -> bool:
    """Accept true and false, also as text."""
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise invalid(field, f"must be true or false, not {value!r}")
    return value


def whole(low: int, high: int) -> Reader:
    """Return a reader of whole numbers from `low` to `high`."""

    def read(field: str, value: Any) -> int:
        digits = str(value).strip()
        if isinstance(value, bool | float) or not re.fullmatch(r"-?\d{1,9}", digits):
            raise invalid(field, f"must be a whole number, not {value!r}")
        if not low <= int(digits) <= high:
            raise invalid(field, f"{digits} is not between {low} and {high}")
        return int(digits)

    return read


def digits_between(low: int, high: int) -> Reader:
    """Return a reader of whole numbers that the vendor stores as text."""
    number = whole(low, high)
    return lambda field, value: str(number(field, value))


def guids(field: str, value: Any) -> list[str] | None:
    """Accept a list of GUIDs; an empty one is unset."""
    if not isinstance(value, list):
        raise invalid(field, f"must be a list of ids, not {_kind(value)}")
    return [guid(field, one) for one in value] or None


def guid(field: str, value: Any) -> str:
    """Accept one GUID, in the usual form with hyphens."""
    try:
        if isinstance(value, str) and len(value) == 36:
            return str(uuid.UUID(value))
    except ValueError:
        pass
    raise invalid(field, f"{value!r} is not a GUID")


def week_days(field: str, value: Any) -> str:
    """Accept seven flags 0 or 1 with commas between, Sunday first [D: cre; O: peer]."""
    if not isinstance(value, str) or not _WEEK_DAYS.fullmatch(value):
        raise invalid(field, f"{value!r} is not seven flags such as 0,1,0,0,0,0,0")
    return ",".join(flag.strip() for flag in value.split(","))


def actions(field: str, value: Any) -> Any:
    """Accept an object or a list of objects; which of them the vendor expects is unknown."""
    if isinstance(value, dict) or (
        isinstance(value, list) and all(isinstance(one, dict) for one in value)
    ):
        return value or None
    raise invalid(field, f"must be an object or a list of objects, not {_kind(value)}")


def chain_rules(field: str, value: Any) -> list[dict[str, Any]] | None:
    """Accept a list of rules; their keys but `field` are a choice, see `scheduler`."""
    if not isinstance(value, list):
        raise invalid(field, f"must be a list of rules, not {_kind(value)}")
    return [_CHAIN_RULE(field, rule) for rule in value] or None


def part(**known: Reader) -> Reader:
    """Return a reader of an object with known keys; others are dropped."""

    def read(field: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid(field, f"must be an object, not {_kind(value)}")
        return {
            key: reader(f"{field}.{key}", value[key])
            for key, reader in known.items()
            if value.get(key) is not None
        }

    return read


def deferment(field: str, value: Any) -> dict[str, Any]:
    """Accept the number and length of a user's deferrals; 168 hours in all."""
    put_off: dict[str, Any] = _DEFERMENT(field, value)
    if {"count", "interval", "intervalUnit"} - put_off.keys():
        raise invalid(field, "needs count, interval and intervalUnit")
    if minutes_put_off(put_off) > DEFERRAL_LIMIT_MINUTES:
        raise invalid(field, "all deferrals together may last 168 hours at most")
    return put_off


def minutes_put_off(put_off: Mapping[str, Any]) -> int:
    """Return how many minutes all deferrals together may last."""
    return int(put_off["count"] * put_off["interval"] * UNIT_MINUTES[put_off["intervalUnit"]])


def _one_text_of_addresses(field: str, value: Any) -> str:
    """Accept one text with comma-separated addresses [D: 3.12]."""
    if not isinstance(value, str):
        raise invalid(field, f"must be one text with commas between, not {_kind(value)}")
    for address in filter(None, map(str.strip, value.split(","))):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
            raise invalid(field, f"{address!r} is not an address")
    return value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(value), "a number")


_CHAIN_RULE = part(
    field=text,
    operator=word(">=", ">", "<=", "<", "="),
    value=whole(0, 100),
    jobId=guid,
)
_UNIT = word(*UNIT_MINUTES)
_DEFERMENT = part(count=whole(0, 1_000), interval=whole(1, 10_080), intervalUnit=_UNIT)
_message = partial(part, userMessage=text, description=text)
_put_off = partial(_message, deferment=deferment)

FIELDS: Mapping[str, Reader] = {
    "name": text,
    "description": text,
    "type": word("Install", "Rollback"),
    "status": word("Enabled", "Disabled"),
    "platform": word("Windows", "Linux"),
    "assetIds": guids,
    "exclusionAssetIds": guids,
    "assetTagIds": guids,
    "matchAllTagIds": guids,
    "exclusionTagIds": guids,
    "filterType": any_case("Any", "All"),
    "exclusionFilterType": any_case("Any", "All"),
    "coAuthorUserIds": guids,
    "approvedPatches": guids,
    "scheduleType": word(*SCHEDULES),
    "startDateTime": blank_or(text),
    "recurring": flag,
    "dayOfMonth": blank_or(digits_between(0, 31)),
    "recurringLastDayOfMonth": flag,
    "monthlyRecurringType": blank_or(digits_between(0, 1)),
    "patchTuesdayPlusXDays": blank_or(digits_between(-27, 27)),
    "recurringDayOfMonth": blank_or(digits_between(1, 5)),
    "recurringWeekDayOfMonth": blank_or(digits_between(0, 6)),
    "recurringWeekDays": blank_or(week_days),
    "timezoneType": word("AGENT_TZ", "SPECIFIC_TZ"),
    "timezone": blank_or(text),
    "timeout": whole(-1, 10_080),
    "timeoutUnit": blank_or(word(*HOURS_MINUTES)),
    "downloadRandomizeTime": blank_or(digits_between(0, 120)),
    "downloadRandomizeTimeUnit": blank_or(word(*HOURS_MINUTES)),
    "opportunisticDownloads": flag,
    "minimizeWindow": flag,
    "isDynamicPatchesQQL": flag,
    "dynamicQQLType": whole(0, 2),
    "dynamicPatchesQQL": blank_or(text),
    "additionalDynamicQQLType": blank_or(digits_between(1, 2)),
    "additionalDynamicPatchesQQL": blank_or(text),
    "linkedJobId": blank_or(guid),
    "chainedJobRule": chain_rules,
    "isAssetImported": flag,
    "continueOnPatchFailure": flag,
    "preDeployActions": actions,
    "postDeployActions": actions,
    "alwaysShowCompletedPrompt": flag,
    "customPatchURLId": blank_or(whole(1, 999_999_999)),
    "preDeployment": _put_off(),
    "duringDeployment": _message(),
    "postDeployment": _message(
        suppressReboots=flag,
        rebootHonorOnUserLogin=flag,
        rebootOption=_put_off(),
        rebootCountdown=_message(interval=whole(1, 10_080), intervalUnit=_UNIT),
        onComplete=_message(),
    ),
    "notification": part(
        notificationTypes=part(email=flag),
        notificationConfigs=part(
            recipientEmails=_one_text_of_addresses, completedPercentage=whole(1, 100)
        ),
        notificationEvents=part(onJobStart=flag, onJobComplete=flag),
    ),
}

UNSET: Mapping[str, Any] = {
    **dict.fromkeys(FIELDS),
    "description": "",
    "status": "Disabled",
    "filterType": "Any",
    "exclusionFilterType": "Any",
    "recurring": False,
    "recurringLastDayOfMonth": False,
    "monthlyRecurringType": "0",
    "timezoneType": "AGENT_TZ",
    "timeout": -1,
    "opportunisticDownloads": False,
    "minimizeWindow": False,
    "isDynamicPatchesQQL": False,
    "dynamicQQLType": 0,
    "isAssetImported": False,
    "alwaysShowCompletedPrompt": False,
}
"""Values of fields that are not set: null for lists [D: get], documented or chosen defaults.
"""


def read_fields(body: Any) -> dict[str, Any]:
    """Return the known fields of a body, in their stored form; refuse bad ones with 400.

    A null counts as given: it unsets the field.
    """
    if not isinstance(body, dict):
        raise invalid("body", "must be a JSON object")
    return {
        name: UNSET[name] if body[name] is None else _read(name, body[name])
        for name in FIELDS
        if name in body
    }


def unknown_fields(body: Mapping[str, Any]) -> list[str]:
    """Return the ignored fields of a body, for the ground truth."""
    servers = ("customerId", "id", "schemaVersion", "disabledPatches", "patchCount")
    return sorted(str(name) for name in body if name not in FIELDS and name not in servers)


def _read(name: str, value: Any) -> Any:
    stored = FIELDS[name](name, value)
    return UNSET[name] if stored is None else stored
