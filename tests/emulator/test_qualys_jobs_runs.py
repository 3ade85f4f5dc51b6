"""Runs of jobs: statuses, flags, buckets, pages of results, assets and patches."""

from dataclasses import replace
from datetime import timedelta

import pytest

from patchfleet.emulator.qualys.jobs.targeting import newest
from patchfleet.emulator.qualys.request import Refused

from .qualys_jobs import EXPLICIT, START, Desk, missing, run_now

CODES = {
    "Pending": None, "Job Received": "2055", "Downloaded": "2031", "Downloading - Failed": "2031",
    "Job Started": "2044", "Job Resumed": "2045", "Completed": "2036", "Job Failed": "2046",
    "No Patch Available": "2059", "Not Applicable": "2053", "Pending Reboot": None,
    "Timed Out": None,
}  # fmt: skip
BUCKETS = {
    "success": "successPatches", "installed": "installedPatches", "failed": "failedPatches",
    "superseded": "supersededPatches", "notApplicable": "notApplicablePatches",
}  # fmt: skip


@pytest.fixture
def desk():
    return Desk()


# An On-demand job from beginning to end


def test_nothing_runs_until_it_is_enabled(desk):
    job = desk.create(**desk.body())
    desk.advance(days=3)
    assert desk.runs(job["id"]) == []
    assert desk.results(job["id"])["assetCount"] == 0
    desk.set_status("Enabled", job["id"])
    assert len(desk.runs(job["id"])) == 1


def test_an_on_demand_job_runs_at_once_and_tells_of_its_run(desk):
    job = desk.create(**desk.body(status="Enabled"))
    assert desk.runs(job["id"]) == [
        {
            "jobInstanceId": 1,
            "scheduledDateTime": "2026-11-13T07:00:00.000+00:00",
            "timezoneType": "AGENT_TZ",
        }
    ]
    summary = desk.results(job["id"])
    assert summary["assetCount"] == len(desk.ids()) == len(summary["assets"])
    assert {row["status"] for row in summary["assets"]} == {"Pending"}
    assert (summary["name"], summary["createdBy"]) == ("Job", desk.state.user.name)
    assert summary["createdOn"] == round(START.timestamp() * 1000)


def test_statuses_come_in_their_order_and_have_their_codes(desk):
    job = desk.create(**desk.body(status="Enabled"))
    seen: dict[str, list[str]] = {asset: [] for asset in desk.ids()}
    for _ in range(400):
        for asset, row in desk.rows(job["id"]).items():
            assert row["statusCode"] == CODES[row["status"]]
            if not seen[asset] or seen[asset][-1] != row["status"]:
                seen[asset].append(row["status"])
        desk.advance(minutes=1)
    order = list(CODES)
    for steps in seen.values():
        assert steps[:2] == ["Pending", "Job Received"]
        places = [["Pending", "Job Received", "Downloaded", "Job Started", "Pending Reboot",
                   "Job Resumed", "Completed", "Job Failed", "No Patch Available",
                   "Downloading - Failed"].index(step) for step in steps]  # fmt: skip
        assert places == sorted(places)
        assert steps[-1] in order
    flat = {step for steps in seen.values() for step in steps}
    assert flat >= {"Downloaded", "Job Started", "Pending Reboot", "Job Resumed", "Completed"}


def test_flags_and_times_follow_the_status(desk):
    job = desk.create(**desk.body(status="Enabled"))
    for _ in range(120):
        now = round(desk.state.now.timestamp() * 1000)
        for row in desk.rows(job["id"]).values():
            status = row["status"]
            assert row["pendingExecution"] == int(status == "Pending")
            assert row["executing"] == int(status == "Job Started")
            assert row["pendingVerification"] == int(status == "Job Resumed")
            assert status != "Pending Reboot" or row["pendingReboot"] == 1
            times = [row[name] for name in ("jobSentOn", "startDateTime", "endDateTime")]
            known = [time for time in times if time is not None]
            assert known == sorted(known)
            assert all(time <= now for time in [*known, row["statusDateTime"]])
            ended = status in ("Completed", "Job Failed", "No Patch Available",
                               "Downloading - Failed")  # fmt: skip
            assert (row["endDateTime"] is not None) == ended
            if status in ("Pending", "Job Received", "Downloaded", "Job Started"):
                assert not any(row[name] for name in BUCKETS)
        desk.advance(minutes=1)


def test_buckets_are_counted_and_add_up(desk):
    patches = missing(desk, count=30) + list(desk.assets()[0].installed)[:5]
    rows = run_now(desk, **EXPLICIT, approvedPatches=list(dict.fromkeys(patches)))
    for row in rows.values():
        assert all(row[count] == len(row[name]) for name, count in BUCKETS.items())
        listed = sum(row[count] for count in BUCKETS.values()) + row["skipPatchCount"]
        assert listed == row["totalPatchCount"]
        if row["status"] == "Completed":
            assert listed == len(set(patches))
    every = {name: sum(row[count] for row in rows.values()) for name, count in BUCKETS.items()}
    assert every["success"] > 5 * every["failed"] > 0
    assert every["installed"] > 0
    assert every["notApplicable"] > 0


