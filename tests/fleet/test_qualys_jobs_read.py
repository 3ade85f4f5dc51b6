"""The jobs of Qualys in our words: all of them, with every run and every result."""

from datetime import UTC, datetime, timedelta

import pytest
from qualys_reading import reading

from patchfleet.emulator import Emulator
from patchfleet.errors import Unreadable, VendorError
from patchfleet.fleet import QualysSource
from patchfleet.fleet.sources.qualys.jobs import RESULTS, as_result, as_run
from patchfleet.models import FINAL_STATUSES, JOB_STATUSES, JobResult
from patchfleet.qualys import PMAssetJobView, PMRun, Qualys
from patchfleet.qualys.records.values import Door

NOW = datetime(2026, 11, 17, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def host():
    """A subscription some days on, which no test changes."""
    with Emulator(customers=2, devices=20, patches=30, seed=6).running() as host:
        host.emulator.advance(days=9, hours=3)
        yield host


def jobs_of(host):
    return host.emulator.ground_truth(vendor="qualys")["jobs"]


def at(milliseconds):
    return milliseconds and datetime.fromtimestamp(milliseconds / 1000, UTC)


def test_every_job_is_learned(host):
    with reading(host) as source:
        learned = source.jobs()
    truth = {job["id"]: job for job in jobs_of(host)}
    assert {job.id for job in learned.jobs} == set(truth)
    assert learned.as_of == host.emulator.now
    assert learned.gaps == ()
    for job in learned.jobs:
        told = truth[job.id]
        assert (job.name, job.platform, job.action) == (
            told["name"],
            told["platform"],
            told["type"],
        )
        assert (job.status, job.vendor_status) == (told["status"].lower(), told["status"])
        assert job.schedule == told["scheduleType"]
        assert job.is_recurring is (told["scheduleType"] not in ("On-demand", "Once"))
        assert job.patch_ids == tuple(told["approvedPatches"] or ())
        assert job.query == (told["dynamicPatchesQQL"] or None)
        created_at = datetime.fromisoformat(told["created_at"])
        assert abs(job.created_at - created_at) < timedelta(seconds=1)


def test_every_run_is_learned(host):
    with reading(host) as source:
        learned = source.jobs()
    runs = {(run.job_id, run.id): run for run in learned.runs}
    assert set(runs) == {
        (job["id"], str(run["number"])) for job in jobs_of(host) for run in job["runs"]
    }
    for job in jobs_of(host):
        for told in job["runs"]:
            run = runs[job["id"], str(told["number"])]
            ended = [row for row in told["results"] if row["endDateTime"]]
            assert run.device_count == len(told["results"])
            assert run.finished_count == len(ended)
            assert (run.status == "done") == (told["is_over"] and bool(told["results"]))
            assert run.scheduled_at == datetime.fromisoformat(told["scheduled_at"])


def test_every_result_is_learned(host):
    with reading(host) as source:
        learned = source.jobs()
    results = {(one.job_id, one.run_id, one.device_id): one for one in learned.results}
    assert len(results) == len(learned.results)
    truth = {
        (job["id"], str(run["number"]), row["asset"]["id"]): row
        for job in jobs_of(host)
        for run in job["runs"]
        for row in run["results"]
    }
    assert set(results) == set(truth)
    for key, row in truth.items():
        one = results[key]
        assert (one.vendor_status, one.vendor_code) == (row["status"], row["statusCode"])
        assert one.status in JOB_STATUSES
        assert (one.status in FINAL_STATUSES) == bool(row["endDateTime"])
        assert one.succeeded == tuple(row["success"])
        assert one.failed == tuple(row["failed"])
        assert one.present == tuple(row["installed"])
        assert one.superseded == tuple(row["superseded"])
        assert one.not_applicable == tuple(row["notApplicable"])
        assert (one.succeeded_count, one.failed_count) == (len(one.succeeded), len(one.failed))
        assert (one.skipped_count, one.total_count) == (
            len(row["skipped"]),
            row["totalPatchCount"],
        )
        assert one.waits_for_reboot is bool(row["pendingReboot"])
        assert [one.sent_at, one.started_at, one.ended_at] == [
            at(row["jobSentOn"]),
            at(row["startDateTime"]),
            at(row["endDateTime"]),
        ]


def test_runs_since_a_time(host):
    since = host.emulator.now - timedelta(days=8)
    calls = []
    with reading(host) as source:
        everything = source.jobs(lambda: calls.append("all"))
        learned = source.jobs(lambda: calls.append("since"), since=since)
    assert learned.jobs == everything.jobs
    assert learned.runs == tuple(run for run in everything.runs if run.scheduled_at >= since)
    assert learned.runs
    assert calls.count("since") < calls.count("all")
    named = {(run.job_id, run.id) for run in learned.runs}
    assert {(one.job_id, one.run_id) for one in learned.results} <= named


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("service", ["get_job", "get_job_runs", "get_job_results"])
@pytest.mark.parametrize("kind", ["server_error", "html", "garbage", "forbidden"])
def test_a_job_that_cannot_be_read_is_named_and_kept(kind, service, after):
    with Emulator(customers=1, devices=10, patches=20, seed=6).running() as host:
        host.emulator.advance(days=9)
        with reading(host) as source:
            whole = source.jobs()
            host.emulator.fault(kind, service=service, after=after)
            learned = source.jobs()
        (gap,) = learned.gaps
        (kept,) = learned.kept_jobs
        assert gap.reason.startswith(f"job {kept} ")
        assert learned.jobs == tuple(job for job in whole.jobs if job.id != kept)
        assert learned.runs == tuple(run for run in whole.runs if run.job_id != kept)
        assert learned.results == tuple(one for one in whole.results if one.job_id != kept)


def test_jobs_that_nobody_can_read_are_an_error():
    with Emulator(customers=1, devices=10, patches=20, seed=6).running() as host:
        host.emulator.fault("server_error", service="list_jobs")
        with reading(host) as source, pytest.raises(VendorError):
            source.jobs()
        host.emulator.fault("server_error", service="get_job", times=None)
        with reading(host) as source, pytest.raises(VendorError, match=r"^job "):
            source.jobs()


@pytest.mark.parametrize("left_out", ["the first", "all"])
@pytest.mark.parametrize("of", ["the first list", "the second list"])
def test_two_lists_of_jobs_that_contradict_each_other_are_an_error(left_out, of):
    class Short(Qualys):
        lists = 0

        def list_jobs(self, *given, **asked):
            found = super().list_jobs(*given, **asked)
            Short.lists += 1
            if Short.lists == (1 if of == "the first list" else 2):
                return found[1:] if left_out == "the first" else found[:0]
            return found

    with Emulator(customers=1, devices=10, patches=20, seed=6).running() as host:
        host.emulator.advance(days=9)
        account = host.emulator.qualys
        override = {"gateway_url": host.url}
        with Short(account.username, account.password, override_platform=override) as client:
            source = QualysSource(client, now=lambda: host.emulator.now)
            list(source.listings(source.inventory().devices))
            with pytest.raises(
                Unreadable, match=r"^job .*(and was not listed before|is no longer listed)$"
            ):
                source.jobs()


def test_a_job_deleted_meanwhile_is_a_gap():
    with Emulator(customers=1, devices=10, patches=20, seed=6).running() as host:
        host.emulator.fault("json_error", service="get_job", status=404, after=1)
        with reading(host) as source:
            learned = source.jobs()
        (gap,) = learned.gaps
        assert "was listed and is gone" in gap.reason
        assert len(learned.jobs) == len(jobs_of(host)) - 1


@pytest.mark.parametrize(("word", "status"), sorted(RESULTS.items()))
def test_words_of_results(word, status):
    result = as_result("job", "1", PMAssetJobView(status=word.title()), Door(NOW))
    assert (result.status, result.vendor_status) == (status, word.title())


def test_a_word_nobody_knows_is_unknown_and_kept():
    result = as_result("job", "1", PMAssetJobView(status="Patching", statusCode="2099"), Door(NOW))
    assert (result.status, result.vendor_status, result.vendor_code) == (
        "unknown",
        "Patching",
        "2099",
    )


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "waiting"),
        (["waiting"], "waiting"),
        (["waiting", "running"], "running"),
        (["waiting", "done"], "running"),
        (["done", "failed", "canceled", "not_applicable"], "done"),
        (["unknown"], "waiting"),
    ],
)
def test_a_run_stands_as_its_results(statuses, expected):
    results = [
        JobResult(job_id="job", run_id="1", device_id=str(n), status=status, vendor_status="")
        for n, status in enumerate(statuses)
    ]
    assert as_run("job", PMRun(jobInstanceId=1), results, Door(NOW)).status == expected
