"""The client over real HTTP: every operation, sync and async, beside the truth; and troubles."""

import asyncio
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.errors import (
    Forbidden,
    NotFound,
    Rejected,
    Unreachable,
    Unreadable,
    VendorBroken,
    VendorError,
)
from patchfleet.qualys import AsyncQualys, Qualys, Retries
from patchfleet.qualys.operations import job_changes

SERVERS = "operatingSystem.category: `Windows / Server`"
UNKNOWN = "99999999-2222-3333-4444-555555555555"


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, host: Host) -> Iterator[Callable[..., Any]]:
    """Call a method of either client by its name; `iter_` methods come as lists."""
    account = host.emulator.qualys
    settings: dict[str, Any] = {
        "username": account.username,
        "password": account.password,
        "override_platform": {"gateway_url": host.url},
        "retries": Retries(attempts=4, limited_attempts=8, first_wait_seconds=0.001),
        "timeout": 20,
    }
    if request.param == "sync":
        with Qualys(**settings) as client:

            def blocking(method: str, /, *given: Any, **named: Any) -> Any:
                found = getattr(client, method)(*given, **named)
                return list(found) if method.startswith("iter_") else found

            yield blocking
        return
    with asyncio.Runner() as runner:

        async def awaited(method: str, /, *given: Any, **named: Any) -> Any:
            found = getattr(client, method)(*given, **named)
            if method.startswith("iter_"):
                return [one async for one in found]
            return await found

        client = AsyncQualys(**settings)
        yield lambda method, /, *given, **named: runner.run(awaited(method, *given, **named))
        runner.run(client.aclose())


def ids(records: Any) -> set[str]:
    found = [record.id for record in records]
    assert len(found) == len(set(found)), "each once"
    return set(found)


def of(truth: dict[str, Any], what: str, platform: str | None = None) -> set[str]:
    return {one["uuid"] for one in truth[what] if platform in (None, one["platform"])}


