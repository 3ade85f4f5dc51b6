"""Jobs over time: restarts, windows, schedules, linked and chained jobs, clock steps."""

from datetime import UTC, datetime, timedelta

import pytest

from patchfleet.emulator.qualys.request import Refused

from .qualys_jobs import EXPLICIT, START, Desk, missing, run_now


@pytest.fixture
def desk():
    return Desk()


# Restarts


def job_with_restart(desk, **settings):
    """Run a job of patches that need a restart on attended assets; return its rows and the job."""
    body = desk.body(dynamicPatchesQQL="rebootRequired:true", status="Enabled")
    return desk.create(**body, **settings)["id"]


def waiting(desk, job):
    return [row for row in desk.rows(job).values() if row["pendingReboot"]]


def test_a_restart_follows_at_once_when_nothing_else_is_said(desk):
    job = job_with_restart(desk)
    desk.advance(hours=5)
    assert waiting(desk, job) == []
    assert any(row["success"] for row in desk.rows(job).values())


def test_suppressed_restarts_leave_assets_waiting(desk):
    job = job_with_restart(desk, postDeployment={"suppressReboots": True})
    desk.advance(hours=5)
    left = waiting(desk, job)
    assert left
    assert {row["status"] for row in left} == {"Completed"}
    again = desk.create(**desk.body(status="Enabled", name="next"))["id"]
    desk.advance(hours=3)
    blocked = [row for row in desk.rows(again).values() if row["pendingForRebootInAnotherJob"]]
    assert {row["pendingForRebootInAnotherJobName"] for row in blocked} == {"Job"}


def test_suppression_at_the_top_of_the_body_suppresses_nothing(desk):
    job = job_with_restart(desk, suppressReboots=True)
    desk.advance(hours=5)
    assert waiting(desk, job) == []


def test_a_user_puts_a_restart_off_as_often_as_allowed_and_nobody_else_does(desk):
    option = {"deferment": {"count": 4, "interval": 6, "intervalUnit": "HOURS"}}
    job = job_with_restart(desk, postDeployment={"rebootOption": option})
    desk.advance(hours=5)
    left = waiting(desk, job)
    assert left
    assert all(desk.state.assets[row["asset"]["id"]].machine.user for row in left)
    desk.advance(hours=26)
    assert waiting(desk, job) == []
    assert {row["status"] for row in desk.rows(job).values()} <= {
        "Completed", "No Patch Available", "Job Failed", "Downloading - Failed",
    }  # fmt: skip


def test_the_countdown_is_waited_for(desk):
    countdown = {"interval": 5, "intervalUnit": "HOURS"}
    job = job_with_restart(desk, postDeployment={"rebootCountdown": countdown})
    desk.advance(hours=4)
    assert waiting(desk, job)
    desk.advance(hours=4)
    assert waiting(desk, job) == []


# Windows, failures, machines that do not report


def test_a_short_window_leaves_patches_untried(desk):
    patches = missing(desk, count=40)
    window = {"timeout": 40, "timeoutUnit": "MINUTES"}
    rows = run_now(desk, **EXPLICIT, approvedPatches=patches, **window)
    late = [row for row in rows.values() if row["status"] == "Timed Out"]
    assert late
    assert any(row["skipPatchCount"] and row["success"] for row in late)
    assert all(row["endDateTime"] >= START.timestamp() * 1000 + 40 * 60_000 for row in late)


def test_a_silent_machine_is_pending_for_ever_without_a_window():
    desk = Desk(devices=120)
    silent = desk.assets(silent=True)[0].uuid
    job = desk.create(**desk.body(assetIds=[silent], status="Enabled"))["id"]
    other = desk.create(
        **desk.body(assetIds=[silent], status="Enabled", timeout=2, timeoutUnit="HOURS")
    )["id"]
    desk.advance(days=30)
    assert desk.rows(job)[silent]["status"] == "Pending"
    assert desk.rows(other)[silent]["status"] == "Timed Out"


