"""Messages of a job to users at the machines, and its mail notifications.

Messages, deferments and reboots belong inside `preDeployment`, `duringDeployment` and
`postDeployment` [D: get], mails inside `notification` [D: 3.12]. Nothing is added that was not
given: a job allows no deferment by default.
"""

from collections.abc import Mapping
from typing import Any, Final

from patchfleet.errors import ConfigError
from patchfleet.qualys.jobs.validators import (
    Validator,
    addresses,
    mapping,
    objects,
    plain,
    refused,
    shown,
    text,
    truth,
    whole_number,
    word,
)

_MINUTES: Final = {"MINUTES": 1, "HOURS": 60, "DAYS": 1440}
_UNIT = word(*_MINUTES)  # DAYS was not on the page that was read [U]
_MESSAGE: Final[Mapping[str, Validator]] = {"userMessage": text, "description": text}

_DEFERMENT = mapping(
    {"count": whole_number(1), "interval": whole_number(1), "intervalUnit": _UNIT},
    needed=("count", "interval", "intervalUnit"),
)


def deferment(parameter: str, value: object) -> dict[str, Any]:
    """Return the number of times, and the time each, that a user may defer a step [D: get].

    The total is at most 168 hours [D: faq].
    """
    found = dict(_DEFERMENT(parameter, value))
    if found["count"] * found["interval"] * _MINUTES[found["intervalUnit"]] > 168 * 60:
        raise refused(parameter, value, "168 hours at most, count times interval")
    return found


def _message(fields: Mapping[str, Validator]) -> Validator:
    """Return a reader of a message: a text, or the documented object."""
    read_object = mapping(fields)

    def read(parameter: str, value: object) -> dict[str, Any]:
        if isinstance(value, str):
            return {"userMessage": text(parameter, value), "description": ""}
        if isinstance(value, Mapping):
            return dict(read_object(parameter, value))
        raise refused(parameter, value, "a text, or a mapping with " + ", ".join(fields))

    return read


during_deployment = _message(_MESSAGE)
pre_deployment = _message({**_MESSAGE, "deferment": deferment})
reboot_option = _message({**_MESSAGE, "deferment": deferment})
reboot_countdown = _message({**_MESSAGE, "interval": whole_number(1), "intervalUnit": _UNIT})


def on_complete(parameter: str, value: object) -> dict[str, Any]:
    """Return the message of a finished deployment; its further fields are not known [D: get].

    The page was read up to `userMessage` only, so any field passes.
    """
    if not isinstance(value, Mapping):
        return dict(during_deployment(parameter, value))
    known = {name: one for name, one in value.items() if name in _MESSAGE}
    return {**plain(parameter, value), **during_deployment(parameter, known)}


REBOOT: Final[Mapping[str, Validator]] = {
    "suppressReboots": truth,
    "rebootHonorOnUserLogin": truth,
    "rebootOption": reboot_option,
    "rebootCountdown": reboot_countdown,
    "onComplete": on_complete,
}
"""Fields of `postDeployment` [D: get], each a parameter of its own as well."""

_POST_OBJECT = mapping({**REBOOT, **_MESSAGE})


def post_deployment(parameter: str, value: object) -> dict[str, Any]:
    """Return the steps after deployment: a text is the message that it is done."""
    if isinstance(value, str):
        return dict(during_deployment(parameter, value))
    if isinstance(value, Mapping):
        return dict(_POST_OBJECT(parameter, value))
    raise refused(parameter, value, "a text, or a mapping with " + ", ".join(REBOOT))


def actions(parameter: str, value: object) -> Any:
    """Return the actions before or after deployment: one object or a list; both forms are [U]."""
    if isinstance(value, Mapping):
        return objects(parameter, [value])[0]
    return objects(parameter, value)


def chain(parameter: str, value: object) -> list[dict[str, Any]]:
    """Return the rules by which a job waits for another job's success: a list [D: 3.3]."""
    return objects(parameter, [value] if isinstance(value, Mapping) else value)


_EVENTS = mapping({"onJobStart": truth, "onJobComplete": truth})


def events(parameter: str, value: object) -> dict[str, bool]:
    """Return when mails are sent: True or False for start and end alike, or each by its name."""
    if isinstance(value, bool):
        return {"onJobStart": value, "onJobComplete": value}
    return dict(_EVENTS(parameter, value))


NOTIFICATION: Final[Mapping[str, Validator]] = {
    "notificationType": truth,
    "notificationConfigRecipientEmail": addresses,
    "notificationConfigCompletedPercentage": whole_number(1, 100),
    "notificationEvents": events,
}
"""The parameters inside `notification`."""

_NOTIFICATION_PLACES: Final = {
    "notificationType": ("notificationTypes", "email"),
    "notificationConfigRecipientEmail": ("notificationConfigs", "recipientEmails"),
    "notificationConfigCompletedPercentage": ("notificationConfigs", "completedPercentage"),
}


def place_messages(given: dict[str, Any]) -> None:
    """Move deferment and reboots to their place on the wire: inside the deployments [D: get].

    A text after deployment has no documented place but `onComplete`; it goes there, or, if
    `onComplete` is given too, stays beside it, as the existing SDK sends it [O: peer].
    """
    _put(given, "preDeployment", "deferment")
    for name in REBOOT:
        _put(given, "postDeployment", name)
    after = given.get("postDeployment", {})
    if "userMessage" in after and "onComplete" not in after:
        after["onComplete"] = {name: after.pop(name) for name in _MESSAGE if name in after}


def _put(given: dict[str, Any], place: str, name: str) -> None:
    if name not in given:
        return
    inside = given.setdefault(place, {})
    if name in inside:
        raise ConfigError(
            f"{name} is {shown(given[name])} and is in {place} too, but must be given once"
        )
    inside[name] = given.pop(name)


def place_notification(given: dict[str, Any]) -> None:
    """Move the mail parameters to their place on the wire: inside `notification` [D: 3.12]."""
    for name, (group, key) in _NOTIFICATION_PLACES.items():
        if name in given:
            group_of = given.setdefault("notification", {}).setdefault(group, {})
            group_of[key] = given.pop(name)
    if "notificationEvents" in given:
        given.setdefault("notification", {})["notificationEvents"] = given.pop("notificationEvents")
