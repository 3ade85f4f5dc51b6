"""The initial jobs of an account, for demonstrations and measurements."""

from collections import Counter

import pytest

from patchfleet.emulator.qualys.jobs.initial_jobs import add_usual_jobs
from patchfleet.emulator.qualys.jobs.registry import JobRegistry
from patchfleet.emulator.qualys.jobs.rules import check

from .qualys_jobs import START, Desk

FINAL = {"Completed", "Job Failed", "No Patch Available", "Not Applicable"}


@pytest.fixture(scope="module")
def desk():
    return Desk(jobs=None)


@pytest.fixture(scope="module")
def jobs(desk):
    return desk.ground_truth()["jobs"]


def test_a_new_account_shows_every_kind_of_job_on_both_platforms(jobs):
    for platform in ("Windows", "Linux"):
        own = [job for job in jobs if job["platform"] == platform]
        assert {job["scheduleType"] for job in own} == {
            "On-demand", "Once", "Daily", "Weekly", "Monthly",
        }  # fmt: skip
        assert {job["status"] for job in own} == {"Enabled", "Disabled"}
        assert sum(bool(job["linkedJobId"]) for job in own) == 1
        assert max(len(job["runs"]) for job in own) >= 3
        assert all(len({run["number"] for run in job["runs"]}) == len(job["runs"]) for job in own)


def test_every_initial_job_keeps_the_rules():
    registry = JobRegistry(Desk().state)
    add_usual_jobs(registry)
    for job in registry.jobs.values():
        check(registry, job.body)


def test_some_results_do_not_fit_on_one_page(jobs):
    assert max(len(run["results"]) for job in jobs for run in job["runs"]) > 10


def test_runs_of_the_past_are_over(jobs):
    statuses = Counter()
    for job in jobs:
        for run in job["runs"]:
            assert run["is_over"]
            assert run["scheduled_at"] < START.isoformat()
            statuses.update(row["status"] for row in run["results"])
    assert set(statuses) <= FINAL
    assert statuses["Completed"] > statuses["Job Failed"]


def test_what_past_runs_installed_is_there_and_what_failed_is_not(desk, jobs):
    failed = 0
    for row in (row for job in jobs for run in job["runs"] for row in run["results"]):
        asset = desk.state.assets[row["asset"]["id"]]
        assert {*row["success"], *row["installed"]} <= {*asset.installed, *asset.reboot_pending}
        assert set(row["failed"]) <= asset.missing.keys()
        failed += len(row["failed"])
    assert failed


def test_explicit_jobs_of_the_past_tell_of_their_patches_only(jobs):
    done = [job for job in jobs if job["approvedPatches"] and job["runs"]]
    assert len(done) == 4
    for job in done:
        for row in job["runs"][0]["results"]:
            told = [*row["success"], *row["failed"], *row["installed"], *row["notApplicable"]]
            assert sorted(told) == sorted(job["approvedPatches"])


def test_enabled_recurring_jobs_go_on_where_they_left_off():
    desk = Desk(jobs=None)
    weekly = next(row for row in desk.listed(pageSize=50) if row["scheduleType"] == "Weekly")
    before = desk.runs(weekly["id"])
    assert weekly["nextScheduleDateTime"] > START.timestamp() * 1000
    desk.advance(days=14)
    after = desk.runs(weekly["id"])
    assert after[: len(before)] == before
    assert len(after) == len(before) + 2
    days = [run["scheduledDateTime"][:10] for run in after]
    assert days == sorted(set(days))


def test_the_past_is_the_same_whenever_somebody_looks_first():
    early, late = Desk(jobs=None), Desk(jobs=None)
    ids = [row["id"] for row in early.listed(pageSize=50)]
    seen = {one: early.results(one, jobInstanceId=1) for one in ids if early.runs(one)}
    for desk in (early, late):
        desk.create(**desk.body(status="Enabled"))
        desk.advance(days=20)
    told = {one: late.results(one, jobInstanceId=1) for one in seen}
    for one, summary in seen.items():
        for then, now in zip(summary["assets"], told[one]["assets"], strict=True):
            assert then["success"] == now["success"]
            assert then["statusDateTime"] == now["statusDateTime"]


def test_for_measuring_there_are_exactly_so_many_jobs_with_so_many_results():
    desk = Desk(devices=80, jobs=12, assets=15)
    rows = desk.listed(pageSize=100) + desk.listed(pageSize=100, platform="Linux")
    assert len(rows) == 12
    for row in rows:
        summary = desk.results(row["id"])
        assert summary["assetCount"] == len(summary["assets"]) == 15
        assert int(row["completionPercent"]) == 100


def test_too_few_assets_for_measuring_are_named():
    with pytest.raises(ValueError, match="too few for jobs of 4000"):
        Desk(devices=3, jobs=1, assets=4000)


def test_an_account_without_jobs():
    assert Desk(jobs=0).ground_truth() == {
        "jobs": [], "passed_over": {}, "mitigation_jobs": [],
    }  # fmt: skip
