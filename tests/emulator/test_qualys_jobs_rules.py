"""Every rule of a job's body: one refused body, by the field's name, and one accepted."""

import pytest

from patchfleet.emulator.qualys.request import Refused

from .qualys_jobs import EXPLICIT, Desk

GONE = "11111111-2222-4333-8444-555555555555"
NOT_GUIDS = ["1", "", "11111111-2222-4333-8444-55555555555g", 7, None, ["x"], "../../auth"]


@pytest.fixture(scope="module")
def desk():
    """One account for all: a refused body must leave nothing behind."""
    return Desk(devices=20)


START = {"startDateTime": "2026-11-20 10:00:00 PM"}
DAILY = {"scheduleType": "Daily", **START}
WEEKLY = {"scheduleType": "Weekly", "recurringWeekDays": "0,1,0,0,0,0,0", **START}
MONTHLY = {"scheduleType": "Monthly", "dayOfMonth": "3", **START}
NO_DAY = {**MONTHLY, "dayOfMonth": None}

# rule, field named in the refusal, body that breaks it, body that keeps it
RULES = [
    ("name is mandatory", "name", {"name": None}, {"name": "x"}),
    ("name is not blank", "name", {"name": "  "}, {"name": " x "}),
    ("type is mandatory", "type", {"type": None}, {"type": "Install"}),
    ("type is a word", "type", {"type": "install"}, {"type": "Install"}),
    ("schedule is mandatory", "scheduleType", {"scheduleType": None}, {}),
    ("schedule is a word", "scheduleType", {"scheduleType": "Hourly"}, DAILY),
    ("platform is mandatory", "platform", {"platform": None}, {}),
    ("platform is a word", "platform", {"platform": "Mac"}, {}),
    ("status is a word", "status", {"status": "enabled"}, {"status": "Disabled"}),
    ("filter is Any or All", "filterType", {"filterType": "most"}, {"filterType": "aLL"}),
    ("so is exclusion", "exclusionFilterType", {"exclusionFilterType": "none"},
     {"exclusionFilterType": "all"}),
    ("a job with a time has a start", "startDateTime", {**DAILY, "startDateTime": None}, DAILY),
    ("Once has a start", "startDateTime", {"scheduleType": "Once"},
     {"scheduleType": "Once", **START}),
    ("start has the wire's form", "startDateTime", {**DAILY, "startDateTime": "2026-11-20T22:00"},
     {**DAILY, "startDateTime": "2026-1-2 01:18:30 PM"}),
    ("start is a real day", "startDateTime", {**DAILY, "startDateTime": "2026-2-30 01:00:00 PM"},
     {**DAILY, "startDateTime": "2028-2-29 01:00:00 PM"}),
    ("once does not recur", "recurring", {"recurring": True}, {"recurring": False}),
    ("weekly has a day", "recurringWeekDays", {**WEEKLY, "recurringWeekDays": None}, WEEKLY),
    ("weekly has a day set", "recurringWeekDays", {**WEEKLY, "recurringWeekDays": "0,0,0,0,0,0,0"},
     {**WEEKLY, "recurringWeekDays": "1,0,0,0,0,0,1"}),
    ("seven flags", "recurringWeekDays", {**WEEKLY, "recurringWeekDays": "1,0,0"}, WEEKLY),
    ("flags are 0 or 1", "recurringWeekDays", {**WEEKLY, "recurringWeekDays": "2,0,0,0,0,0,0"},
     {**WEEKLY, "recurringWeekDays": "1, 0, 0, 0, 0, 0, 0"}),
    ("monthly names a day", "dayOfMonth", NO_DAY, MONTHLY),
    ("monthly names one day", "dayOfMonth", {**MONTHLY, "recurringLastDayOfMonth": True},
     {**NO_DAY, "recurringLastDayOfMonth": True}),
    ("day up to 31", "dayOfMonth", {**MONTHLY, "dayOfMonth": "32"},
     {**MONTHLY, "dayOfMonth": 31}),
    ("day is a number", "dayOfMonth", {**MONTHLY, "dayOfMonth": "first"}, MONTHLY),
    ("Patch Tuesday is 0 or 1", "monthlyRecurringType", {**NO_DAY, "monthlyRecurringType": "2"},
     {**NO_DAY, "monthlyRecurringType": 1}),
    ("at most 27 days after", "patchTuesdayPlusXDays",
     {**NO_DAY, "monthlyRecurringType": "1", "patchTuesdayPlusXDays": 28},
     {**NO_DAY, "monthlyRecurringType": "1", "patchTuesdayPlusXDays": 27}),
    ("at most 27 days before", "patchTuesdayPlusXDays",
     {**NO_DAY, "monthlyRecurringType": "1", "patchTuesdayPlusXDays": "-28"},
     {**NO_DAY, "monthlyRecurringType": "1", "patchTuesdayPlusXDays": "-27"}),
    ("days need Patch Tuesday", "patchTuesdayPlusXDays", {**MONTHLY, "patchTuesdayPlusXDays": 3},
     {**MONTHLY, "patchTuesdayPlusXDays": 0}),
    ("week 1 to 5", "recurringDayOfMonth",
     {**NO_DAY, "recurringDayOfMonth": 6, "recurringWeekDayOfMonth": 0},
     {**NO_DAY, "recurringDayOfMonth": 5, "recurringWeekDayOfMonth": 0}),
    ("weekday 0 to 6", "recurringWeekDayOfMonth",
     {**NO_DAY, "recurringDayOfMonth": 1, "recurringWeekDayOfMonth": 7},
     {**NO_DAY, "recurringDayOfMonth": 1, "recurringWeekDayOfMonth": 6}),
    ("week and weekday together", "recurringDayOfMonth", {**NO_DAY, "recurringDayOfMonth": 1},
     {**NO_DAY, "recurringDayOfMonth": 1, "recurringWeekDayOfMonth": 0}),
    ("zone type is a word", "timezoneType", {"timezoneType": "LOCAL"},
     {"timezoneType": "AGENT_TZ"}),
    ("specific needs a zone", "timezone", {**DAILY, "timezoneType": "SPECIFIC_TZ"},
     {**DAILY, "timezoneType": "SPECIFIC_TZ", "timezone": "UTC"}),
    ("zone exists", "timezone",
     {**DAILY, "timezoneType": "SPECIFIC_TZ", "timezone": "Mars/Olympus"},
     {**DAILY, "timezoneType": "SPECIFIC_TZ", "timezone": "America/New_York"}),
    ("zone is no path", "timezone",
     {**DAILY, "timezoneType": "SPECIFIC_TZ", "timezone": "../etc/passwd"},
     {**DAILY, "timezoneType": "SPECIFIC_TZ", "timezone": "Asia/Tokyo"}),
    ("agents have their own zone", "timezone",
     {**DAILY, "timezoneType": "AGENT_TZ", "timezone": "UTC"},
     {**DAILY, "timezoneType": "AGENT_TZ", "timezone": ""}),
    ("timeout has a unit", "timeoutUnit", {"timeout": 6}, {"timeout": -1}),
    ("unit is a word", "timeoutUnit", {"timeout": 6, "timeoutUnit": "hours"},
     {"timeout": 6, "timeoutUnit": "HOURS"}),
    ("hours up to 168", "timeout", {"timeout": 169, "timeoutUnit": "HOURS"},
     {"timeout": 168, "timeoutUnit": "HOURS"}),
    ("minutes up to 10080", "timeout", {"timeout": 10081, "timeoutUnit": "MINUTES"},
     {"timeout": 10080, "timeoutUnit": "MINUTES"}),
    ("timeout is not 0", "timeout", {"timeout": 0, "timeoutUnit": "HOURS"},
     {"timeout": 1, "timeoutUnit": "HOURS"}),
    ("timeout is a number", "timeout", {"timeout": True, "timeoutUnit": "HOURS"},
     {"timeout": "6", "timeoutUnit": "HOURS"}),
    ("spread has a unit", "downloadRandomizeTimeUnit", {"downloadRandomizeTime": "1"},
     {"downloadRandomizeTime": "1", "downloadRandomizeTimeUnit": "HOURS"}),
    ("spread up to 2 hours", "downloadRandomizeTime",
     {"downloadRandomizeTime": "3", "downloadRandomizeTimeUnit": "HOURS"},
     {"downloadRandomizeTime": "2", "downloadRandomizeTimeUnit": "HOURS"}),
    ("spread up to 120 minutes", "downloadRandomizeTime",
     {"downloadRandomizeTime": "121", "downloadRandomizeTimeUnit": "MINUTES"},
     {"downloadRandomizeTime": "120", "downloadRandomizeTimeUnit": "MINUTES"}),
    ("spread below timeout", "downloadRandomizeTime",
     {"downloadRandomizeTime": "60", "downloadRandomizeTimeUnit": "MINUTES",
      "timeout": 1, "timeoutUnit": "HOURS"},
     {"downloadRandomizeTime": "59", "downloadRandomizeTimeUnit": "MINUTES",
      "timeout": 1, "timeoutUnit": "HOURS"}),
    ("failures go on or not on Linux", "continueOnPatchFailure",
     {"continueOnPatchFailure": False}, {"continueOnPatchFailure": True}),
    ("QQL type 0 to 2", "dynamicQQLType", {"dynamicQQLType": 3}, {"dynamicQQLType": 1}),
    ("QQL has a type", "dynamicQQLType", {"dynamicQQLType": 0}, {"dynamicQQLType": "1"}),
    ("QQL has a text", "dynamicPatchesQQL", {"dynamicPatchesQQL": ""}, {}),
    ("QQL has its flag", "dynamicPatchesQQL", {"isDynamicPatchesQQL": False},
     {**EXPLICIT, "dynamicQQLType": 1, "dynamicPatchesQQL": "", "isDynamicPatchesQQL": False}),
    ("QQL can be read", "dynamicPatchesQQL", {"dynamicPatchesQQL": "vendorSeverity:("},
     {"dynamicPatchesQQL": "vendorSeverity:`Critical` or rebootRequired:false"}),
    ("QQL of vulnerabilities too", "dynamicPatchesQQL",
     {"dynamicQQLType": 2, "dynamicPatchesQQL": "severity:>"},
     {"dynamicQQLType": 2, "dynamicPatchesQQL": "severity:5"}),
    ("QQL is not for rollback", "isDynamicPatchesQQL", {"type": "Rollback"}, {}),
    ("a second QQL has a type", "additionalDynamicQQLType",
     {"additionalDynamicPatchesQQL": "kb:KB1"},
     {"additionalDynamicPatchesQQL": "kb:KB1", "additionalDynamicQQLType": "1"}),
    ("a second QQL can be read", "additionalDynamicPatchesQQL",
     {"additionalDynamicPatchesQQL": "and and", "additionalDynamicQQLType": "1"},
     {"additionalDynamicPatchesQQL": "", "additionalDynamicQQLType": ""}),
    ("a second QQL needs a first", "additionalDynamicPatchesQQL",
     {**EXPLICIT, "additionalDynamicPatchesQQL": "kb:KB1", "additionalDynamicQQLType": 1},
     {"additionalDynamicPatchesQQL": "cve:CVE-2026-1", "additionalDynamicQQLType": 2}),
    ("assets exist", "assetIds", {"assetIds": [GONE]}, {"assetIds": []}),
    ("excluded assets exist", "exclusionAssetIds", {"exclusionAssetIds": [GONE]},
     {"exclusionAssetIds": []}),
    ("tags exist", "assetTagIds", {"assetTagIds": [GONE]}, {"assetTagIds": []}),
    ("tags to match exist", "matchAllTagIds", {"matchAllTagIds": [GONE]}, {"matchAllTagIds": []}),
    ("excluded tags exist", "exclusionTagIds", {"exclusionTagIds": [GONE]},
     {"exclusionTagIds": []}),
    ("patches exist", "approvedPatches", {**EXPLICIT, "approvedPatches": [GONE]},
     {"approvedPatches": []}),
    ("the linked job exists", "linkedJobId", {**EXPLICIT, "linkedJobId": GONE},
     {**EXPLICIT, "linkedJobId": ""}),
    ("the job it is chained to exists", "chainedJobRule",
     {"chainedJobRule": [{"field": "x", "value": 80, "jobId": GONE}]}, {"chainedJobRule": []}),
    ("messages are objects", "preDeployment", {"preDeployment": "Hello"},
     {"preDeployment": {"userMessage": "Hello"}}),
    ("so are those after", "postDeployment", {"postDeployment": ["Hello"]},
     {"postDeployment": {"userMessage": "Hello", "suppressReboots": True}}),
    ("suppression is true or false", "postDeployment.suppressReboots",
     {"postDeployment": {"suppressReboots": "yes"}},
     {"postDeployment": {"suppressReboots": False}}),
    ("deferment is whole", "postDeployment.rebootOption.deferment",
     {"postDeployment": {"rebootOption": {"deferment": {"count": 3}}}},
     {"postDeployment": {"rebootOption": {
         "deferment": {"count": 3, "interval": 1, "intervalUnit": "HOURS"}}}}),
    ("deferment up to 168 hours", "preDeployment.deferment",
     {"preDeployment": {"deferment": {"count": 8, "interval": 1, "intervalUnit": "DAYS"}}},
     {"preDeployment": {"deferment": {"count": 7, "interval": 1, "intervalUnit": "DAYS"}}}),
    ("countdown has a unit of time", "postDeployment.rebootCountdown.intervalUnit",
     {"postDeployment": {"rebootCountdown": {"interval": 5, "intervalUnit": "WEEKS"}}},
     {"postDeployment": {"rebootCountdown": {"interval": 5, "intervalUnit": "MINUTES"}}}),
    ("addresses are one text", "notification.notificationConfigs.recipientEmails",
     {"notification": {"notificationConfigs": {"recipientEmails": ["a@example.invalid"]}}},
     {"notification": {"notificationConfigs": {
         "recipientEmails": "a@example.invalid, b@example.invalid"}}}),
    ("addresses are addresses", "notification.notificationConfigs.recipientEmails",
     {"notification": {"notificationConfigs": {"recipientEmails": "nobody"}}},
     {"notification": {"notificationConfigs": {"recipientEmails": ""}}}),
    ("percentage from 1", "notification.notificationConfigs.completedPercentage",
     {"notification": {"notificationConfigs": {"completedPercentage": 0}}},
     {"notification": {"notificationConfigs": {"completedPercentage": 1}}}),
    ("percentage to 100", "notification.notificationConfigs.completedPercentage",
     {"notification": {"notificationConfigs": {"completedPercentage": 101}}},
     {"notification": {"notificationConfigs": {"completedPercentage": 100}}}),
    ("events are true or false", "notification.notificationEvents.onJobStart",
     {"notification": {"notificationEvents": {"onJobStart": 1}}},
     {"notification": {"notificationEvents": {"onJobStart": True}}}),
    ("actions are objects", "preDeployActions", {"preDeployActions": "sh"},
     {"preDeployActions": [{"action": "Run Script"}]}),
    ("lists are lists", "assetIds", {"assetIds": GONE}, {}),
    ("flags are true or false", "minimizeWindow", {"minimizeWindow": "maybe"},
     {"minimizeWindow": "true"}),
    ("enabled needs a target", "status", {"status": "Enabled", "assetIds": None}, {}),
    ("enabled needs something to do", "status", {"status": "Enabled", **EXPLICIT}, EXPLICIT),
]  # fmt: skip