def test_what_succeeds_is_installed_and_what_fails_stays_missing(desk):
    before = {asset.uuid: set(asset.missing) for asset in desk.assets()}
    rows = run_now(desk, assetIds=desk.ids()[:12])
    touched = 0
    for asset in desk.assets()[:12]:
        row = rows[asset.uuid]
        touched += row["successPatches"]
        assert set(row["success"]) | set(row["failed"]) <= before[asset.uuid]
        assert set(row["success"]) <= asset.installed.keys() | asset.reboot_pending.keys()
        assert set(row["failed"]) <= asset.missing.keys()
    assert touched > 0
    for asset in desk.assets()[12:]:
        assert before[asset.uuid] <= set(asset.missing)


def test_a_list_row_tells_how_far_the_job_is(desk):
    desk.create(**desk.body(status="Enabled"))
    [row] = desk.listed()
    assert (int(row["completionPercent"]), row["triggerStatus"]) == (0, 1)
    desk.advance(days=2)
    [row] = desk.listed()
    assert int(row["completionPercent"]) == 100
    assert int(row["totalAssetCount"]) == int(row["assetResultReceivedCount"]) == len(desk.ids())
    assert 0 < int(row["applicableAssetCount"]) <= len(desk.ids())
    assert row["patchCount"] > 0
    assert row["lastScheduleDateTime"] == round(START.timestamp() * 1000)


# Results in pages


def test_results_come_in_pages_of_ten_however_they_are_asked_for(desk):
    job = desk.create(**desk.body(status="Enabled"))["id"]
    path = f"/pm/v1/deploymentjob/{job}/deploymentjobresult/summary"
    first = desk.call("POST", path)
    assert len(first["assets"]) == 10 < first["assetCount"]
    assert desk.call("GET", path) == first
    second = desk.call("POST", path, {"pageNumber": 1})
    assert desk.call("POST", path, body={"pageNumber": 1}) == second
    assert desk.call("POST", path, body={"pageNumber": "1", "pageSize": 10}) == second
    seen, page = [], 0
    while rows := desk.call("GET", path, {"pageNumber": page, "pageSize": 7})["assets"]:
        seen += [row["asset"]["id"] for row in rows]
        page += 1
    assert seen == desk.ids()


def test_results_are_sorted_as_asked(desk):
    job = desk.create(**desk.body(status="Enabled"))["id"]
    desk.advance(minutes=15)

    def column(sort):
        return [row["status"] for row in desk.results(job, sort=sort)["assets"]]

    assert column('[{"status":"desc"}]') == sorted(column(""), reverse=True)
    assert column("status") == sorted(column(""))
    path = f"/pm/v1/deploymentjob/{job}/deploymentjobresult/summary"
    sort = {"pageSize": 1000, "sort": [{"status": "asc"}]}
    asked = desk.call("POST", path, body=sort)["assets"]
    assert [row["status"] for row in asked] == column("status")
    with pytest.raises(Refused):
        column('[{"colour":"asc"}]')


def test_the_asset_of_a_result_is_described(desk):
    job = desk.create(**desk.body(status="Enabled"))["id"]
    asset = desk.assets()[0]
    part = desk.rows(job)[asset.uuid]["asset"]
    assert part["name"] == asset.name
    assert part["operatingSystem"].startswith("Microsoft Windows")
    assert {tag["name"] for tag in part["tags"]} >= {"Windows", "Cloud Agent"}
    assert part["interfaces"][0]["address"] == asset.machine.ip


# Which assets


def targeted(desk, platform="Windows", **choice):
    body = desk.body(platform, assetIds=None, status="Enabled", **choice)
    job = desk.create(**body)["id"]
    return {desk.state.assets[one].name for one in desk.rows(job)}


def tagged(desk, *names, platform="Windows"):
    tags = {desk.tag(name) for name in names}
    own = [one for one in desk.state.assets.values() if one.platform == platform]
    return [{one.name for one in own if tag in one.tag_ids} for tag in tags]


def test_tags_choose_any_or_all(desk):
    desktops, pilot = (tagged(desk, name)[0] for name in ("Workstations", "Pilot"))
    both = {"assetTagIds": [desk.tag("Workstations"), desk.tag("Pilot")]}
    assert desktops & pilot
    assert targeted(desk, **both) == desktops | pilot
    assert targeted(desk, **both, filterType="All") == desktops & pilot


def test_tags_to_match_narrow_what_other_tags_choose(desk):
    desktops, pilot = (tagged(desk, name)[0] for name in ("Workstations", "Pilot"))
    choice = {"assetTagIds": [desk.tag("Workstations")], "matchAllTagIds": [desk.tag("Pilot")]}
    assert targeted(desk, **choice) == desktops & pilot
    assert targeted(desk, matchAllTagIds=choice["matchAllTagIds"]) == pilot


