"""Every operation of Qualys over real HTTP against the emulator; sync and async alike.

What comes back is compared with the whole truth about the emulated subscription.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.errors import ConfigError, NotFound, Rejected, Unreachable
from patchfleet.qualys import Qualys
from patchfleet.qualys.records.record import Record

Truth = dict[str, Any]

KEPT_BY_TRUTH = ("created_at", "enabled_at", "runs", "skipped")
"""What the truth tells beside what is on the wire."""


@pytest.fixture
def client(connect_qualys: Callable[..., Any], host: Host) -> Any:
    """A client of the account, once of each kind."""
    return connect_qualys(host)


def of_platform(truth: Truth, kind: str, platform: str) -> list[dict[str, Any]]:
    return [one for one in truth[kind] if one["platform"] == platform]


def uuids(found: list[dict[str, Any]]) -> set[str]:
    return {one["uuid"] for one in found}


def missing(asset: dict[str, Any]) -> list[str]:
    """Return the true patches that an asset lacks; what waits for a restart is among them."""
    return sorted([*asset["missing"], *asset["reboot_pending"]])


def epoch(value: Any) -> Any:
    """Return a time as epoch milliseconds, anything else as it is."""
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value


def compare(record: Record, true: dict[str, Any]) -> None:
    """Compare all that the truth says in the vendor's words with a record, as deep as it goes."""
    assert record.problems == ()
    for name, value in true.items():
        if name in KEPT_BY_TRUTH:
            continue
        if isinstance(value, dict) and isinstance(record[name], Record):
            compare(record[name], value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for inner, true_inner in zip(record[name], value, strict=True):
                compare(inner, true_inner)
        else:
            assert epoch(record[name]) == value, name


def test_jobs_are_what_is_true(client: Any, truth: Truth) -> None:
    names = ("id", "name", "platform", "type", "status", "scheduleType", "customerId")
    listed = {job.id: job for job in client.list_jobs()}
    assert {tuple(job[name] for name in names) for job in listed.values()} == {
        tuple(job[name] for name in names) for job in truth["jobs"]
    }
    for job in truth["jobs"]:
        assert listed[job["id"]].created.date == datetime.fromisoformat(job["created_at"])
        assert listed[job["id"]].problems == ()
    assert {job.id for job in client.iter_jobs(pageSize=3)} == set(listed)


def test_jobs_can_be_filtered_sorted_and_cut_down(client: Any, truth: Truth) -> None:
    enabled = {job["id"] for job in truth["jobs"] if job["status"] == "Enabled"}
    assert {job.id for job in client.list_jobs(filter="status:Enabled")} == enabled
    linux = client.list_jobs("linux", sort="name", attributes="name")
    names = [job["name"] for job in of_platform(truth, "jobs", "Linux")]
    assert [job.name for job in linux] == sorted(names)
    assert all(job.id and job.status is None for job in linux), "the id always comes along"
    assert len(client.list_jobs("windows", 2, pageSize=2)) == 4
    assert client.list_jobs(coauthorJob=True, filter="name:nothing-of-the-kind") == []


def test_a_job_as_a_whole(client: Any, truth: Truth) -> None:
    for job in truth["jobs"]:
        found = client.get_job(job["id"])
        compare(found, job)
        assert found.extra == {}
    with pytest.raises(NotFound):
        client.get_job("00000000-0000-0000-0000-000000000000")


def test_every_run_has_its_results(client: Any, truth: Truth) -> None:
    for job in truth["jobs"]:
        runs = {run.scheduledDateTime: run for run in client.get_job_runs(job["id"])}
        assert len(runs) == len(job["runs"])
        for true in job["runs"]:
            run = runs[datetime.fromisoformat(true["scheduled_at"])]
            assert run.jobId == job["id"]
            result = client.get_job_results(job["id"], jobInstanceId=run.jobInstanceId, pageSize=3)
            views = {view.id: view for view in result.assets}
            assert set(views) == {row["asset"]["id"] for row in true["results"]}
            for row in true["results"]:
                compare(views[row["asset"]["id"]], row)


def test_results_of_many_jobs_stand_in_order(client: Any, truth: Truth) -> None:
    ran = [job for job in truth["jobs"] if job["runs"]]
    ids = [job["id"] for job in ran]
    results = client.get_job_results(ids)
    assert [result.id for result in results] == ids
    assert [len(result.assets) for result in results] == [
        len(job["runs"][-1]["results"]) for job in ran
    ]
    assert [result.id for result in client.iter_job_results(ids)] == ids
    jobs = client.list_jobs("linux")
    assert len(client.get_job_runs(jobs)) == sum(
        len(job["runs"]) for job in of_platform(truth, "jobs", "Linux")
    )


@pytest.mark.parametrize("version", [1, 2])
def test_patches_are_what_is_true(client: Any, truth: Truth, version: int) -> None:
    listed = client.get_patches(pageSize=250, version=version)
    found = {
        (one.id, one.platform, one.title, one.kb, one.vendorSeverity, tuple(one.supersededBy))
        for one in listed
    }
    true = {
        (
            one["uuid"],
            one["platform"],
            one["title"],
            one["kb"],
            one["severity"],
            tuple(one["superseded_by"]),
        )
        for one in truth["patches"]
    }
    assert found == true
    assert len(listed) == len(truth["patches"])
    assert all(one.isSuperseded is None for one in listed if one.platform == "Linux")
    again = client.iter_patches("linux", version=version, attributes=["title"])
    assert {one.id for one in again} == uuids(of_platform(truth, "patches", "Linux"))


@pytest.mark.parametrize("version", [1, 2])
def test_patches_of_an_asset(client: Any, truth: Truth, version: int) -> None:
    """Both queries at once: what some asset lacks, and what this one lacks or has."""
    asset = max(of_platform(truth, "assets", "Windows"), key=lambda one: len(one["missing"]))
    asked = {
        "query": "patchStatus:Missing and not vendorSeverity:Low",
        "havingQuery": f"name:`{asset['name']}`",
    }
    severity = {one["uuid"]: one["severity"] for one in truth["patches"]}
    listed = client.get_patches("windows", **asked, version=version)
    lacked = {patch for one in truth["assets"] for patch in missing(one)}
    assert {one.id for one in listed} == {
        patch
        for patch in lacked & {*missing(asset), *asset["installed"]}
        if severity[patch] != "Low"
    }
    assert client.get_patch_count("windows", **asked) == len(listed) > 0


def test_patches_sort_by_numbered_pages(client: Any) -> None:
    titles = [one.title for one in client.get_patches("linux", sort="-title", version=1)]
    assert titles == sorted(titles, reverse=True)
    with pytest.raises(ConfigError, match="sort"):
        client.get_patches("linux", sort="-title")


@pytest.mark.parametrize("version", [1, 2])
def test_assets_are_what_is_true(client: Any, truth: Truth, version: int) -> None:
    listed = client.get_assets(pageSize=7, version=version)
    found = {
        one.id: (
            one.name,
            one.platform,
            one.operatingSystem,
            sorted(tag.id for tag in one.tags),
            sorted(patch.id for patch in one.installedPatches),
            sorted(patch.id for patch in one.missingPatches),
        )
        for one in listed
    }
    assert len(listed) == len(truth["assets"])
    for true in truth["assets"]:
        assert found[true["uuid"]] == (
            true["name"],
            true["platform"],
            true["os"],
            true["tags"],
            true["installed"],
            missing(true),
        )
    again = client.iter_assets("linux", version=version, attributes="name")
    assert {one.id for one in again} == uuids(of_platform(truth, "assets", "Linux"))
    counted = {one: client.get_asset_count(one) for one in ("Windows", "Linux")}
    assert counted == {one: len(of_platform(truth, "assets", one)) for one in counted}


def test_tags_are_learnt_from_the_assets(client: Any, truth: Truth) -> None:
    worn = [tag for asset in truth["assets"] for tag in asset["tags"]]
    tags = client.list_tags()
    assert {tag.id: tag.asset_count for tag in tags} == {tag: worn.count(tag) for tag in worn}
    names = {tag["id"]: tag["name"] for tag in truth["tags"]}
    for tag in tags:
        if tag.name:
            assert names[tag.id] == tag.name
            assert client.get_tag_id(tag.name.upper()) == tag.id
    with pytest.raises(NotFound, match="no asset carries"):
        client.get_tag_id("nothing of the kind")


def test_the_catalogue(client: Any, truth: Truth) -> None:
    linux = uuids(of_platform(truth, "patches", "Linux"))
    windows = of_platform(truth, "patches", "Windows")
    one, other = windows[0]["uuid"], next(iter(linux))
    found = client.get_patch_catalog([one, other], "Windows")
    assert [(patch.patchId, patch.title) for patch in found] == [(one, windows[0]["title"])]
    assert found.missing == [other]
    assert {patch.id for patch in client.list_patch_catalog("linux", pageSize=300)} == linux
    critical = client.iter_patch_catalog("windows", filter="vendorSeverity:Critical", pageSize=100)
    assert {patch.id for patch in critical} == {
        patch["uuid"] for patch in windows if patch["severity"] == "Critical"
    }


@pytest.mark.slow
def test_what_patches_consist_of(client: Any, truth: Truth) -> None:
    linux = [one["uuid"] for one in of_platform(truth, "patches", "Linux")][:5]
    details = {one.id: one.packageDetails for one in client.get_patches("linux")}
    packages = client.get_packages_in_linux_patch(linux, pageSize=1)
    for patch in linux:
        assert {
            (one.packageName, one.architecture) for one in packages if one.patchId == patch
        } == {(one.packageName, one.architecture) for one in details[patch]}
    windows = [one["uuid"] for one in of_platform(truth, "patches", "Windows")][:5]
    products = {one.id: one.product for one in client.get_patches("windows")}
    assert {one.patchId: one.product for one in client.get_products_in_windows_patch(windows)} == {
        patch: products[patch] for patch in windows
    }
    with pytest.raises(NotFound):
        client.get_products_in_windows_patch(linux[0])


def test_vulnerabilities(client: Any) -> None:
    counts = client.count_product_vulns(["Critical", "Low"])
    assert {count.severity for count in counts} == {"Critical", "Low"}
    assert all(count.totalQIDCount == len(count.totalQIDs) for count in counts)
    qids = sorted({qid for count in client.count_product_vulns() for qid in count.totalQIDs})
    found = client.lookup_cves([*qids, 1])
    assert sorted(one.id for one in found) == qids
    assert found.missing == [1]
    known = {qid: set(one.cve or ()) for one in client.get_patches() for qid in one.qid or ()}
    assert any(set(one.cves or ()) & known.get(str(one.id), set()) for one in found)


def test_the_version_and_the_numbers_of_assets(client: Any, truth: Truth) -> None:
    assert client.get_version()[0].isdigit()
    known = {str(asset["asset_id"]): asset["uuid"] for asset in truth["assets"]}
    found = client.lookup_host_uuids([*known, 1])
    assert dict(found) == known
    assert found.missing == [1]


def test_the_inventory_knows_more_than_patch_management(client: Any, truth: Truth) -> None:
    everything = client.get_all_assets(pageSize=5)
    assert len(everything) == client.count_assets() == len({one.assetId for one in everything})
    agents = {one.agentId: one for one in everything if one.agentId}
    assert set(agents) == uuids(truth["assets"])
    for asset in truth["assets"]:
        assert agents[asset["uuid"]].biosSerialNumber == asset["serial"]
        assert agents[asset["uuid"]].assetId == asset["asset_id"]
    assert {one.assetName for one in everything if not one.agentId} == set(truth["agentless"])
    assert [one.assetId for one in client.iter_all_assets()] == [one.assetId for one in everything]


def test_the_inventory_is_asked_in_qql(client: Any, truth: Truth) -> None:
    query = "operatingSystem.category: `Windows / Server`"
    servers = client.query_assets(filter=query, includeFields="agentId", pageSize=2)
    assert {one.agentId for one in servers} - {None} == {
        asset["uuid"]
        for asset in of_platform(truth, "assets", "Windows")
        if asset["kind"] == "server"
    }
    assert client.count_assets(query) == len(servers)
    assert [one.assetId for one in client.iter_query_assets(filter=query)] == [
        one.assetId for one in servers
    ]
    one = truth["assets"][0]
    assert client.get_asset(one["asset_id"]).agentId == one["uuid"]
    with pytest.raises(NotFound):
        client.get_asset(1)
    assert client.query_assets(filter="asset.name:`nothing-of-the-kind`") == []


def new_job(client: Any, truth: Truth, **parameters: Any) -> Any:
    asset = of_platform(truth, "assets", "Windows")[0]["uuid"]
    patch = of_platform(truth, "patches", "Windows")[0]["uuid"]
    given = {"assetIds": [asset], "approvedPatches": [patch], "description": "of a test"}
    return client.create_job("Windows", "A job", "Install", "On-demand", **{**given, **parameters})


def test_the_life_of_a_job(client: Any, host: Host, truth: Truth) -> None:
    before = {job["id"] for job in truth["jobs"]}
    created = new_job(client, truth, timeout=6)
    assert created == f"Job {created.id} (A job) created successfully."
    job = client.get_job(created.id)
    assert (job.name, job.status, job.timeout) == ("A job", "Disabled", 6)
    assert job.description.startswith("of a test [patchfleet ")

    changed = client.update_job(created.id, name="Another", timeout=30, timeoutUnit="MINUTES")
    assert (changed.name, changed.timeout, changed.timeoutUnit) == ("Another", 30, "MINUTES")
    assert changed.assetIds == job.assetIds
    assert changed.description == job.description

    clone = client.clone_job(created.id, "The clone", description="of the clone")
    copied = client.get_job(clone.id)
    assert (copied.name, copied.status, copied.timeout) == ("The clone", "Disabled", 30)
    assert copied.approvedPatches == job.approvedPatches
    assert copied.description != job.description, "the marker is its own"

    switched = client.change_job_status("Enabled", [clone.id])
    assert [(one.id, one.status) for one in switched] == [(clone.id, "success")]
    assert client.get_job(clone.id).status == "Enabled"
    (refused,) = client.change_job_status("disabled", clone.id)
    assert refused.status != "success", "what runs once is never disabled"

    deleted = client.delete_job([created.id, clone.id])
    assert [one.status for one in deleted] == ["success"] * 2
    after = {job["id"] for job in host.emulator.ground_truth(vendor="qualys")["jobs"]}
    assert after == before


def test_a_job_that_the_server_refuses_says_why(client: Any, truth: Truth) -> None:
    linux = of_platform(truth, "assets", "Linux")[0]["uuid"]
    with pytest.raises(Rejected) as caught:
        new_job(client, truth, assetIds=[linux], status="Enabled")
    assert caught.value.reason
    assert caught.value.operation == "create_job"


def test_a_job_runs_when_the_clock_moves(client: Any, host: Host, truth: Truth) -> None:
    asset = next(
        one
        for one in of_platform(truth, "assets", "Windows")
        if one["is_reporting"] and one["missing"]
    )
    created = new_job(
        client,
        truth,
        assetIds=[asset["uuid"]],
        approvedPatches=asset["missing"][:3],
        status="Enabled",
    )
    host.emulator.advance(days=3)
    (view,) = client.get_job_results(created.id).assets
    assert view.id == asset["uuid"]
    assert view.totalPatchCount == len(asset["missing"][:3])
    (run,) = client.get_job_runs(created.id)
    assert run.scheduledDateTime.tzinfo is UTC


def test_reports(client: Any, truth: Truth) -> None:
    job = max((job for job in truth["jobs"] if job["runs"]), key=lambda job: len(job["runs"]))
    assert client.list_reports() == []
    report = client.create_job_progress_report(job["id"], "Progress")
    assert [(one.id, one.name) for one in client.list_reports()] == [(report.id, "Progress")]
    head, *rows = client.download_report(report.id).decode().splitlines()
    assert head.split(",") == client.list_report_columns("Windows", "JobProgress")
    assert len(rows) == len(job["runs"][-1]["results"])
    with pytest.raises(NotFound):
        client.download_report("no-such-report")


def test_mitigation(client: Any, host: Host, truth: Truth) -> None:
    mitigations = client.list_mitigations("Windows", pageSize=3)
    qids = [int(one.qid) for one in mitigations]
    assert len(set(qids)) == len(qids) > 3
    assert {one.qid for one in client.list_mitigations(qids=qids[:2])} == set(qids[:2])
    asset = of_platform(truth, "assets", "Windows")[0]["uuid"]
    created = client.create_mitigation_job(
        "Windows", "Mend it", qids[:2], assetIds=[asset], status="Enabled"
    )
    assert client.get_mitigation_job(created.id).name == "Mend it"
    assert [job.id for job in client.list_mitigation_jobs("windows")] == [created.id]
    report = client.create_mitigation_progress_report(
        created.id, "Mended", columns=["Asset ID", "QID"]
    )
    _, *rows = client.download_report(report.id).decode().splitlines()
    assert rows == [f"{asset},{qid}" for qid in qids[:2]]
    (deleted,) = client.delete_mitigation_job(created.id)
    assert deleted.status == "success"
    assert host.emulator.ground_truth(vendor="qualys")["mitigation_jobs"] == []


def test_over_tls(connect_qualys: Callable[..., Any]) -> None:
    with Emulator(customers=1, devices=6).running(https=True) as host:
        assert host.url.startswith("https://")
        client = connect_qualys(host)
        known = {one["uuid"] for one in host.emulator.ground_truth(vendor="qualys")["assets"]}
        assert {one.id for one in client.get_assets()} == known
        stranger = connect_qualys(host, ca_file=None)
        with pytest.raises(Unreachable, match="certificate"):
            stranger.get_version()


def test_many_threads_share_one_client(host: Host, connect: Callable[..., Qualys]) -> None:
    client = connect()
    with ThreadPoolExecutor(16) as pool:
        versions = list(pool.map(lambda _: client.get_version(), range(64)))
    assert len(set(versions)) == 1
    assert sum(call.service == "auth" for call in host.emulator.calls) == 1