def test_a_once_job_enabled_late_runs_now_unless_its_window_is_past(desk):
    past = {"scheduleType": "Once", "startDateTime": "2026-11-10 10:00:00 AM"}
    late = desk.create(**desk.body(**past, status="Enabled"))["id"]
    closed = desk.create(**desk.body(**past, status="Enabled", timeout=6, timeoutUnit="HOURS"))
    desk.advance(days=1)
    assert "Timed Out" not in {row["status"] for row in desk.rows(late).values()}
    assert {row["status"] for row in desk.rows(closed["id"]).values()} == {"Timed Out"}


def test_on_linux_a_job_may_stop_at_the_first_failure():
    stopped = 0
    for go_on in (True, False):
        desk = Desk(devices=120)
        rows = run_now(
            desk, platform="Linux", assetIds=desk.ids("Linux"), continueOnPatchFailure=go_on
        )
        failed = [row for row in rows.values() if row["failed"]]
        assert failed
        if go_on:
            assert not any(row["skipPatchCount"] for row in rows.values())
        else:
            assert {row["status"] for row in failed} == {"Job Failed"}
            assert {row["failedPatches"] for row in failed} == {1}
            stopped = sum(row["skipPatchCount"] for row in failed)
    assert stopped


def test_downloads_spread_over_the_time_they_are_given():
    def spread(**changes):
        desk = Desk()
        job = desk.create(**desk.body(status="Enabled", **changes))["id"]
        desk.advance(hours=6)
        began = [row["startDateTime"] for row in desk.rows(job).values() if row["startDateTime"]]
        return max(began) - min(began)

    wide = {"downloadRandomizeTime": "120", "downloadRandomizeTimeUnit": "MINUTES"}
    assert spread(**wide) > spread() + 30 * 60_000


def test_actions_before_and_after_are_counted(desk):
    acts = {"preDeployActions": [{"action": "a"}, {"action": "b"}],
            "postDeployActions": {"action": "c"}}  # fmt: skip
    rows = run_now(desk, **EXPLICIT, **acts)
    assert {row["status"] for row in rows.values()} == {"Completed"}
    for row in rows.values():
        assert row["successfulActionsCount"] + row["failedActionsCount"] == 3


# Schedules


def test_with_agent_tz_each_asset_begins_by_its_own_clock(desk):
    job = desk.create(
        **desk.body(scheduleType="Once", startDateTime="2026-11-20 10:00:00 PM", status="Enabled")
    )["id"]
    desk.advance(days=9)
    begun = {}
    for asset, row in desk.rows(job).items():
        zone = desk.state.assets[asset].zone
        sent = datetime.fromtimestamp(row["jobSentOn"] / 1000, UTC)
        assert sent.astimezone(zone).strftime("%m-%d %H:%M") == "11-20 22:00"
        begun[zone.key] = sent
    [run] = desk.runs(job)
    assert len(set(begun.values())) > 1
    assert datetime.fromisoformat(run["scheduledDateTime"]) <= min(begun.values())


def test_with_a_specific_zone_all_begin_at_once(desk):
    job = desk.create(
        **desk.body(
            scheduleType="Once",
            startDateTime="2026-11-20 10:00:00 PM",
            timezoneType="SPECIFIC_TZ",
            timezone="Europe/Berlin",
            status="Enabled",
        )
    )["id"]
    desk.advance(days=9)
    assert {row["jobSentOn"] for row in desk.rows(job).values()} == {
        datetime(2026, 11, 20, 21, tzinfo=UTC).timestamp() * 1000
    }
    assert desk.runs(job)[0]["scheduledDateTime"] == "2026-11-20T22:00:00.000+01:00"