class TestReads:
    def test_jobs(self, ask: Any, truth: dict[str, Any]) -> None:
        everything = {job["id"] for job in truth["jobs"]}
        for size in (1, 3, 10, 100):
            assert ids(ask("list_jobs", pageSize=size)) == everything
            assert ids(ask("iter_jobs", pageSize=size)) == everything
        linux = {job["id"] for job in truth["jobs"] if job["platform"] == "Linux"}
        assert ids(ask("list_jobs", "linux")) == linux
        assert ids(ask("list_jobs", filter="platform:Linux")) == linux
        names = [job.name for job in ask("list_jobs", "windows", sort="-name")]
        assert names == sorted(names, reverse=True)
        few = ask("list_jobs", attributes="name")
        assert ids(few) == everything
        assert all(job.status is None and job.name for job in few)
        for job in truth["jobs"]:
            assert ask("get_job", job["id"]).name == job["name"]

    def test_runs_and_results(self, ask: Any, truth: dict[str, Any]) -> None:
        jobs = [job["id"] for job in truth["jobs"]]
        for job, result in zip(truth["jobs"], ask("get_job_results", jobs), strict=True):
            rows = job["runs"][-1]["results"] if job["runs"] else []
            assert ids(result.assets) == {row["asset"]["id"] for row in rows}
            told = {row["asset"]["id"]: row for row in rows}
            for view in result.assets:
                assert view.status == told[view.id]["status"]
                assert view.successPatches == told[view.id]["successPatches"]
        assert [one.id for one in ask("iter_job_results", jobs)] == jobs
        runs = ask("get_job_runs", jobs)
        assert len(runs) == sum(len(job["runs"]) for job in truth["jobs"])

    @pytest.mark.parametrize("version", [1, 2])
    def test_patches_and_assets(self, ask: Any, truth: dict[str, Any], version: int) -> None:
        assert ids(ask("get_patches", version=version, pageSize=100)) == of(truth, "patches")
        assert ids(ask("iter_assets", version=version, pageSize=7)) == of(truth, "assets")
        windows = ids(ask("get_patches", "windows", version=version))
        assert windows == of(truth, "patches", "Windows")
        assert ask("get_patch_count", "windows") == len(windows)
        having = ask("get_assets", havingQuery="vendorSeverity:`Critical`", version=version)
        severe = {one["uuid"] for one in truth["patches"] if one["severity"] == "Critical"}
        assert ids(having) == {
            asset["uuid"]
            for asset in truth["assets"]
            if severe & {*asset["missing"], *asset["installed"], *asset["reboot_pending"]}
        }

    def test_catalogue_and_lookups(self, ask: Any, truth: dict[str, Any]) -> None:
        windows, linux = (of(truth, "patches", word) for word in ("Windows", "Linux"))
        some = [*sorted(windows)[:5], *sorted(linux)[:2]]
        found = ask("get_patch_catalog", some)
        assert {one.patchId for one in found} == set(some) & windows
        assert set(found.missing) == set(some) & linux
        listed = ask("list_patch_catalog", "Linux", pageSize=100)
        assert {one.patchId for one in listed} == linux
        assert ask("get_products_in_windows_patch", some[0])[0].product
        qids = [int(one) for patch in ask("get_patches", "windows") for one in patch.qid or ()]
        assert {one.id for one in ask("lookup_cves", qids)} == set(qids)
        assert ask("count_product_vulns", "Critical")[0].severity == "Critical"
        assert ask("get_version")

    def test_the_inventory(self, ask: Any, truth: dict[str, Any]) -> None:
        everything = ask("get_all_assets", pageSize=7)
        assert len({one.assetId for one in everything}) == len(everything)
        assert {one.agentId for one in everything} - {None} == of(truth, "assets")
        assert ask("count_assets") == len(everything) == len(ask("iter_all_assets"))
        servers = ask("query_assets", filter=SERVERS, includeFields="agentId")
        assert {one.agentId for one in servers} - {None} == {
            one["uuid"]
            for one in truth["assets"]
            if one["kind"] == "server" and one["platform"] == "Windows"
        }
        assert ask("query_assets", filter="asset.name:nobody") == []
        assert ask("get_asset", everything[0].assetId).assetName == everything[0].assetName
        with pytest.raises(NotFound):
            ask("get_asset", 1)

    def test_tags(self, ask: Any, truth: dict[str, Any]) -> None:
        carried = {tag for asset in truth["assets"] for tag in asset["tags"]}
        assert {tag.id for tag in ask("list_tags")} == carried
        servers = next(tag["id"] for tag in truth["tags"] if tag["name"] == "Servers")
        assert ask("get_tag_id", "servers") == servers
        with pytest.raises(NotFound, match="no asset carries"):
            ask("get_tag_id", "Serverz")

    def test_reports_and_mitigations(self, ask: Any, truth: dict[str, Any]) -> None:
        job = next(job["id"] for job in truth["jobs"] if job["runs"])
        report = ask("create_job_progress_report", job, "Of a test")
        assert report.id in {one.id for one in ask("list_reports")}
        assert b"," in ask("download_report", report.id)
        assert ask("list_report_columns", "Windows", "Asset")
        mitigations = ask("list_mitigations")
        assert len({one.qid for one in mitigations}) == len(mitigations) > 0
        tag = truth["tags"][0]["id"]
        made = ask("create_mitigation_job", "Windows", "x", mitigations[0].qid, assetTagIds=[tag])
        assert made.id in ids(ask("list_mitigation_jobs", "Windows"))
        assert ask("get_mitigation_job", made.id).name == "x"
        assert ask("create_mitigation_progress_report", made.id).id
        assert ask("delete_mitigation_job", made.id)[0].status == "success"


class TestJobs:
    def test_a_job_lives(self, ask: Any, host: Host, truth: dict[str, Any]) -> None:
        hosts = ask("query_assets", filter=SERVERS, includeFields="agentId")
        created = ask(
            "create_job", "Windows", "My Job", "Install", "On-demand",
            assetIds=[one.agentId for one in hosts], dynamicPatchesQQL="vendorSeverity:`Critical`",
        )  # fmt: skip
        assert created == f"Job {created.id} (My Job) created successfully."
        job = ask("get_job", created.id)
        assert job.status == "Disabled"
        changed = ask("update_job", created.id, name="Another", description="for a test")
        assert changed.name == "Another"
        assert changed.description.startswith("for a test [patchfleet ")
        copy = ask("clone_job", created.id, "A copy")
        assert ask("get_job", copy.id).description != changed.description
        assert ask("get_job", copy.id).assetIds == job.assetIds
        assert ask("change_job_status", "Enabled", created.id)[0].status == "success"
        host.emulator.advance(days=2)
        result = ask("get_job_results", created.id)
        assert ids(result.assets) == set(job.assetIds or ())
        gone = ask("delete_job", [created.id, copy.id])
        assert [one.status for one in gone] == ["success", "success"]
        with pytest.raises(NotFound):
            ask("get_job", created.id)

    def test_what_cannot_be_done_is_said(self, ask: Any, truth: dict[str, Any]) -> None:
        with pytest.raises(NotFound, match="there is no job"):
            ask("get_job", UNKNOWN)
        with pytest.raises(Rejected, match="nonsense"):
            ask("list_jobs", filter="nonsense:1")
        done = next(
            job
            for job in truth["jobs"]
            if job["scheduleType"] == "On-demand" and job["status"] == "Enabled"
        )
        (change,) = ask("change_job_status", "Disabled", done["id"])
        assert change.status != "success"
        with pytest.raises(Rejected, match="cannot be changed"):
            ask("update_job", done["id"], name="x")


