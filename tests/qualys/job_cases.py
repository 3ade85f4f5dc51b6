"""The rules of create_job and update_job as cases: what each accepts, what it refuses, and why.

A refusal is described by the words it has to hold: the parameter, the value, what is allowed.
"""

from datetime import UTC, datetime

from message_cases import MESSAGES

ONE = "11111111-2222-3333-4444-555555555555"
TWO = "22222222-3333-4444-5555-666666666666"
START = "2022-2-20 01:18:30 PM"
QUERY = "vendorSeverity:`Critical`"

SECOND = {"dynamicPatchesQQL": QUERY, "additionalDynamicQQLType": 2}
ONCE = {"scheduleType": "Once", "startDateTime": START}
WEEKLY = {"scheduleType": "Weekly", "startDateTime": START, "recurringWeekDays": "0,1,0,0,0,0,0"}
MONTHLY = {"scheduleType": "Monthly", "startDateTime": START}
ZONE = {"timezoneType": "SPECIFIC_TZ", "timezone": "America/New_York"}
ENABLED = {"status": "Enabled"}
WORK = {"approvedPatches": [ONE]}
TARGET = {"assetIds": [ONE]}

RULES = {
    # The four that every job has
    "platform": ({"platform": "linux"}, {"platform": "Mac"}, "platform 'Mac' 'Windows' 'Linux'"),
    "name is not blank": ({"name": "A job"}, {"name": " "}, "name ' ' blank"),
    "name is one line": ({"name": "Jöb"}, {"name": "a\nb"}, r"name 'a\nb' one line"),
    "name is a text": ({"name": "7"}, {"name": 7}, "name 7 text"),
    "jobType": ({"jobType": "rollback"}, {"jobType": "Remove"}, "jobType 'Remove' 'Install'"),
    "scheduleType": (ONCE, {"scheduleType": "Hourly"}, "scheduleType 'Hourly' 'Weekly'"),
    "rollback on both platforms": (
        {"jobType": "Rollback", "platform": "Linux"},
        {"jobType": "Rollback", "platform": "macOS"},
        "platform 'macOS' 'Linux'",
    ),
    "no other parameter": (WORK, {"aprovedPatches": [ONE]}, "create_job aprovedPatches"),
    # Words, flags and texts
    "description": ({"description": "a\nb"}, {"description": 5}, "description 5 text"),
    "text can be encoded": ({"description": "ü"}, {"description": "\ud800"}, "description UTF-8"),
    "status": ({"status": "disabled"}, {"status": "On"}, "status 'On' 'Disabled' 'Enabled'"),
    "filterType": ({"filterType": "all"}, {"filterType": "some"}, "filterType 'some' 'Any' 'All'"),
    "exclusionFilterType": (
        {"exclusionFilterType": "ANY"},
        {"exclusionFilterType": True},
        "exclusionFilterType True 'Any' 'All'",
    ),
    **{
        f"{flag} is a bool": ({flag: False}, {flag: "false"}, f"{flag} 'false' True False")
        for flag in (
            "recurring",
            "recurringLastDayOfMonth",
            "isDynamicPatchesQQL",
            "isAssetImported",
            "opportunisticDownloads",
            "minimizeWindow",
            "suppressReboots",
            "rebootHonorOnUserLogin",
            "alwaysShowCompletedPrompt",
            "notificationType",
        )
    },
    # Ids
    **{
        f"{ids} are ids": ({ids: [ONE, TWO]}, {ids: [ONE, "7"]}, f"{ids}[1] '7' 11111111-2222")
        for ids in (
            "approvedPatches",
            "assetIds",
            "assetTagIds",
            "matchAllTagIds",
            "exclusionAssetIds",
            "exclusionTagIds",
            "coAuthorUserIds",
        )
    },
    "an id is no path": (TARGET, {"assetIds": [f"../{ONE}"]}, "assetIds[0] '../1111 11111111-"),
    "ids are a list": ({"assetIds": (ONE,)}, {"assetIds": 5}, "assetIds 5 list of ids"),
    "tags have ids": (
        {"assetTagIds": iter([ONE])},
        {"assetTagIds": [None]},
        "assetTagIds[0] None 11111111-",
    ),
    "assets have agents": (
        {"assetIds": [None, ONE]},
        {"assetIds": [None, None]},
        "assetIds [None, None] with an agent",
    ),
    "linkedJobId": ({"linkedJobId": ONE}, {"linkedJobId": "a/b"}, "linkedJobId 'a/b' 11111111-"),
    "customPatchURLId": (
        {"customPatchURLId": "12"},
        {"customPatchURLId": 0},
        "customPatchURLId 0 whole number from 1",
    ),
    # What is done
    "patches or a query": (
        {"dynamicPatchesQQL": QUERY, "approvedPatches": []},
        {"dynamicPatchesQQL": QUERY, "approvedPatches": [ONE]},
        "dynamicPatchesQQL Critical left out approvedPatches",
    ),
    "patches or another job": (
        {"linkedJobId": "", "approvedPatches": [ONE]},
        {"linkedJobId": TWO, "approvedPatches": [ONE]},
        f"linkedJobId '{TWO}' left out approvedPatches",
    ),
    "a query or another job": (
        {"linkedJobId": TWO, "dynamicPatchesQQL": ""},
        {"linkedJobId": TWO, "dynamicPatchesQQL": QUERY},
        f"linkedJobId '{TWO}' left out dynamicPatchesQQL",
    ),
    "a second query counts": (
        {"additionalDynamicPatchesQQL": QUERY, **SECOND},
        {"additionalDynamicPatchesQQL": QUERY, "additionalDynamicQQLType": 2, **WORK},
        "additionalDynamicPatchesQQL Critical left out approvedPatches",
    ),
    "a query parses": (
        {"dynamicPatchesQQL": f"{QUERY} and not isSuperseded:true"},
        {"dynamicPatchesQQL": "vendorSeverity:(Critical"},
        "dynamicPatchesQQL Critical character 25 ':'",
    ),
    "a second query parses": (
        {"additionalDynamicPatchesQQL": "cve:x", **SECOND},
        {"additionalDynamicPatchesQQL": "cve", **SECOND},
        "additionalDynamicPatchesQQL 'cve' character 4 ':'",
    ),
    "a query is a text": (
        {"dynamicPatchesQQL": QUERY},
        {"dynamicPatchesQQL": [QUERY]},
        "dynamicPatchesQQL Critical text",
    ),
    "a query is not for rollback": (
        {"jobType": "Rollback", "approvedPatches": [ONE]},
        {"jobType": "Rollback", "dynamicPatchesQQL": QUERY},
        "dynamicPatchesQQL Critical left out Rollback Install only",
    ),
    "a query has its flag": (
        {"dynamicPatchesQQL": QUERY, "isDynamicPatchesQQL": True},
        {"dynamicPatchesQQL": QUERY, "isDynamicPatchesQQL": False},
        "isDynamicPatchesQQL False True dynamicPatchesQQL",
    ),
    "a flag has its query": (
        {"isDynamicPatchesQQL": False, "dynamicQQLType": 1},
        {"isDynamicPatchesQQL": True},
        "isDynamicPatchesQQL True False without dynamicPatchesQQL",
    ),
    "dynamicQQLType": (
        {"dynamicQQLType": "2", "dynamicPatchesQQL": QUERY},
        {"dynamicQQLType": 3, "dynamicPatchesQQL": QUERY},
        "dynamicQQLType 3 from 0 to 2",
    ),
    "a query has a type": (
        {"dynamicQQLType": 0},
        {"dynamicQQLType": 0, "dynamicPatchesQQL": QUERY},
        "dynamicQQLType 0 1 (patches) 2 (vulnerabilities)",
    ),
    "additionalDynamicQQLType": (
        {"additionalDynamicQQLType": 1},
        {"additionalDynamicQQLType": 0},
        "additionalDynamicQQLType 0 from 1 to 2",
    ),
    "a second query has a type": (
        {"additionalDynamicPatchesQQL": QUERY, **SECOND},
        {"additionalDynamicPatchesQQL": QUERY, "dynamicPatchesQQL": QUERY},
        "additionalDynamicQQLType missing 1 (patches) 2 (vulnerabilities)",
    ),
    "a second query has a first": (
        {"additionalDynamicPatchesQQL": "", "additionalDynamicQQLType": ""},
        {"additionalDynamicPatchesQQL": QUERY, "additionalDynamicQQLType": 1},
        "dynamicPatchesQQL missing additionalDynamicPatchesQQL second",
    ),
    "continueOnPatchFailure is a bool": (
        {"platform": "Linux", "continueOnPatchFailure": False},
        {"platform": "Linux", "continueOnPatchFailure": 1},
        "continueOnPatchFailure 1 True False",
    ),
    "continueOnPatchFailure is for Linux": (
        {"platform": "Linux", "continueOnPatchFailure": True},
        {"platform": "Windows", "continueOnPatchFailure": True},
        "continueOnPatchFailure True left out on Windows Linux only",
    ),
    "opportunisticDownloads is for Windows": (
        {"platform": "Windows", "opportunisticDownloads": True},
        {"platform": "Linux", "opportunisticDownloads": True},
        "opportunisticDownloads True left out on Linux Windows only",
    ),
    "alwaysShowCompletedPrompt is for Windows": (
        {"platform": "Windows", "alwaysShowCompletedPrompt": True},
        {"platform": "Linux", "alwaysShowCompletedPrompt": True},
        "alwaysShowCompletedPrompt True left out on Linux Windows only",
    ),
    "preDeployActions are objects": (
        {"preDeployActions": {"action": "Run Script", "script": ""}},
        {"preDeployActions": "Run Script"},
        "preDeployActions 'Run Script' list of mappings",
    ),
    "postDeployActions are not empty": (
        {"postDeployActions": [{"action": "Run Script"}]},
        {"postDeployActions": [{}]},
        "postDeployActions [{}] mappings that are not empty",
    ),
    "actions are JSON": (
        {"preDeployActions": [{"action": ["a", 1, 1.5, None, True]}]},
        {"preDeployActions": [{"action": {1, 2}}]},
        "preDeployActions[0].action {1, 2} JSON",
    ),
    "chainedJobRule": (
        {"chainedJobRule": {"field": "successPercentage"}},
        {"chainedJobRule": [1]},
        "chainedJobRule [1] list of mappings",
    ),
    # When
    "startDateTime is needed": (
        {"scheduleType": "Daily", "startDateTime": START},
        {"scheduleType": "Daily"},
        "startDateTime missing 'Daily' '2022-2-20 01:18:30 PM'",
    ),
    "startDateTime has a form": (
        ONCE,
        {"scheduleType": "Once", "startDateTime": "2022-02-20T13:18:30"},
        "startDateTime '2022-02-20T13:18:30' datetime '2022-2-20 01:18:30 PM'",
    ),
    "startDateTime has half days": (
        {"scheduleType": "Once", "startDateTime": "2022-02-20 12:00:00 am"},
        {"scheduleType": "Once", "startDateTime": "2022-02-20 13:18:30 PM"},
        "startDateTime '2022-02-20 13:18:30 PM' exists",
    ),
    "startDateTime exists": (
        {"scheduleType": "Once", "startDateTime": "2024-2-29 1:18:30 AM"},
        {"scheduleType": "Once", "startDateTime": "2023-2-29 1:18:30 AM"},
        "startDateTime '2023-2-29 1:18:30 AM' exists",
    ),
    "an aware start needs a zone": (
        {**ONCE, **ZONE, "startDateTime": datetime(2026, 1, 1, 12, tzinfo=UTC)},
        {**ONCE, "startDateTime": datetime(2026, 1, 1, 12, tzinfo=UTC)},
        "startDateTime 2026, 1, 1 timezone",
    ),
    "an aware start exists in its zone": (
        {**ONCE, **ZONE, "startDateTime": datetime(2, 1, 1, tzinfo=UTC)},
        {**ONCE, **ZONE, "startDateTime": datetime(1, 1, 1, tzinfo=UTC)},
        "startDateTime 1, 1, 1 exists America/New_York",
    ),
    "timezoneType": (
        {"timezoneType": "agent_tz"},
        {"timezoneType": "UTC"},
        "timezoneType 'UTC' 'AGENT_TZ' 'SPECIFIC_TZ'",
    ),
    "timezone is one": (
        {"timezoneType": "SPECIFIC_TZ", "timezone": "UTC"},
        {"timezoneType": "SPECIFIC_TZ", "timezone": "Eastern"},
        "timezone 'Eastern' IANA",
    ),
    "timezone is no folder": (
        {"timezone": "Europe/Berlin"},
        {"timezone": "Europe"},
        "timezone 'Europe' IANA",
    ),
    "timezone is no path": ({}, {"timezone": "../../etc/passwd"}, "timezone '../../etc IANA"),
    "timezone is needed": (ZONE, {"timezoneType": "SPECIFIC_TZ"}, "timezone missing SPECIFIC_TZ"),
    "timezone is not for agents": (
        {"timezoneType": "AGENT_TZ"},
        {"timezoneType": "AGENT_TZ", "timezone": "UTC"},
        "timezone 'UTC' left out AGENT_TZ",
    ),
    "timeout in hours": (
        {"timeout": 168, "timeoutUnit": "HOURS"},
        {"timeout": 169, "timeoutUnit": "HOURS"},
        "timeout 169 1 to 168 HOURS",
    ),
    "timeout in minutes": (
        {"timeout": "10080", "timeoutUnit": "minutes"},
        {"timeout": 10081, "timeoutUnit": "MINUTES"},
        "timeout 10081 1 to 10080 MINUTES",
    ),
    "timeout is hours": ({"timeout": 1}, {"timeout": 500}, "timeout 500 1 to 168 HOURS"),
    "timeout may be none": ({"timeout": -1}, {"timeout": -2}, "timeout -2 -1 for none"),
    "timeout is not nothing": ({"timeout": "-1"}, {"timeout": 0}, "timeout 0 1 to 168 HOURS"),
    "timeout is a number": ({"timeout": "6"}, {"timeout": 6.5}, "timeout 6.5 1 to 168 HOURS"),
    "timeoutUnit": ({"timeoutUnit": "HOURS"}, {"timeoutUnit": "DAYS"}, "timeoutUnit 'DAYS' HOURS"),
    "downloads are spread over hours": (
        {"downloadRandomizeTime": 2, "downloadRandomizeTimeUnit": "HOURS"},
        {"downloadRandomizeTime": 3, "downloadRandomizeTimeUnit": "HOURS"},
        "downloadRandomizeTime '3 HOURS' 0 to 2 HOURS",
    ),
    "downloads are spread over minutes": (
        {"downloadRandomizeTime": "120", "downloadRandomizeTimeUnit": "MINUTES"},
        {"downloadRandomizeTime": "121", "downloadRandomizeTimeUnit": "MINUTES"},
        "downloadRandomizeTime '121' 0 to 120 MINUTES",
    ),
    "downloads are spread within the window": (
        {"downloadRandomizeTime": 59, "downloadRandomizeTimeUnit": "MINUTES", "timeout": 1},
        {"downloadRandomizeTime": 60, "downloadRandomizeTimeUnit": "MINUTES", "timeout": 1},
        "downloadRandomizeTime '60 MINUTES' less than 1 HOURS",
    ),
    "spreading has a unit": (
        {"downloadRandomizeTime": 0, "downloadRandomizeTimeUnit": "HOURS"},
        {"downloadRandomizeTime": 30},
        "downloadRandomizeTimeUnit missing '30' HOURS MINUTES",
    ),
    "spreading has a known unit": (
        {"downloadRandomizeTimeUnit": "HOURS"},
        {"downloadRandomizeTime": 1, "downloadRandomizeTimeUnit": "SECONDS"},
        "downloadRandomizeTimeUnit 'SECONDS' 'HOURS' 'MINUTES'",
    ),
    # On which days
    "recurring": (
        {**WEEKLY, "recurring": True},
        {**ONCE, "recurring": True},
        "recurring True False 'Once'",
    ),
    "recurringWeekDays are flags": (
        {**WEEKLY, "recurringWeekDays": "0, 1,0,0,0,0,0"},
        {**WEEKLY, "recurringWeekDays": "0,1,0"},
        "recurringWeekDays '0,1,0' seven '0,1,0,0,0,0,0'",
    ),
    "recurringWeekDays choose a day": (
        {**WEEKLY, "recurringWeekDays": "0,0,0,0,0,0,1"},
        {**WEEKLY, "recurringWeekDays": "0,0,0,0,0,0,0"},
        "recurringWeekDays '0,0,0,0,0,0,0' at least one day",
    ),
    "recurringWeekDays are weekly": (
        {**MONTHLY, "dayOfMonth": 1, "recurringWeekDays": "0,0,0,0,0,0,0"},
        {**MONTHLY, "recurringWeekDays": "0,0,0,0,0,0,1"},
        "recurringWeekDays '0,0,0,0,0,0,1' left out 'Weekly'",
    ),
    "a week has its days": (
        WEEKLY,
        {"scheduleType": "Weekly", "startDateTime": START},
        "recurringWeekDays missing Weekly '0,1,0,0,0,0,0'",
    ),
    "a month has its day": (
        {**MONTHLY, "recurringLastDayOfMonth": True},
        {**MONTHLY, "dayOfMonth": 0},
        "dayOfMonth missing Monthly recurringLastDayOfMonth monthlyRecurringType=1",
    ),
    "dayOfMonth": (
        {**MONTHLY, "dayOfMonth": "31"},
        {**MONTHLY, "dayOfMonth": 32},
        "dayOfMonth 32 from 0 to 31",
    ),
    "dayOfMonth is monthly": (
        {**WEEKLY, "dayOfMonth": 0},
        {**WEEKLY, "dayOfMonth": 15},
        "dayOfMonth 15 left out 'Monthly'",
    ),
    "recurringLastDayOfMonth is monthly": (
        {**MONTHLY, "recurringLastDayOfMonth": True},
        {"recurringLastDayOfMonth": True},
        "recurringLastDayOfMonth True left out 'Monthly'",
    ),
    "recurringDayOfMonth": (
        {**MONTHLY, "recurringDayOfMonth": 5, "recurringWeekDayOfMonth": 0},
        {**MONTHLY, "recurringDayOfMonth": 6, "recurringWeekDayOfMonth": 0},
        "recurringDayOfMonth 6 from 1 to 5",
    ),
    "recurringWeekDayOfMonth": (
        {**MONTHLY, "recurringDayOfMonth": "1", "recurringWeekDayOfMonth": "6"},
        {**MONTHLY, "recurringDayOfMonth": 1, "recurringWeekDayOfMonth": 7},
        "recurringWeekDayOfMonth 7 from 0 to 6",
    ),
    "which weekday": (
        {**MONTHLY, "recurringDayOfMonth": 2, "recurringWeekDayOfMonth": 0},
        {**MONTHLY, "recurringDayOfMonth": 2},
        "recurringWeekDayOfMonth missing recurringDayOfMonth=2",
    ),
    "the weekday of which week": (
        {**MONTHLY, "recurringDayOfMonth": 2, "recurringWeekDayOfMonth": 3},
        {**MONTHLY, "recurringWeekDayOfMonth": 0},
        "recurringDayOfMonth missing recurringWeekDayOfMonth=0",
    ),
    "monthlyRecurringType": (
        {**MONTHLY, "monthlyRecurringType": "1"},
        {**MONTHLY, "monthlyRecurringType": 2},
        "monthlyRecurringType 2 from 0 to 1",
    ),
    "monthlyRecurringType is monthly": (
        {"monthlyRecurringType": 0},
        {"monthlyRecurringType": 1},
        "monthlyRecurringType '1' left out 'Monthly'",
    ),
    "patchTuesdayPlusXDays before": (
        {**MONTHLY, "monthlyRecurringType": 1, "patchTuesdayPlusXDays": -27},
        {**MONTHLY, "monthlyRecurringType": 1, "patchTuesdayPlusXDays": -28},
        "patchTuesdayPlusXDays -28 from -27 to 27",
    ),
    "patchTuesdayPlusXDays after": (
        {**MONTHLY, "monthlyRecurringType": 1, "patchTuesdayPlusXDays": "27"},
        {**MONTHLY, "monthlyRecurringType": 1, "patchTuesdayPlusXDays": "28"},
        "patchTuesdayPlusXDays '28' from -27 to 27",
    ),
    "patchTuesdayPlusXDays needs Patch Tuesday": (
        {**MONTHLY, "monthlyRecurringType": 1, "patchTuesdayPlusXDays": 0},
        {**MONTHLY, "patchTuesdayPlusXDays": 3},
        "patchTuesdayPlusXDays '3' left out monthlyRecurringType is 1",
    ),
    "one way to choose the day": (
        {**MONTHLY, "dayOfMonth": 3, "monthlyRecurringType": 0},
        {**MONTHLY, "dayOfMonth": 3, "monthlyRecurringType": 1},
        "monthlyRecurringType '1' left out dayOfMonth",
    ),
    "the last day is a way": (
        {**MONTHLY, "recurringLastDayOfMonth": False, "dayOfMonth": 3},
        {**MONTHLY, "recurringLastDayOfMonth": True, "dayOfMonth": 3},
        "recurringLastDayOfMonth True left out dayOfMonth",
    ),
    **MESSAGES,
    # An enabled job
    "an enabled job has a target": (
        {**ENABLED, **WORK, "assetTagIds": [ONE]},
        {**ENABLED, **WORK},
        "status 'Enabled' 'Disabled' no target assetIds assetTagIds",
    ),
    "an enabled job has something to do": (
        {**ENABLED, **TARGET, "postDeployActions": {"action": "Run Script"}},
        {**ENABLED, **TARGET},
        "status 'Enabled' 'Disabled' nothing to do approvedPatches dynamicPatchesQQL",
    ),
    "an enabled job has more than exclusions": (
        {**ENABLED, **WORK, **TARGET, "exclusionAssetIds": [TWO]},
        {**ENABLED, **WORK, "exclusionAssetIds": [ONE]},
        "status 'Enabled' 'Disabled' no target",
    ),
}

CHANGES = {
    "a value": ({"timeout": 6}, {"timeout": 20000}, "timeout 20000 1 to 168 HOURS"),
    "a start": ({"startDateTime": START}, {"startDateTime": "soon"}, "startDateTime 'soon'"),
    "a name": ({"name": "Other"}, {"name": ""}, "name '' blank"),
    "parameters together": (
        {"approvedPatches": [ONE], "dynamicPatchesQQL": ""},
        {"approvedPatches": [ONE], "dynamicPatchesQQL": QUERY},
        "dynamicPatchesQQL Critical left out approvedPatches",
    ),
    "another schedule": (
        {"scheduleType": "Monthly", "dayOfMonth": 3},
        {"scheduleType": "Daily", "dayOfMonth": 3},
        "dayOfMonth '3' left out 'Monthly'",
    ),
    "no other platform": ({"status": "Enabled"}, {"platform": "Linux"}, "update_job 'platform'"),
}
