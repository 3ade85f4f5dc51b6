"""Calls about jobs: stored and ignored fields, lists, changes, results for each."""

import re
from datetime import timedelta

import pytest

from patchfleet.emulator.qualys.request import Refused

from .qualys_jobs import EXPLICIT, START, Desk

GONE = "11111111-2222-4333-8444-555555555555"
DAILY = {"scheduleType": "Daily", "startDateTime": "2026-11-20 10:00:00 PM"}


@pytest.fixture
def desk():
    return Desk(devices=20)


@pytest.fixture(scope="module")
def shared():
    """One account for calls that change nothing."""
    return Desk(devices=20)


def refusal_of(call, *args, **kwargs):
    with pytest.raises(Refused) as refusal:
        call(*args, **kwargs)
    return refusal.value


# Stored fields


def test_a_new_job_is_answered_whole_with_201_and_found_again(desk):
    answer = desk.answer("POST", "/pm/v1/deploymentjob", body=desk.body(description="mark 7"))
    assert answer.status == 201
    job = desk.listed()[0]
    whole = desk.get(job["id"])
    assert answer.body.decode().count('"id"') == 1
    assert list(whole)[:8] == [
        "customerId", "id", "schemaVersion", "name", "description", "type", "status", "platform",
    ]  # fmt: skip
    assert whole["description"] == "mark 7"
    assert whole["customerId"] == desk.state.customer_id == job["customerId"]


def test_what_nobody_set_is_null_or_the_documented_default(desk):
    job = desk.create(**desk.body())
    unset_lists = ("exclusionAssetIds", "assetTagIds", "matchAllTagIds", "exclusionTagIds",
                   "coAuthorUserIds", "approvedPatches", "disabledPatches")  # fmt: skip
    assert all(job[name] is None for name in unset_lists)
    assert (job["status"], job["filterType"], job["timeout"]) == ("Disabled", "Any", -1)
    assert job["startDateTime"] == "2026-11-13 07:00:00 AM"
    assert job["postDeployment"] is job["notification"] is None


def test_empty_lists_and_blank_texts_unset_a_field(desk):
    job = desk.create(
        **desk.body(
            exclusionAssetIds=[],
            assetTagIds=[],
            linkedJobId="",
            additionalDynamicQQLType="",
            additionalDynamicPatchesQQL="",
            chainedJobRule=[],
        )
    )
    for name in ("exclusionAssetIds", "assetTagIds", "linkedJobId", "chainedJobRule"):
        assert job[name] is None


def test_a_field_in_the_wrong_place_is_not_known_and_not_stored(desk):
    reboot = {"userMessage": "Restart", "description": "now"}
    job = desk.create(
        **desk.body(
            suppressReboots=True,
            rebootOption=reboot,
            rebootCountdown=reboot,
            onComplete=reboot,
            recipientEmails="a@example.invalid",
            tagIds=[GONE],
            somethingNew=1,
            postDeployment={"userMessage": "Done", "minimizeWindow": True},
        )
    )
    assert not {"suppressReboots", "rebootOption", "rebootCountdown", "onComplete"} & set(job)
    assert not {"recipientEmails", "tagIds", "somethingNew"} & set(job)
    assert job["postDeployment"] == {"userMessage": "Done"}


def test_the_restart_block_is_stored_where_it_is_documented(desk):
    block = {
        "userMessage": "Done",
        "suppressReboots": False,
        "rebootHonorOnUserLogin": True,
        "rebootOption": {
            "userMessage": "Restart?",
            "description": "d",
            "deferment": {"count": 2, "interval": 30, "intervalUnit": "MINUTES"},
        },
        "rebootCountdown": {
            "userMessage": "Soon",
            "description": "d",
            "interval": 15,
            "intervalUnit": "MINUTES",
        },
        "onComplete": {"userMessage": "Bye"},
    }
    notes = {
        "notificationTypes": {"email": True},
        "notificationConfigs": {
            "recipientEmails": "a@example.invalid,b@example.invalid",
            "completedPercentage": 80,
        },
        "notificationEvents": {"onJobStart": True, "onJobComplete": False},
    }
    job = desk.create(**desk.body(postDeployment=block, notification=notes))
    assert desk.get(job["id"])["postDeployment"] == block
    assert desk.get(job["id"])["notification"] == notes


