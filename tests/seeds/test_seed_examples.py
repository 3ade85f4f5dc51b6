"""The documented examples of the existing SDK, executed against the emulator in both forms.

The blocks are those of its documentation without what they print. Names in angle brackets and the
id of a tag are filled in, the platform's address is the emulator's, and in the second form the
module's name is ours; nothing else is changed.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.qualys import BaseList, JobResultSummary, PMAssetJobView, PMJob, PMRun, TokenAuth

BLOCKS = Path(__file__).parent / "qualys"
FORMS = {"unchanged": "qualysdk", "ours": "patchfleet.qualys"}
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """An emulator with machines of both platforms."""
    with Emulator(customers=2, devices=24).running() as running:
        yield running


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def executed(host: Host, request: pytest.FixtureRequest) -> Any:
    """Execute a block and return its names."""

    tags = host.emulator.ground_truth(vendor="qualys")["tags"]

    def execute(name: str) -> dict[str, Any]:
        code = (BLOCKS / f"{name}.txt").read_text(encoding="utf-8")
        account = host.emulator.qualys
        where = {"gateway_url": host.url}
        code = code.replace("qualysdk.", f"{request.param}.")
        code = code.replace("<username>", repr(account.username))
        code = code.replace("<password>", repr(account.password))
        code = code.replace("platform='qg1'", f"platform='qg1', override_platform={where!r}")
        tag = next(tag["id"] for tag in tags if tag["name"] == "Windows")
        code = code.replace("22222222-3333-4444-5555-666666666666", tag)
        # The first worked example uses an account that it makes later.
        auth = TokenAuth(account.username, account.password, override_platform=where)
        names: dict[str, Any] = {"auth": auth}
        exec(compile(code, f"{name}.txt", "exec"), names)
        return names

    return execute


def true_jobs(host: Host, platform: str | None = None) -> set[str]:
    """Return the ids of the jobs there really are."""
    jobs = host.emulator.ground_truth(vendor="qualys")["jobs"]
    return {job["id"] for job in jobs if platform in (None, job["platform"])}


def test_list_jobs(executed: Any, host: Host) -> None:
    jobs = executed("list_jobs")["win_jobs"]
    assert isinstance(jobs, BaseList)
    assert all(isinstance(job, PMJob) for job in jobs)
    assert {job.id for job in jobs} == true_jobs(host, "Windows")
    assert repr(jobs[0]).startswith("PMJob(id='")


def test_get_job_results(executed: Any, host: Host) -> None:
    names = executed("get_job_results")
    one, results = names["one"], names["results"]
    assert isinstance(one, JobResultSummary)
    assert isinstance(one.createdOn, datetime)
    assert one.createdOn.tzinfo is UTC
    assert len(one.assets) == one.assetCount
    assert isinstance(results, BaseList)
    assert [result.id for result in results] == [job.id for job in names["jobs"]]
    for result in results:
        assert len(result.assets) == result.assetCount
        assert all(isinstance(view, PMAssetJobView) and view.name for view in result.assets)


def test_get_job_runs(executed: Any) -> None:
    names = executed("get_job_runs")
    assert isinstance(names["runs"], BaseList)
    runs = names["get_job_runs"](names["auth"], names["list_jobs"](names["auth"], "linux"))
    assert runs, "the world has jobs that ran"
    for run in runs:
        assert isinstance(run, PMRun)
        assert run.jobId
        assert run.scheduledDateTime is not None
        assert run.scheduledDateTime.tzinfo is UTC


def test_create_job_with_a_query_over_the_inventory(executed: Any, host: Host) -> None:
    names = executed("create_job_of_a_query")
    assert re.fullmatch(rf"Job {UUID} \(My Job\) created successfully\.", names["job"])
    assert names["job"].id in true_jobs(host)
    asked = {asset.agentId for asset in names["windows_assets"]} - {None}
    (job,) = (
        job
        for job in host.emulator.ground_truth(vendor="qualys")["jobs"]
        if job["id"] == names["job"].id
    )
    assert asked
    assert set(job["assetIds"]) == asked
    assert job["status"] == "Enabled"


def test_create_job_with_a_tag(executed: Any, host: Host) -> None:
    names = executed("create_job_of_a_tag")
    assert names["job"] == f"Job {names['job'].id} (My Job) created successfully."
    assert names["job"].id in true_jobs(host)


def test_everything_can_be_imported(executed: Any) -> None:
    assert {"list_jobs", "get_job_results", "get_job_runs", "create_job"} <= set(
        executed("everything")
    )