def refused_for(desk, **changes):
    before = len(desk.ground_truth()["jobs"])
    with pytest.raises(Refused) as refusal:
        desk.create(**desk.body(**changes))
    assert refusal.value.status == 400
    assert len(desk.ground_truth()["jobs"]) == before
    return refusal.value.message


@pytest.mark.parametrize(
    ("field", "breaks", "keeps"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_rule(desk, field, breaks, keeps):
    assert refused_for(desk, **breaks).startswith(f"{field}: ")
    desk.create(**desk.body(**keeps))


@pytest.mark.parametrize("name", ["opportunisticDownloads", "alwaysShowCompletedPrompt"])
def test_some_fields_are_for_windows_only(desk, name):
    assert refused_for(desk, platform="Linux", assetIds=[], **{name: True}).startswith(name)
    desk.create(**desk.body(**{name: True}))
    desk.create(**desk.body("Linux", **{name: False}))


def test_one_field_is_for_linux_only(desk):
    desk.create(**desk.body("Linux", continueOnPatchFailure=False))


@pytest.mark.parametrize("value", NOT_GUIDS)
@pytest.mark.parametrize("name", ["assetIds", "assetTagIds", "approvedPatches", "coAuthorUserIds"])
def test_ids_are_guids(desk, name, value):
    assert refused_for(desk, **{name: [value]}).startswith(name)


def test_assets_and_patches_are_of_the_jobs_platform(desk):
    assert "Linux" in refused_for(desk, assetIds=desk.ids("Linux")[:1])
    assert "Linux" in refused_for(desk, exclusionAssetIds=desk.ids("Linux")[:1])
    patch = desk.some_patch("Linux")
    assert "Windows patch" in refused_for(desk, **EXPLICIT, approvedPatches=[patch])


def test_patches_come_from_one_source_only(desk):
    patch, other = desk.some_patch(), desk.create(**desk.body())["id"]
    for both in (
        {"approvedPatches": [patch]},
        {"linkedJobId": other},
        {**EXPLICIT, "approvedPatches": [patch], "linkedJobId": other},
    ):
        assert "cannot be used together with" in refused_for(desk, **both)


def test_a_linked_job_is_of_the_same_platform_and_not_linked_itself(desk):
    linux = desk.create(**desk.body("Linux"))["id"]
    assert refused_for(desk, **EXPLICIT, linkedJobId=linux).startswith("linkedJobId")
    parent = desk.create(**desk.body())["id"]
    child = desk.create(**desk.body(**EXPLICIT, linkedJobId=parent))["id"]
    assert refused_for(desk, **EXPLICIT, linkedJobId=child).startswith("linkedJobId")


def test_a_chain_rule_has_a_field_and_a_percentage(desk):
    parent = desk.create(**desk.body())["id"]
    for rule in ({"value": 80}, {"field": ""}, {"field": "x", "value": 101}, "x"):
        rules = [{"jobId": parent, **rule}] if isinstance(rule, dict) else [rule]
        assert refused_for(desk, chainedJobRule=rules).startswith("chainedJobRule")
    for rule in ({"field": "x"}, {"field": "x", "value": 80, "operator": "<"}):
        desk.create(**desk.body(chainedJobRule=[{"jobId": parent, **rule}]))
    assert "parent" in refused_for(desk, chainedJobRule=[{"field": "x"}])


def test_a_rollback_takes_explicit_patches_on_both_platforms(desk):
    for platform in ("Windows", "Linux"):
        body = desk.body(platform, type="Rollback", **EXPLICIT)
        desk.create(**{**body, "approvedPatches": [desk.some_patch(platform)]})


@pytest.mark.parametrize("body", [None, [], "job", 7])
def test_the_body_is_an_object(desk, body):
    with pytest.raises(Refused) as refusal:
        desk.call("POST", "/pm/v1/deploymentjob", body=body)
    assert refusal.value.status == 400


def test_a_query_that_cannot_be_read_says_where(desk):
    assert "position" in refused_for(desk, dynamicPatchesQQL="nosuchtoken:1")