def test_choices_come_back_in_their_documented_type(desk):
    monthly = {
        "scheduleType": "Monthly",
        "startDateTime": "2026-11-20 10:00:00 PM",
        "monthlyRecurringType": 1,
        "patchTuesdayPlusXDays": 3,
    }
    job = desk.create(**desk.body(**monthly, timeout="6", timeoutUnit="HOURS"))
    assert (job["monthlyRecurringType"], job["patchTuesdayPlusXDays"]) == ("1", "3")
    assert (job["timeout"], job["recurring"]) == (6, True)


# The list


def test_the_list_differs_from_the_body_as_the_wire_does(desk):
    tags = [desk.tag("Windows"), desk.tag("Pilot")]
    made = desk.create(
        **desk.body(
            assetIds=None,
            assetTagIds=tags,
            exclusionTagIds=[desk.tag("Do Not Patch")],
            scheduleType="Monthly",
            startDateTime="2026-11-20 10:00:00 PM",
            dayOfMonth=5,
        )
    )
    [row] = desk.listed()
    assert row["tags"] == [
        {"id": tags[0], "name": "Windows"},
        {"id": tags[1], "name": "Pilot"},
    ]
    assert row["exclusionTags"] == [desk.tag("Do Not Patch")]
    assert row["dayOfMonth"] == "5"
    assert row["monthlyRecurringType"] == 0
    assert row["isRecurring"] is True
    assert row["created"] == {
        "date": round(START.timestamp() * 1000),
        "user": {"name": desk.state.user.name, "id": desk.state.user.id},
    }
    assert row["id"] == made["id"]
    assert row["assetCount"] == 0
    assert row["taggedAssetCount"] == int(row["totalAssetCount"]) > 0


def test_counts_come_as_text_on_every_second_job(desk):
    desk.create(**desk.body())
    desk.create(**desk.body())
    kinds = {type(row["totalAssetCount"]) for row in desk.listed()}
    assert kinds == {int, str}


def test_both_paths_of_the_list_are_the_same(desk):
    desk.create(**desk.body())
    assert desk.call("GET", "/pm/v1/deploymentjobs") == desk.listed()
    assert desk.calls[-2:] == ["list_jobs", "list_jobs"]


def test_a_list_is_of_one_platform(desk):
    desk.create(**desk.body(name="w"))
    desk.create(**desk.body("Linux", name="l"))
    assert [row["name"] for row in desk.listed()] == ["w"]
    assert [row["name"] for row in desk.listed(platform="Linux")] == ["l"]
    assert refusal_of(desk.listed, platform="linux").status == 400


def test_pages_follow_one_another_and_end(desk):
    for number in range(23):
        desk.create(**desk.body(name=f"job {number:02}"))
    pages = [desk.listed(pageNumber=number) for number in range(4)]
    assert [len(page) for page in pages] == [10, 10, 3, 0]
    assert len({row["id"] for page in pages for row in page}) == 23
    assert [row["name"] for row in desk.listed(pageSize=2)] == ["job 22", "job 21"]


def test_past_ten_thousand_jobs_a_page_is_refused():
    more_than_linux_has = len(Desk(devices=20).ids("Linux")) + 1
    desk = Desk(devices=20, jobs=10_001, assets=more_than_linux_has)
    assert len(desk.listed(pageSize=100, pageNumber=99, attributes="id")) == 100
    assert refusal_of(desk.listed, pageSize=100, pageNumber=100).code == "2501"


def test_a_list_is_sorted_and_trimmed_as_asked(desk):
    for name in ("b", "c", "a"):
        desk.create(**desk.body(name=name))
    rows = desk.listed(sort='[{"name":"asc"}]', attributes="name, status")
    assert rows == [{"name": name, "status": "Disabled"} for name in "abc"]
    assert [row["name"] for row in desk.listed(sort='[{"name":"desc"}]')] == ["c", "b", "a"]
    assert refusal_of(desk.listed, sort="name").status == 400
    assert refusal_of(desk.listed, sort='[{"colour":"asc"}]').status == 400