def test_exclusions_win(desk):
    everyone, desktops, pilot = (
        tagged(desk, name)[0] for name in ("Windows", "Workstations", "Pilot")
    )
    off = {"exclusionTagIds": [desk.tag("Workstations"), desk.tag("Pilot")]}
    chosen = {"assetTagIds": [desk.tag("Windows")]}
    assert targeted(desk, **chosen, **off) == everyone - desktops - pilot
    assert targeted(desk, **chosen, **off, exclusionFilterType="All") == everyone - (
        desktops & pilot
    )
    one = desk.assets()[0]
    assert targeted(desk, **chosen, exclusionAssetIds=[one.uuid]) == everyone - {one.name}


def test_a_tag_of_both_platforms_brings_assets_of_the_jobs_platform_only(desk):
    names = targeted(desk, "Linux", assetTagIds=[desk.tag("Cloud Agent")])
    assert names == tagged(desk, "Linux", platform="Linux")[0]


# Which patches


def test_a_query_takes_missing_patches_that_nothing_supersedes(desk):
    due = {
        one.uuid
        for asset in desk.assets()
        for one in asset.missing.values()
        if one.vendor_severity == "Critical" and not one.is_superseded
    }
    job = desk.create(**desk.body(dynamicPatchesQQL="vendorSeverity:`Critical`", status="Enabled"))
    assert desk.get(job["id"])["patchCount"] == len(due)
    desk.advance(days=2)
    rows = desk.rows(job["id"])
    tried = {one for row in rows.values() for one in row["success"] + row["failed"]}
    assert tried == due


def test_a_query_of_vulnerabilities_takes_what_mends_them(desk):
    query = {"dynamicQQLType": 2, "dynamicPatchesQQL": "severity:5"}
    rows = run_now(desk, **query)
    tried = {one for row in rows.values() for one in row["success"]}
    assert tried
    for one in tried:
        [qid] = desk.state.patches[one].qids
        assert desk.state.vulnerabilities[qid].severity == 5


def test_a_second_query_narrows_the_first(desk):
    more = {"additionalDynamicQQLType": "1", "additionalDynamicPatchesQQL": "rebootRequired:true"}
    rows = run_now(desk, **more)
    tried = {one for row in rows.values() for one in row["success"]}
    assert tried
    assert all(desk.state.patches[one].reboot_required for one in tried)


def test_a_recurring_query_is_asked_again_at_each_run_and_frozen_within_it(desk):
    job = desk.create(
        **desk.body(scheduleType="Daily", startDateTime="2026-11-13 10:00:00 PM", status="Enabled")
    )["id"]
    desk.advance(days=6)
    runs = next(one for one in desk.ground_truth()["jobs"] if one["id"] == job)["runs"]
    assert len(runs) >= 5
    assert len({tuple(run["patches"]) for run in runs}) > 1
    for run in runs:
        for row in run["results"]:
            assert set(row["success"]) | set(row["failed"]) <= set(run["patches"])


def test_an_explicit_superseded_patch_is_left_when_its_successor_comes_too(desk):
    asset, old, new = next(
        (asset, one, other)
        for asset in desk.assets()
        for one in asset.missing.values()
        for other in one.superseded_by
        if other in asset.missing
    )
    rows = run_now(desk, **EXPLICIT, assetIds=[asset.uuid], approvedPatches=[old.uuid, new])
    assert rows[asset.uuid]["superseded"] == [old.uuid]


def test_a_rollback_takes_away_what_is_installed(desk):
    asset = desk.assets("Windows")[0]
    one = next(patch for patch in asset.installed.values() if patch.is_rollback)
    other = next(patch for patch in asset.missing)
    rows = run_now(
        desk, **EXPLICIT, type="Rollback", assetIds=[asset.uuid], approvedPatches=[one.uuid, other]
    )
    row = rows[asset.uuid]
    assert row["success"] == [one.uuid]
    assert row["notApplicable"] == [other]
    assert one.uuid in asset.missing
    assert one.uuid not in asset.installed


def test_where_there_is_nothing_to_do_it_says_so(desk):
    for platform, word in (("Windows", "No Patch Available"), ("Linux", "Not Applicable")):
        body = desk.body(platform, dynamicPatchesQQL="title:nosuchthing", status="Enabled")
        job = desk.create(**body)["id"]
        desk.advance(hours=1)
        assert {row["status"] for row in desk.rows(job).values()} == {word}


def test_a_run_by_query_takes_two_thousand_patches_the_newest_first():
    [one, *_] = (patch for patch in Desk().state.patches.values() if not patch.is_superseded)
    everything = [
        replace(one, uuid=f"{day:04}", published_at=START - timedelta(days=day))
        for day in range(3000)
    ]
    everything[5].superseded_by = ["0000"]
    taken = [patch.uuid for patch in newest(reversed(everything))]
    assert taken == [f"{day:04}" for day in range(2001) if day != 5]
