"""Jobs made, changed, copied and read, against recorded replies: what is sent, and what comes."""

from typing import Any

import msgspec
import pytest
from replying import (
    ASSET,
    CRITICAL,
    JOB,
    ONE_JOB,
    OTHER_JOB,
    Ask,
    done,
    problems,
    recorded,
    reply,
    said,
)

from patchfleet.qualys.operations import job_changes, jobs
from patchfleet.qualys.operations.jobs import get_job
from patchfleet.transport.messages import Response

JOB_BODY = {
    "description": "",
    "status": "Enabled",
    "filterType": "Any",
    "exclusionFilterType": "Any",
    "recurringLastDayOfMonth": False,
    "timezoneType": "AGENT_TZ",
    "timeout": -1,
    "timeoutUnit": "HOURS",
    "minimizeWindow": False,
    "isDynamicPatchesQQL": True,
    "dynamicQQLType": 1,
    "dynamicPatchesQQL": CRITICAL,
    "additionalDynamicQQLType": "",
    "additionalDynamicPatchesQQL": "",
    "linkedJobId": "",
    "approvedPatches": [],
    "assetIds": [ASSET],
    "assetTagIds": [],
    "matchAllTagIds": [],
    "exclusionAssetIds": [],
    "exclusionTagIds": [],
    "coAuthorUserIds": [],
    "opportunisticDownloads": False,
    "recurring": False,
    "platform": "Windows",
    "name": "My Job",
    "scheduleType": "On-demand",
    "type": "Install",
    "postDeployment": {"suppressReboots": False},
}
"""The existing SDK's first worked example, as it is sent [D: 3.5, get]."""


def body_of(request: Any) -> Any:
    return msgspec.json.decode(request.body)


def test_create_job() -> None:
    work = job_changes.create_job(
        "Windows",
        "My Job",
        "Install",
        "On-demand",
        assetIds=[ASSET],
        dynamicPatchesQQL=CRITICAL,
        dynamicQQLType=1,
        isDynamicPatchesQQL=True,
        status="Enabled",
    )
    (asked,), created = done(work.send, reply("create_job/created", status=201))
    assert (asked.method, asked.path) == ("POST", "/pm/v1/deploymentjob")
    sent = body_of(asked)
    assert sent["description"] == work.wanted.marker
    assert sent.pop("description").startswith("[patchfleet ")
    assert sent == {name: value for name, value in JOB_BODY.items() if name != "description"}
    assert created.id == OTHER_JOB


def test_what_is_created_is_read_back() -> None:
    work = job_changes.create_job("Windows", "My Job", "Install", "On-demand", assetIds=[ASSET])
    made = as_reply({**JOB_BODY, "id": OTHER_JOB, "description": work.wanted.marker})
    asked, created = done(work, reply("create_job/created", status=201), made)
    assert [(one.method, one.path) for one in asked] == [
        ("POST", "/pm/v1/deploymentjob"),
        ("GET", f"/pm/v1/deploymentjob/{OTHER_JOB}"),
    ]
    assert created == f"Job {OTHER_JOB} (My Job) created successfully."
    assert (created.id, created.name, created.was_there) == (OTHER_JOB, "My Job", False)


def as_reply(value: Any) -> Response:
    return Response(200, {}, msgspec.json.encode(value))


@pytest.mark.parametrize("answer", ["update_job/answered", "_any/nothing", "update_job/updated"])
def test_update_job_sends_the_whole_and_reads_it_again(answer: str) -> None:
    work = job_changes.update_job(JOB, name="Renamed", preDeployment="Sooner")
    before = said(recorded("get_job/whole"))
    steps = work.steps()
    next(steps)
    after = as_reply(steps.send(done(get_job(JOB), reply("get_job/whole"))[1]).wanted.asked)
    asked, job = done(work, reply("get_job/whole"), reply(answer), after)
    assert [(one.method, one.path) for one in asked] == [
        ("GET", ONE_JOB),
        ("PATCH", f"/pm/v1/deploymentjob/update/{JOB}"),
        ("GET", ONE_JOB),
    ]
    sent = body_of(asked[1])
    changed = {name for name in sent if sent[name] != before[name]}
    assert changed == {"name", "preDeployment"}
    assert sent["preDeployment"]["userMessage"] == "Sooner"
    assert sent["preDeployment"]["deferment"] == before["preDeployment"]["deferment"]
    assert sent["approvalState"] == {"needed": False}, "what nobody documents is sent back"
    assert said(job) == msgspec.json.decode(after.body)


def test_clone_job_copies_what_is_not_the_server_s() -> None:
    steps = job_changes.clone_job(JOB, "Another", timeout=3).steps()
    next(steps)
    _, job = done(get_job(JOB), reply("get_job/whole"))
    creation = steps.send(job)
    sent, before = body_of(creation.send.request), said(recorded("get_job/whole"))
    assert set(before) - set(sent) == {"customerId", "id", "disabledPatches", "patchCount"}
    assert {name for name in sent if sent[name] != before[name]} == {
        "name", "status", "timeout", "description",
    }  # fmt: skip
    assert sent["status"] == "Disabled"
    assert sent["description"].startswith("every second Tuesday [patchfleet ")
    again = next(job_changes.clone_job(job, "Another", timeout=3).steps())
    assert again.wanted.asked == creation.wanted.asked, "what was read is not read again"


def test_get_job_runs_of_two_jobs() -> None:
    name = "get_job_runs/two"
    asked, runs = done(jobs.get_job_runs([JOB, OTHER_JOB]), reply(name), reply(name))
    other = f"/pm/v1/deploymentjob/{OTHER_JOB}/runs"
    assert asked == [Ask("GET", f"{ONE_JOB}/runs").request, Ask("GET", other).request]
    assert [run.jobId for run in runs] == [JOB, JOB, OTHER_JOB, OTHER_JOB]
    assert [run.jobInstanceId for run in runs] == [2, 1, 2, 1]


def test_get_job_results_asks_in_the_query_and_in_the_body() -> None:
    work = jobs.get_job_results(JOB, jobInstanceId=2, pageSize=2, sort="name")
    names = "get_job_results/first_of_two", "get_job_results/second_of_two"
    asked, result = done(work, *map(reply, names))
    given = {"jobInstanceId": "2", "sort": '[{"name":"asc"}]'}
    assert asked == [
        Ask(
            "POST",
            f"{ONE_JOB}/deploymentjobresult/summary",
            {**given, "pageNumber": str(page), "pageSize": "2"},
            {**given, "pageNumber": page, "pageSize": 2},
        ).request
        for page in (0, 1)
    ]
    first, second = map(recorded, names)
    assert said(result) == said({**first, "assets": first["assets"] + second["assets"]})
    assert problems(result) == []


def test_get_job_results_of_a_job_that_never_ran() -> None:
    _, result = done(jobs.get_job_results(JOB), reply("get_job_results/not_yet_run"))
    assert (result.assetCount, result.assets) == (0, [])


def test_numbers_that_come_as_text_are_numbers() -> None:
    _, (job,) = done(jobs.list_jobs("linux"), reply("list_jobs/numbers_as_text"))
    assert (job.totalAssetCount, job.applicableAssetCount) == (12, 0)
    assert job.completionPercent == 75.5
    assert problems(job) == []