def test_jobs_are_found_by_query(desk):
    desk.create(**desk.body(name="Servers of March", status="Enabled"))
    desk.create(**desk.body(name="Desktops of March", **DAILY))
    desk.create(**desk.body(name="Old", type="Rollback", **EXPLICIT))

    def found(query):
        return sorted(row["name"] for row in desk.listed(filter=query))

    assert found("status:Enabled") == ["Servers of March"]
    assert found("isRecurring:true") == ["Desktops of March"]
    assert found("name:March and not scheduleType:`Daily`") == ["Servers of March"]
    assert found('name:"of march"') == ["Desktops of March", "Servers of March"]
    assert found("type:[Rollback, Install] and scheduleType:`On-demand`") == [
        "Old",
        "Servers of March",
    ]
    assert len(found("created:2026-11-13")) == 3
    assert found("created:>2026-11-13") == []
    assert "position" in refusal_of(found, "status:").message
    assert "position" in refusal_of(found, "colour:red").message


def test_owned_and_coauthored_jobs(desk):
    desk.create(**desk.body(name="mine"))
    desk.create(**desk.body(name="ours", coAuthorUserIds=[desk.state.user.id]))
    desk.create(**desk.body(name="with another", coAuthorUserIds=[GONE]))
    assert [row["name"] for row in desk.listed(ownedJob="true")] == ["mine"]
    assert [row["name"] for row in desk.listed(coauthorJob="true")] == ["ours"]
    assert refusal_of(desk.listed, ownedJob="perhaps").status == 400


# Unknown jobs


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/pm/v1/deploymentjob/{GONE}"),
        ("GET", f"/pm/v1/deploymentjob/{GONE}/runs"),
        ("POST", f"/pm/v1/deploymentjob/{GONE}/deploymentjobresult/summary"),
        ("GET", f"/pm/v1/deploymentjob/{GONE}/deploymentjobresult/summary"),
        ("PATCH", f"/pm/v1/deploymentjob/update/{GONE}"),
    ],
)
def test_an_unknown_job_is_not_found(shared, method, path):
    refusal = refusal_of(shared.call, method, path, body={})
    assert refusal.status == 404
    assert GONE in refusal.message


# Changes


def test_an_update_replaces_what_it_gives_and_nothing_else(desk):
    job = desk.create(**desk.body(description="old", minimizeWindow=True))
    desk.advance(hours=1)
    answer = desk.update(job["id"], description="new", assetIds=desk.ids()[:1])
    assert answer == desk.get(job["id"])
    assert (answer["description"], answer["minimizeWindow"]) == ("new", True)
    assert answer["assetIds"] == desk.ids()[:1]
    [row] = desk.listed()
    assert row["updated"]["date"] - row["created"]["date"] == 3_600_000


def test_a_whole_job_can_be_sent_back(desk):
    job = desk.create(**desk.body())
    assert desk.update(job["id"], **{**job, "name": "renamed"}) == {**job, "name": "renamed"}


def test_null_unsets_a_field(desk):
    job = desk.create(**desk.body(description="x", exclusionAssetIds=desk.ids()[:1]))
    changed = desk.update(job["id"], description=None, exclusionAssetIds=None)
    assert (changed["description"], changed["exclusionAssetIds"]) == ("", None)


def test_an_update_keeps_every_rule_or_changes_nothing(desk):
    job = desk.create(**desk.body())
    for changes in ({"filterType": "most"}, {"scheduleType": "Once", "startDateTime": ""},
                    {"name": ""}, {"approvedPatches": [desk.some_patch()]},
                    {"platform": "Linux"}, {"type": "Rollback"},
                    {"linkedJobId": job["id"], **EXPLICIT}):  # fmt: skip
        refusal = refusal_of(desk.update, job["id"], **{**changes, "description": "never"})
        assert refusal.status == 400
        assert desk.get(job["id"]) == job


def test_a_job_cannot_be_linked_to_itself(desk):
    job = desk.create(**desk.body(isDynamicPatchesQQL=False, dynamicPatchesQQL=None))
    assert "itself" in refusal_of(desk.update, job["id"], linkedJobId=job["id"]).message


def test_jobs_cannot_come_after_one_another_in_a_circle(desk):
    first = desk.create(**desk.body())["id"]
    rule = {"field": "successPercentage", "value": 50}
    second = desk.create(**desk.body(chainedJobRule=[{**rule, "jobId": first}]))["id"]
    for parent in (first, second):
        rules = [{**rule, "jobId": parent}]
        refusal = refusal_of(desk.update, first, chainedJobRule=rules)
        assert refusal.message.startswith("chainedJobRule")