class TestExactlyOnce:
    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(job_changes, "LOOKS_AFTER_SECONDS", (0.0, 0.01))

    @staticmethod
    def create(ask: Any, truth: dict[str, Any]) -> Any:
        asset = next(one["uuid"] for one in truth["assets"] if one["platform"] == "Windows")
        return ask("create_job", "Windows", "Once", "Install", "On-demand", assetIds=[asset])

    @staticmethod
    def made(host: Host) -> list[str]:
        jobs = host.emulator.truth(vendor="qualys")["jobs"]
        return [job["id"] for job in jobs if job["name"] == "Once"]

    @staticmethod
    def sent(host: Host) -> int:
        return sum(call.service == "create_job" for call in host.emulator.calls)

    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("cut", {}),
            ("reset", {}),
            ("short", {}),
            ("server_error", {"status": 500}),
            ("html", {}),
        ],
    )
    def test_created_and_the_answer_lost(
        self, ask: Any, host: Host, truth: dict[str, Any], kind: str, options: Any
    ) -> None:
        host.emulator.fault(kind, service="create_job", when="after", **options)
        created = self.create(ask, truth)
        assert self.made(host) == [created.id]
        assert self.sent(host) == 1

    @pytest.mark.parametrize("kind", ["reset", "server_error", "garbage"])
    def test_lost_and_not_created(
        self, ask: Any, host: Host, truth: dict[str, Any], kind: str
    ) -> None:
        host.emulator.fault(kind, service="create_job", when="before")
        created = self.create(ask, truth)
        assert self.made(host) == [created.id]
        assert self.sent(host) == 2

    def test_surely_refused_is_sent_again(
        self, ask: Any, host: Host, truth: dict[str, Any]
    ) -> None:
        host.emulator.fault("rate_limited", service="create_job", times=3)
        created = self.create(ask, truth)
        assert self.made(host) == [created.id]

    def test_a_search_that_fails_says_what_to_look_for(
        self, ask: Any, host: Host, truth: dict[str, Any]
    ) -> None:
        host.emulator.fault("cut", service="create_job", when="after")
        host.emulator.fault("forbidden", service="list_jobs", times=None)
        with pytest.raises(Forbidden) as caught:
            self.create(ask, truth)
        (job,) = (
            one
            for one in host.emulator.truth(vendor="qualys")["jobs"]
            if one["id"] in self.made(host)
        )
        marker = job["description"].strip()
        assert any(marker in note for note in caught.value.__notes__)

    def test_given_up_after_three(self, ask: Any, host: Host, truth: dict[str, Any]) -> None:
        host.emulator.fault("reset", service="create_job", when="before", times=None)
        with pytest.raises(Unreachable) as caught:
            self.create(ask, truth)
        assert self.made(host) == []
        assert self.sent(host) == 3
        assert "no job with the marker" in caught.value.__notes__[-1]


