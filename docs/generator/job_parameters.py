"""The parameters of `create_job`: what each may be, what it is unless given, and its rules.

Law of this file: types and defaults come from the code; the words are held to the names there.
"""

from typing import get_args, get_type_hints

from docs.generator.library import type_name
from docs.generator.tables import code, explained, table
from patchfleet.qualys.jobs.body import DEFAULTS
from patchfleet.qualys.jobs.rules import JobParameters

_QUERY = "Patches are chosen at each run by this QQL: missing and not superseded, the newest first,"
_ONE_SOURCE = "One of `approvedPatches`, `dynamicPatchesQQL` and `linkedJobId` may be given."

_MEANINGS = {
    "description": "Any text; a [marker](library.md#exactly-one-job) is added at its end.",
    "status": "`Enabled` starts it, at once or at its time; then it needs something to do and a "
    "target.",
    "approvedPatches": f"Ids of patches. {_ONE_SOURCE}",
    "isDynamicPatchesQQL": "Whether a query chooses the patches; True where one is given.",
    "dynamicQQLType": "1 for a query over patches, 2 over vulnerabilities; 1 where a query is "
    "given.",
    "dynamicPatchesQQL": f"{_QUERY} 2,000 a run. Not for Rollback.",
    "additionalDynamicQQLType": "The same for the second query.",
    "additionalDynamicPatchesQQL": "A second query beside the first.",
    "linkedJobId": "The job whose patches are taken.",
    "chainedJobRule": "Rules by which a job waits for the success of another; their fields are not "
    "documented, so that they are sent as they are.",
    "continueOnPatchFailure": "Linux only (True).",
    "preDeployActions": "Actions before patches; one or a list. Sent as they are.",
    "postDeployActions": "Actions after patches; one or a list. Sent as they are.",
    "customPatchURLId": "The number of a custom download address.",
    "assetIds": "Ids of assets: `agentId` of `query_assets`, `id` of `get_assets`. None, of an "
    "asset without an agent, is left out.",
    "assetTagIds": "GUIDs of tags: see `list_tags`. New assets with the tag join by themselves.",
    "matchAllTagIds": "GUIDs of tags that an asset must have all.",
    "filterType": "Whether an asset needs any of `assetTagIds` or all.",
    "exclusionAssetIds": "Assets to leave out.",
    "exclusionTagIds": "Tags whose assets are left out.",
    "exclusionFilterType": "Whether any of `exclusionTagIds` leaves out, or all together.",
    "coAuthorUserIds": "Users who may change the job.",
    "isAssetImported": "Whether the assets came from a list.",
    "startDateTime": "A `datetime`, or a text such as `2022-2-20 01:18:30 PM`. Needed unless "
    "On-demand. An aware `datetime` needs a `timezone`, and is given there in its local time.",
    "recurring": "True for Daily, Weekly and Monthly, else False.",
    "recurringWeekDays": "For Weekly: seven flags, Sunday first, as `0,1,0,0,0,0,0`.",
    "dayOfMonth": "For Monthly: 1 to 31.",
    "recurringLastDayOfMonth": "For Monthly: on its last day.",
    "recurringDayOfMonth": "For Monthly: the nth of the weekday in "
    "`recurringWeekDayOfMonth`, 1 to 5.",
    "recurringWeekDayOfMonth": "Which weekday, 0 to 6, Sunday 0.",
    "monthlyRecurringType": "For Monthly: 1 for Patch Tuesday.",
    "patchTuesdayPlusXDays": "Days after Patch Tuesday, -27 to 27; negative for before.",
    "timezoneType": "Each agent's own zone, or one for all: `SPECIFIC_TZ`, which a `timezone` "
    "implies.",
    "timezone": "The name of an IANA zone, as `America/New_York`.",
    "timeout": "How long the job may take: 1 to 168 HOURS, 1 to 10080 MINUTES, -1 for no end.",
    "timeoutUnit": "The unit of `timeout`.",
    "downloadRandomizeTime": "Downloads are spread over so long: 2 HOURS or 120 MINUTES at most, "
    "and less than the timeout.",
    "downloadRandomizeTimeUnit": "The unit of it; needed with it.",
    "opportunisticDownloads": "Whether agents may download before. Windows only (False).",
    "preDeployment": "A message before: a text, or `{userMessage, description, deferment}`.",
    "duringDeployment": "A message meanwhile: a text, or `{userMessage, description}`.",
    "postDeployment": "A message after, which is sent as `onComplete`; or a dict that holds "
    "`onComplete`, `rebootOption`, `rebootCountdown`, `suppressReboots`, `rebootHonorOnUserLogin`.",
    "onComplete": "A message at the end.",
    "deferment": "How often users may put the deployment off: `{count, interval, intervalUnit}`, "
    "168 hours in all at most.",
    "rebootOption": "Message when a restart is due: a text, or `{userMessage, description, "
    "deferment}`.",
    "rebootCountdown": "Message before the restart: a text, or `{interval, intervalUnit, "
    "userMessage, description}`.",
    "suppressReboots": "Whether restarts are suppressed (False).",
    "rebootHonorOnUserLogin": "Named by the vendor's page and not explained there; sent as it is.",
    "minimizeWindow": "Whether users may minimize the window.",
    "alwaysShowCompletedPrompt": "Whether the end is always shown. Windows only.",
    "notificationType": "Whether mails are sent; True where one of the next three is given.",
    "notificationConfigRecipientEmail": "Addresses: a list, or a text with commas.",
    "notificationConfigCompletedPercentage": "At which completion, 1 to 100.",
    "notificationEvents": "At start and end: True or False, or `{onJobStart, onJobComplete}`.",
}


def job_parameters() -> str:
    """Return a table of the optional parameters of a job, in the order of the code."""
    hints = get_type_hints(JobParameters)
    explained(hints, _MEANINGS, "parameters of a job")
    rows = (
        (code(name), _allowed(hint), _default(name), _MEANINGS[name])
        for name, hint in hints.items()
    )
    return table(("parameter", "may be", "unless given", "meaning"), rows)


def _allowed(hint: object) -> str:
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    spelled = " | ".join(map(type_name, kinds))
    return code(_SHORT.get(spelled, spelled))


_SHORT = {
    "Iterable[str | UUID | None] | str | UUID": "one id or several",
    "Mapping[str, Any] | Sequence[Mapping[str, Any]]": "dict | list[dict]",
    "str | Mapping[str, Any]": "str | dict",
    "Mapping[str, Any]": "dict",
    "bool | Mapping[str, bool]": "bool | dict",
    "'any' | 'all' | 'Any' | 'All'": "'any' | 'all'",
    "0 | 1 | 2 | '0' | '1' | '2'": "0 | 1 | 2",
    "1 | 2 | '1' | '2' | ''": "1 | 2",
    "0 | 1 | '0' | '1'": "0 | 1",
}


def _default(name: str) -> str:
    value = DEFAULTS.get(name, "")
    return "" if value == "" else code(repr(value))