def test_a_job_that_runs_once_is_changed_only_before_it_is_enabled(desk):
    job = desk.create(**desk.body())
    desk.update(job["id"], status="Enabled")
    refusal = refusal_of(desk.update, job["id"], assetIds=desk.ids()[:1])
    assert "can no longer be changed" in refusal.message


def test_a_recurring_job_can_be_changed_while_it_is_enabled(desk):
    job = desk.create(**desk.body(**DAILY, status="Enabled"))
    before = desk.listed()[0]["nextScheduleDateTime"]
    desk.update(job["id"], startDateTime="2026-11-21 10:00:00 PM")
    assert desk.listed()[0]["nextScheduleDateTime"] - before == timedelta(days=1) / timedelta(
        milliseconds=1
    )


# Status


def test_status_is_changed_one_by_one(desk):
    first = desk.create(**desk.body(name="first", **DAILY))["id"]
    empty = desk.create(**desk.body(name="empty", **EXPLICIT))["id"]
    answers = desk.set_status("Enabled", first, empty, GONE)
    assert answers[0] == {"id": first, "name": "first", "status": "success"}
    assert [(one["id"], one["name"], one["status"]) for one in answers[1:]] == [
        (empty, "empty", "failed"),
        (GONE, None, "failed"),
    ]
    assert [desk.get(one)["status"] for one in (first, empty)] == ["Enabled", "Disabled"]


def test_a_recurring_job_is_enabled_and_disabled_many_times(desk):
    job = desk.create(**desk.body(**DAILY))["id"]
    for status in ("Enabled", "Disabled", "Enabled", "Enabled", "Disabled"):
        assert desk.set_status(status, job)[0]["status"] == "success"
        assert desk.get(job)["status"] == status


@pytest.mark.parametrize(
    "schedule",
    [
        {"scheduleType": "On-demand"},
        {"scheduleType": "Once", "startDateTime": "2026-11-20 10:00:00 PM"},
    ],
)
def test_a_job_that_runs_once_is_enabled_once_and_never_disabled(desk, schedule):
    job = desk.create(**desk.body(**schedule))["id"]
    assert desk.set_status("Disabled", job)[0]["status"] == "failed"
    assert desk.set_status("Enabled", job)[0]["status"] == "success"
    assert desk.set_status("Enabled", job)[0]["status"] == "failed"
    assert "cannot be disabled" in desk.set_status("Disabled", job)[0]["message"]
    assert desk.get(job)["status"] == "Enabled"


def test_only_two_words_for_a_status(desk):
    job = desk.create(**desk.body(**DAILY))["id"]
    assert refusal_of(desk.set_status, "enabled", job).status == 400


@pytest.mark.parametrize("body", [None, [], {}, {"ids": []}, {"ids": "x"}, {"ids": [1]}, [1]])
def test_ids_are_a_list_in_an_object(shared, body):
    path = "/pm/v1/deploymentjobs"
    assert refusal_of(shared.call, "DELETE", path, body=body).status == 400


# Delete


def test_deleted_jobs_are_gone_one_by_one(desk):
    first, second = (desk.create(**desk.body(name=name))["id"] for name in ("a", "b"))
    answers = desk.delete(first, GONE)
    assert answers[0] == {"id": first, "name": "a", "status": "success"}
    assert answers[1]["status"] == "failed"
    assert [row["id"] for row in desk.listed()] == [second]
    assert refusal_of(desk.get, first).status == 404
    assert desk.create(**desk.body())["id"] not in (first, second)


def test_every_call_has_the_name_of_the_table(shared):
    names = {
        route.name
        for route in shared.subscription.routes
        if re.search("deploymentjob|[mM]itigation|report", route.path.pattern)
    }
    assert names == {
        "list_jobs", "get_job", "create_job", "update_job", "change_job_status", "delete_job",
        "get_job_runs", "get_job_results", "list_reports", "download_report",
        "list_report_columns", "create_job_progress_report",
        "create_mitigation_progress_report", "create_mitigation_job", "list_mitigation_jobs",
        "get_mitigation_job", "delete_mitigation_job", "list_mitigations",
    }  # fmt: skip