def test_a_monthly_job_on_patch_tuesday_and_days_after(desk):
    job = desk.create(
        **desk.body(
            scheduleType="Monthly",
            startDateTime="2026-11-01 10:00:00 PM",
            monthlyRecurringType="1",
            patchTuesdayPlusXDays="3",
            timezoneType="SPECIFIC_TZ",
            timezone="UTC",
            status="Enabled",
        )
    )["id"]
    desk.advance(days=70)
    assert [run["scheduledDateTime"][:10] for run in desk.runs(job)] == [
        "2026-11-13",
        "2026-12-11",
        "2027-01-15",
    ]
    assert [run["jobInstanceId"] for run in desk.runs(job)] == [1, 2, 3]


def test_each_run_has_its_own_results_and_the_latest_is_the_default(desk):
    job = desk.create(
        **desk.body(scheduleType="Daily", startDateTime="2026-11-13 10:00:00 PM", status="Enabled")
    )["id"]
    desk.advance(days=3)
    numbers = [run["jobInstanceId"] for run in desk.runs(job)]
    for number in numbers:
        rows = desk.rows(job, jobInstanceId=number)
        assert {row["jobInstanceId"] for row in rows.values()} == {str(number)}
    assert desk.rows(job) == desk.rows(job, jobInstanceId=numbers[-1])
    for bad in (99, "x"):
        with pytest.raises(Refused):
            desk.rows(job, jobInstanceId=bad)


def test_a_disabled_job_begins_no_run_and_goes_on_when_enabled_again(desk):
    daily = {"scheduleType": "Daily", "startDateTime": "2026-11-13 10:00:00 PM"}
    job = desk.create(**desk.body(**daily, status="Enabled"))["id"]
    desk.advance(days=2)
    so_far = len(desk.runs(job))
    desk.set_status("Disabled", job)
    assert desk.listed()[0]["nextScheduleDateTime"] is None
    desk.advance(days=3)
    assert len(desk.runs(job)) == so_far
    desk.set_status("Enabled", job)
    desk.advance(days=2)
    assert len(desk.runs(job)) == so_far + 2


def test_the_next_time_of_a_job_is_told(desk):
    desk.create(
        **desk.body(
            scheduleType="Daily",
            startDateTime="2026-11-13 10:00:00 PM",
            timezoneType="SPECIFIC_TZ",
            timezone="UTC",
            status="Enabled",
        )
    )
    for day in (13, 14):
        [row] = desk.listed()
        at = datetime(2026, 11, day, 22, tzinfo=UTC)
        assert row["nextScheduleDateTime"] == at.timestamp() * 1000
        desk.advance_to(at + timedelta(hours=1))


def test_an_asset_whose_hour_has_not_come_is_pending_with_no_times(desk):
    job = desk.create(
        **desk.body(scheduleType="Once", startDateTime="2026-11-20 10:00:00 PM", status="Enabled")
    )["id"]
    desk.advance_to(datetime(2026, 11, 20, 4, tzinfo=UTC))
    while not desk.runs(job):
        desk.advance(minutes=30)
    early = [row for row in desk.rows(job).values() if row["jobSentOn"] is None]
    assert early
    for row in early:
        assert (row["status"], row["pendingExecution"]) == ("Pending", 1)
        assert row["statusDateTime"] is row["endDateTime"] is None


# Linked and chained jobs


def test_a_linked_job_uses_the_patches_of_its_parent(desk):
    patches = missing(desk, count=6)
    parent = desk.create(**desk.body(**EXPLICIT, approvedPatches=patches))
    child = desk.create(**desk.body(**EXPLICIT, linkedJobId=parent["id"], status="Enabled"))["id"]
    assert desk.get(child)["patchCount"] == 6
    rows = {row["id"]: row for row in desk.listed()}
    assert rows[parent["id"]]["linkedJobReferenceCount"] == 1
    desk.advance(days=1)
    assert {one for row in desk.rows(child).values() for one in row["success"]} <= set(patches)


