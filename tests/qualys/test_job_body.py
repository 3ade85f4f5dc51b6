"""The body of a job: each field where the vendor's page has it, and nothing that was not asked."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import ConfigError
from patchfleet.qualys.jobs.body import create_body, job_changes, with_changes

ONE = "11111111-2222-3333-4444-555555555555"
TWO = "22222222-3333-4444-5555-666666666666"
START = "2022-2-20 01:18:30 PM"
QUERY = "vendorSeverity:`Critical`"
DEFER = {"count": 3, "interval": 30, "intervalUnit": "MINUTES"}
MONTHLY = {"scheduleType": "Monthly", "startDateTime": START}


def body(**parameters):
    given = {"platform": "Windows", "name": "Job", "jobType": "Install"}
    return create_body(**{**given, "scheduleType": "On-demand", **parameters})


def test_the_first_example_of_the_existing_sdk():
    made = create_body(
        platform="Windows",
        jobType="Install",
        scheduleType="On-demand",
        assetIds=[ONE, None, TWO],  # the agentId of a host without an agent is None
        name="My Job",
        dynamicPatchesQQL=QUERY,
        dynamicQQLType=1,
        isDynamicPatchesQQL=True,
        status="Enabled",
    )
    assert made == {
        "platform": "Windows",
        "type": "Install",
        "scheduleType": "On-demand",
        "assetIds": [ONE, TWO],
        "name": "My Job",
        "dynamicPatchesQQL": QUERY,
        "dynamicQQLType": 1,
        "isDynamicPatchesQQL": True,
        "status": "Enabled",
        # and what such a job has without being told
        "description": "",
        "assetTagIds": [],
        "matchAllTagIds": [],
        "filterType": "Any",
        "exclusionAssetIds": [],
        "exclusionTagIds": [],
        "exclusionFilterType": "Any",
        "coAuthorUserIds": [],
        "approvedPatches": [],
        "additionalDynamicQQLType": "",
        "additionalDynamicPatchesQQL": "",
        "linkedJobId": "",
        "recurring": False,
        "recurringLastDayOfMonth": False,
        "timezoneType": "AGENT_TZ",
        "timeout": -1,
        "timeoutUnit": "HOURS",
        "opportunisticDownloads": False,
        "minimizeWindow": False,
        "postDeployment": {"suppressReboots": False},
    }


def test_the_second_example_targets_tags():
    made = body(
        assetTagIds=[TWO],
        dynamicPatchesQQL=QUERY,
        dynamicQQLType=1,
        isDynamicPatchesQQL=True,
        status="Enabled",
    )
    assert made["assetTagIds"] == [TWO]
    assert made["assetIds"] == []


def test_a_job_is_disabled_unless_it_says_otherwise():
    assert body()["status"] == "Disabled"


def test_each_platform_has_its_own_defaults():
    windows, linux = body(), body(platform="Linux")
    assert windows["opportunisticDownloads"] is False
    assert "continueOnPatchFailure" not in windows
    assert linux["continueOnPatchFailure"] is True
    assert "opportunisticDownloads" not in linux


@pytest.mark.parametrize(
    ("schedule", "repeats"),
    [("On-demand", False), ("Once", False), ("Daily", True), ("Weekly", True), ("Monthly", True)],
)
def test_what_repeats_is_recurring(schedule, repeats):
    days = {"Weekly": {"recurringWeekDays": "0,1,0,0,0,0,0"}, "Monthly": {"dayOfMonth": 1}}
    made = body(scheduleType=schedule, startDateTime=START, **days.get(schedule, {}))
    assert made["recurring"] is repeats


def test_none_is_not_given():
    assert body(timeout=None, preDeployment=None, assetIds=None) == body()


def test_two_bodies_share_nothing():
    one = body()
    one["assetIds"].append(ONE)
    assert body()["assetIds"] == []


def test_numbers_of_the_calendar_are_texts():
    made = body(**MONTHLY, recurringDayOfMonth=2, recurringWeekDayOfMonth=0)
    assert made["recurringDayOfMonth"] == "2"
    assert made["recurringWeekDayOfMonth"] == "0"
    assert made["monthlyRecurringType"] == "0"
    made = body(**MONTHLY, monthlyRecurringType=1, patchTuesdayPlusXDays=-3)
    assert made["monthlyRecurringType"] == "1"
    assert made["patchTuesdayPlusXDays"] == "-3"
    assert body(**MONTHLY, dayOfMonth=7)["dayOfMonth"] == "7"


def test_the_other_numbers_are_as_documented():
    made = body(
        timeout="6",
        timeoutUnit="hours",
        downloadRandomizeTime=30,
        downloadRandomizeTimeUnit="MINUTES",
        customPatchURLId="12",
        additionalDynamicQQLType=2,
    )
    assert made["timeout"] == 6
    assert made["timeoutUnit"] == "HOURS"
    assert made["downloadRandomizeTime"] == "30"
    assert made["customPatchURLId"] == 12
    assert made["additionalDynamicQQLType"] == "2"


def test_zero_days_after_patch_tuesday_are_none():
    made = body(**MONTHLY, monthlyRecurringType=1, patchTuesdayPlusXDays=0, dayOfMonth=0)
    assert "patchTuesdayPlusXDays" not in made
    assert "dayOfMonth" not in made


def test_week_days_are_flags():
    weekly = {"scheduleType": "Weekly", "startDateTime": START}
    assert body(**weekly, recurringWeekDays="0, 1,0,0,0,0,0")["recurringWeekDays"] == (
        "0,1,0,0,0,0,0"
    )


def test_words_are_spelled_as_on_the_wire():
    made = body(platform="linux", jobType="rollback", filterType="all", exclusionFilterType="any")
    assert (made["platform"], made["type"]) == ("Linux", "Rollback")
    assert (made["filterType"], made["exclusionFilterType"]) == ("All", "Any")


def test_ids_come_once_and_in_their_order():
    made = body(assetIds=(one for one in [TWO, ONE, TWO]), assetTagIds=[UUID(ONE)])
    assert made["assetIds"] == [TWO, ONE]
    assert made["assetTagIds"] == [ONE]
    assert body(approvedPatches=ONE)["approvedPatches"] == [ONE]


def test_a_query_says_that_it_is_one():
    made = body(dynamicPatchesQQL=f" {QUERY} ")
    assert made["dynamicPatchesQQL"] == QUERY
    assert made["isDynamicPatchesQQL"] is True
    assert made["dynamicQQLType"] == 1
    assert body(dynamicPatchesQQL="cve:x", dynamicQQLType="2")["dynamicQQLType"] == 2
    changes = job_changes(additionalDynamicPatchesQQL="cve:x", additionalDynamicQQLType=2)
    assert changes["isDynamicPatchesQQL"] is True


@pytest.mark.parametrize(
    ("given_start", "sent"),
    [
        (START, START),
        (f" {START} ", START),
        (datetime(2026, 2, 3, 13, 5, 9), "2026-02-03 01:05:09 PM"),  # noqa: DTZ001
        (datetime(2026, 2, 3, 0, 0, 0, 999), "2026-02-03 12:00:00 AM"),  # noqa: DTZ001
        (datetime(2026, 2, 3, 12, 0), "2026-02-03 12:00:00 PM"),  # noqa: DTZ001
    ],
)
def test_a_start_is_a_local_time(given_start, sent):
    assert body(scheduleType="Once", startDateTime=given_start)["startDateTime"] == sent


def test_an_aware_start_is_told_in_the_zone_of_the_job():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    made = body(scheduleType="Once", startDateTime=noon, timezone="America/New_York")
    assert made["startDateTime"] == "2026-07-01 08:00:00 AM"
    assert made["timezoneType"] == "SPECIFIC_TZ"


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1900, 1, 2)))  # noqa: DTZ001
def test_a_start_is_read_back_as_the_same_second(moment):
    try:
        moment.astimezone(UTC) + timedelta(days=1)
    except OverflowError:
        return
    made = body(scheduleType="Once", startDateTime=moment, timezone="UTC")
    read = datetime.strptime(made["startDateTime"] + " +0000", "%Y-%m-%d %I:%M:%S %p %z")
    assert read == moment.astimezone(UTC).replace(microsecond=0)
    again = body(scheduleType="Once", startDateTime=made["startDateTime"], timezone="UTC")
    assert again["startDateTime"] == made["startDateTime"]


def test_every_zone_of_python_is_one():
    assert body(timezone="Asia/Kolkata")["timezone"] == ZoneInfo("Asia/Kolkata").key


def test_messages_stand_where_the_page_has_them():
    made = body(
        preDeployment="before",
        duringDeployment="meanwhile",
        onComplete="done",
        rebootOption="please restart",
        rebootCountdown="restarting",
        suppressReboots=True,
        rebootHonorOnUserLogin=True,
    )
    assert made["preDeployment"] == {"userMessage": "before", "description": ""}
    assert made["duringDeployment"] == {"userMessage": "meanwhile", "description": ""}
    assert made["postDeployment"] == {
        "suppressReboots": True,
        "rebootHonorOnUserLogin": True,
        "rebootOption": {"userMessage": "please restart", "description": ""},
        "rebootCountdown": {"userMessage": "restarting", "description": ""},
        "onComplete": {"userMessage": "done", "description": ""},
    }
    inside = {"suppressReboots", "rebootOption", "rebootCountdown", "onComplete"}
    assert not inside & set(made)


def test_whole_objects_are_placed_as_they_are():
    before = {"userMessage": "a", "description": "b", "deferment": DEFER}
    after = {
        "suppressReboots": False,
        "rebootOption": {"userMessage": "c", "description": "d", "deferment": DEFER},
        "rebootCountdown": {"interval": 15, "intervalUnit": "MINUTES", "userMessage": "e"},
        "onComplete": {"userMessage": "f", "unheardOf": [1]},
    }
    made = body(preDeployment=before, postDeployment=after)
    assert made["preDeployment"] == before
    assert made["postDeployment"] == after


def test_nothing_is_deferred_unless_it_is_said():
    assert body(preDeployment="a")["preDeployment"].keys() == {"userMessage", "description"}
    deferred = body(preDeployment="a", deferment={**DEFER, "intervalUnit": "hours"})
    assert deferred["preDeployment"]["deferment"] == {**DEFER, "intervalUnit": "HOURS"}
    assert "deferment" not in deferred


def test_a_text_after_deployment_is_shown_when_it_is_done():
    done = {"userMessage": "done", "description": ""}
    assert body(postDeployment="done")["postDeployment"] == {
        "onComplete": done,
        "suppressReboots": False,
    }
    both = body(postDeployment="also", onComplete="done")["postDeployment"]
    assert both["onComplete"] == done
    assert both["userMessage"] == "also"


def test_mails_stand_where_the_page_has_them():
    made = body(
        notificationType=True,
        notificationConfigRecipientEmail=["a@example.com", "b@example.com"],
        notificationConfigCompletedPercentage="80",
        notificationEvents={"onJobStart": False, "onJobComplete": True},
    )
    assert made["notification"] == {
        "notificationTypes": {"email": True},
        "notificationConfigs": {
            "recipientEmails": "a@example.com,b@example.com",
            "completedPercentage": 80,
        },
        "notificationEvents": {"onJobStart": False, "onJobComplete": True},
    }
    assert not [name for name in made if name.startswith("notification") and name[12:]]


def test_who_names_recipients_wants_mails():
    made = body(notificationConfigRecipientEmail="a@example.com", notificationEvents=True)
    assert made["notification"]["notificationTypes"] == {"email": True}
    assert made["notification"]["notificationEvents"] == {"onJobStart": True, "onJobComplete": True}
    assert "notification" not in body()


def test_actions_and_chains_are_passed_on():
    action = {"action": "Run Script", "actionItem": "makeCache Pre-Action", "script": ""}
    rule = {"field": "successPercentage", "value": 90}
    made = body(preDeployActions=action, postDeployActions=[action], chainedJobRule=rule)
    assert made["preDeployActions"] == action
    assert made["postDeployActions"] == [action]
    assert made["chainedJobRule"] == [rule]


def test_changes_hold_what_is_given_and_nothing_else():
    assert job_changes() == {}
    assert job_changes(timeout=6, name="Other") == {"timeout": 6, "name": "Other"}
    assert job_changes(jobType="install") == {"type": "Install"}
    assert job_changes(assetIds=[]) == {"assetIds": []}
    assert job_changes(suppressReboots=True) == {"postDeployment": {"suppressReboots": True}}
    assert job_changes(notificationType=False) == {
        "notification": {"notificationTypes": {"email": False}}
    }


def test_changes_say_what_a_value_implies():
    assert job_changes(dynamicPatchesQQL=QUERY)["isDynamicPatchesQQL"] is True
    assert job_changes(dynamicPatchesQQL="")["isDynamicPatchesQQL"] is False
    assert "isDynamicPatchesQQL" not in job_changes(additionalDynamicPatchesQQL="")
    assert job_changes(timezone="UTC")["timezoneType"] == "SPECIFIC_TZ"
    assert job_changes(timezoneType="AGENT_TZ")["timezone"] is None
    assert job_changes(patchTuesdayPlusXDays=0) == {"patchTuesdayPlusXDays": None}


def test_what_a_change_does_not_name_stays():
    job = {
        "id": ONE,
        "name": "Job",
        "assetIds": [ONE],
        "unheardOf": 1,
        "postDeployment": {
            "suppressReboots": False,
            "rebootOption": {"userMessage": "a", "deferment": DEFER},
        },
        "notification": None,
    }
    changes = job_changes(rebootOption="b", assetIds=[TWO], notificationType=True)
    assert with_changes(job, changes) == {
        "id": ONE,
        "name": "Job",
        "assetIds": [TWO],
        "unheardOf": 1,
        "postDeployment": {
            "suppressReboots": False,
            "rebootOption": {"userMessage": "b", "description": "", "deferment": DEFER},
        },
        "notification": {"notificationTypes": {"email": True}},
    }
    assert job["postDeployment"]["rebootOption"]["userMessage"] == "a"


def test_a_query_given_later_gets_its_type():
    changes = job_changes(dynamicPatchesQQL=QUERY)
    assert with_changes({"dynamicQQLType": 0}, changes)["dynamicQQLType"] == 1
    assert with_changes({"dynamicQQLType": 2}, changes)["dynamicQQLType"] == 2


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(json)
def test_whatever_comes_out_can_be_sent(value):
    for name in ("onComplete", "preDeployActions", "chainedJobRule", "description"):
        try:
            made = body(**{name: value})
        except ConfigError:
            continue
        assert msgspec.json.decode(msgspec.json.encode(made)) == made