class TestTroubles:
    @pytest.mark.parametrize(
        ("kind", "options", "error"),
        [
            ("forbidden", {}, Forbidden),
            ("server_error", {"status": 500}, VendorBroken),
            ("html", {}, Unreadable),
            ("login_page", {}, Unreadable),
            ("garbage", {}, Unreadable),
            ("short", {}, Unreadable),
            ("empty", {}, Unreadable),
            ("json_null", {}, Unreadable),
            ("redirect", {}, VendorBroken),
            ("reset", {}, Unreachable),
            ("cut", {}, Unreachable),
            ("json_error", {"status": 200}, Rejected),
            ("json_error", {"status": 422, "envelope": False}, Rejected),
        ],
    )
    @pytest.mark.parametrize("after", [0, 2])
    def test_a_page_that_fails_fails_the_list(
        self, ask: Any, host: Host, kind: str, options: Any, error: type[VendorError], after: int
    ) -> None:
        host.emulator.fault(kind, service="list_jobs", after=after, times=None, **options)
        with pytest.raises(error):
            ask("list_jobs", "windows", pageSize=2)

    @pytest.mark.parametrize(
        "kind", ["rate_limited", "server_error", "reset", "cut", "html", "garbage", "short"]
    )
    def test_a_page_that_fails_once_is_read_again(
        self, ask: Any, host: Host, truth: dict[str, Any], kind: str
    ) -> None:
        host.emulator.fault(kind, service="get_patches", after=3, times=2)
        found = ask("get_patches", "windows", pageSize=100)
        assert ids(found) == of(truth, "patches", "Windows")

    def test_a_token_that_dies_in_the_middle(
        self, ask: Any, host: Host, truth: dict[str, Any]
    ) -> None:
        host.emulator.fault("token_dies", service="get_patches", after=2)
        assert ids(ask("iter_patches", pageSize=100)) == of(truth, "patches")
        assert sum(call.service == "auth" for call in host.emulator.calls) == 2

    @pytest.mark.parametrize("records", [1, -1, 3, -3])
    def test_pages_that_drift(
        self, ask: Any, host: Host, truth: dict[str, Any], records: int
    ) -> None:
        host.emulator.fault("drift", service="list_jobs", after=1, records=records, times=2)
        everything = {job["id"] for job in truth["jobs"]}
        assert ids(ask("list_jobs", pageSize=4)) == everything
        host.emulator.fault("drift", service="get_patches_v1", after=1, records=records, times=2)
        found = ask("get_patches", "linux", version=1, pageSize=50)
        assert ids(found) == of(truth, "patches", "Linux")

    def test_pages_that_repeat(self, ask: Any, host: Host) -> None:
        host.emulator.fault("page_number_ignored", service="list_jobs", times=None)
        with pytest.raises(Unreadable, match="repeats"):
            ask("list_jobs", "windows", pageSize=2)
        host.emulator.fault("page_repeats", service="get_patches", times=None)
        with pytest.raises(Unreadable, match="repeats"):
            ask("get_patches", "windows", pageSize=50)

    def test_pages_that_are_capped(self, ask: Any, host: Host, truth: dict[str, Any]) -> None:
        job = next(
            one for one in truth["jobs"] if one["runs"] and len(one["runs"][-1]["results"]) > 10
        )
        host.emulator.fault("capped_pages", service="get_job_results", records=4, times=None)
        result = ask("get_job_results", job["id"], pageSize=100)
        assert len(ids(result.assets)) == len(job["runs"][-1]["results"])

    def test_results_of_which_only_the_first_page_comes(
        self, ask: Any, host: Host, truth: dict[str, Any]
    ) -> None:
        job = next(
            one for one in truth["jobs"] if one["runs"] and len(one["runs"][-1]["results"]) > 10
        )
        host.emulator.fault("page_number_ignored", service="get_job_results", times=None)
        with pytest.raises(Unreadable, match="repeats"):
            ask("get_job_results", job["id"])

    def test_duplicates_come_once(self, ask: Any, host: Host, truth: dict[str, Any]) -> None:
        host.emulator.fault("duplicates", service="list_jobs")
        assert ids(ask("list_jobs", pageSize=4)) == {job["id"] for job in truth["jobs"]}

    def test_odd_values_stay_and_are_named(
        self, ask: Any, host: Host, truth: dict[str, Any]
    ) -> None:
        host.emulator.fault("wrong_types", service="get_patches", times=None)
        found = ask("get_patches", "linux")
        assert ids(found) == of(truth, "patches", "Linux")
        assert found[0].missingCount == "many"
        assert any("missingCount" in problem for problem in found.problems)


@pytest.fixture(scope="module")
def large() -> Iterator[Host]:
    """An account with more records than one query may return, over TLS."""
    emulator = Emulator(
        customers=1, devices=2, qualys_patches=25_000, qualys_assets=12_000, qualys_jobs=0
    )
    with emulator.running(https=True) as host:
        yield host


@pytest.mark.slow
class TestLargeAccounts:
    @pytest.fixture
    def client(self, large: Host) -> Iterator[Qualys]:
        account = large.emulator.qualys
        with Qualys(
            account.username,
            account.password,
            override_platform={"gateway_url": large.url},
            ca_file=large.ca_file,
        ) as client:
            yield client

    @pytest.mark.parametrize("version", [1, 2])
    def test_25_000_patches_and_12_000_assets(
        self, large: Host, client: Qualys, version: Any
    ) -> None:
        truth = large.emulator.truth(vendor="qualys")
        patches = ids(client.get_patches("windows", version=version))
        assert len(patches) == 25_000
        assert patches == of(truth, "patches", "Windows")
        assert ids(client.get_assets(version=version)) == of(truth, "assets")
        assert len(truth["assets"]) == 12_000

    def test_a_stream_holds_a_page(self, client: Qualys) -> None:
        def peak(pages: int) -> int:
            tracemalloc.start()
            for _ in client.iter_patches("windows", pages, pageSize=500):
                pass
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return most

        peak(1)
        assert peak(40) < 3 * peak(4)