def test_a_job_linked_to_one_by_query_takes_the_list_of_its_latest_run(desk):
    half = len(desk.ids()) // 2
    parent = desk.create(**desk.body(assetIds=desk.ids()[:half], status="Enabled"))["id"]
    desk.advance(days=1)
    child = desk.create(
        **desk.body(**EXPLICIT, assetIds=desk.ids()[half:], linkedJobId=parent, status="Enabled")
    )["id"]
    assert desk.get(child)["patchCount"] == desk.get(parent)["patchCount"] > 0


@pytest.mark.parametrize(("percent", "runs"), [(10, 1), (100, 0)])
def test_a_chained_job_runs_when_its_parent_has_succeeded_enough(desk, percent, runs):
    patches = missing(desk, count=40)
    parent = desk.create(**desk.body(**EXPLICIT, approvedPatches=patches))["id"]
    rule = {"field": "successPercentage", "value": percent, "jobId": parent}
    child = desk.create(**desk.body(name="child", chainedJobRule=[rule], status="Enabled"))["id"]
    desk.advance(days=1)
    assert desk.runs(child) == []
    desk.set_status("Enabled", parent)
    desk.advance(minutes=20)
    assert desk.runs(child) == []
    desk.advance(days=2)
    failed = [row for row in desk.rows(parent).values() if row["failed"]]
    assert failed
    assert len(desk.runs(child)) == runs
    desk.advance(days=2)
    assert len(desk.runs(child)) == runs


# The clock


def scenario(desk):
    desk.create(**desk.body(status="Enabled", name="now"))
    desk.create(
        **desk.body(
            name="daily",
            scheduleType="Daily",
            startDateTime="2026-11-13 10:00:00 PM",
            status="Enabled",
            postDeployment={
                "rebootOption": {"deferment": {"count": 3, "interval": 5, "intervalUnit": "HOURS"}}
            },
        )
    )
    desk.create(**desk.body("Linux", status="Enabled", continueOnPatchFailure=False))


def whole_truth(desk):
    assets = [
        (one.uuid, sorted(one.missing), sorted(one.installed), sorted(one.reboot_pending))
        for one in desk.state.assets.values()
    ]
    return desk.ground_truth(), assets


def test_what_happens_does_not_depend_on_the_size_of_the_steps_nor_on_who_looks():
    truths = []
    for minutes in (60 * 24 * 9, 60 * 24, 97):
        desk = Desk(jobs=None)
        scenario(desk)
        until = START + timedelta(days=9)
        while desk.state.now < until:
            desk.advance_to(min(until, desk.state.now + timedelta(minutes=minutes)))
            if minutes == 60 * 24:
                desk.listed(pageSize=100)
                desk.ground_truth()
        truths.append(whole_truth(desk))
    assert truths[0] == truths[1] == truths[2]


def test_the_same_seed_gives_the_same_jobs_and_another_gives_others():
    one, same, other = Desk(jobs=None), Desk(jobs=None), Desk(jobs=None, seed=5)
    assert one.ground_truth() == same.ground_truth()
    ids = [{job["id"] for job in desk.ground_truth()["jobs"]} for desk in (one, other)]
    assert not ids[0] & ids[1]


def test_enabling_again_in_the_minute_of_a_run_does_not_repeat_it(desk):
    utc = {"timezoneType": "SPECIFIC_TZ", "timezone": "UTC"}
    daily = {"scheduleType": "Daily", "startDateTime": "2026-11-13 10:00:00 PM"}
    job = desk.create(**desk.body(**daily, **utc, status="Enabled"))["id"]
    desk.advance_to(datetime(2026, 11, 13, 22, tzinfo=UTC))
    desk.set_status("Disabled", job)
    desk.set_status("Enabled", job)
    desk.advance(hours=3)
    assert len(desk.runs(job)) == 1
    desk.advance(days=1)
    assert len(desk.runs(job)) == 2
