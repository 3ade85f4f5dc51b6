"""Every operation: what it asks, and what it makes of a recorded reply.

One law holds for all of them: what the reply says is what the result says, under the same names.
"""

from typing import Any

import pytest
from replying import (
    ASSET,
    CRITICAL,
    JOB,
    ONE_JOB,
    OTHER_ASSET,
    OTHER_JOB,
    SERVERS,
    Ask,
    done,
    problems,
    recorded,
    reply,
    said,
    sent_by,
)

from patchfleet.errors import Unreadable, VendorError
from patchfleet.qualys.operations import catalogue, inventory, job_changes, jobs, patches, reports
from patchfleet.transport.operation import Work

PATCH = "bbbbbbbb-0000-4000-8000-000000000001"
OTHER_PATCH = "bbbbbbbb-0000-4000-8000-000000000002"
TAG = "cccccccc-0000-4000-8000-000000000001"

JOBS = "/pm/v1/deploymentjobs"
CATALOG = "/pm/v1/patchcatalog/patches"
WINDOWS = {"platform": "Windows"}
LINUX = {"platform": "Linux"}
FIRST = {"pageNumber": "0", "pageSize": "10"}

Case = tuple[Work[Any], list[Ask], list[str]]

SAME: list[Case] = [
    (jobs.get_job(JOB), [Ask("GET", ONE_JOB)], ["get_job/whole"]),
    (
        jobs.list_jobs("windows"),
        [Ask("GET", f"{JOBS}/summary", {**WINDOWS, **FIRST})],
        ["list_jobs/windows"],
    ),
    (
        jobs.list_jobs(
            "linux",
            1,
            filter=" status:`Enabled` ",
            attributes="name, status",
            coauthorJob=True,
            ownedJob=True,
            pageSize=50,
            sort="-name",
        ),
        [
            Ask(
                "GET",
                f"{JOBS}/summary",
                {
                    **LINUX,
                    "filter": "status:`Enabled`",
                    "attributes": "id,name,status",
                    "coauthorJob": "true",
                    "ownedJob": "true",
                    "sort": '[{"name":"desc"}]',
                    "pageNumber": "0",
                    "pageSize": "50",
                },
            )
        ],
        ["list_jobs/linux"],
    ),
    (
        job_changes.change_job_status("Enabled", [JOB, OTHER_JOB]),
        [Ask("POST", f"{JOBS}/update/status/Enabled", body={"ids": [JOB, OTHER_JOB]})],
        ["change_job_status/two"],
    ),
    (
        job_changes.delete_job([JOB, OTHER_JOB]),
        [Ask("DELETE", JOBS, body={"ids": [JOB, OTHER_JOB]})],
        ["delete_job/two"],
    ),
    (
        patches.get_patches("windows", 1, version=1, query=CRITICAL, sort=[{"title": "asc"}]),
        [
            Ask(
                "GET",
                "/pm/v1/patches",
                {
                    **WINDOWS,
                    "query": CRITICAL,
                    "sort": '[{"title":"asc"}]',
                    "pageNumber": "0",
                    "pageSize": "1000",
                },
            )
        ],
        ["get_patches/numbered"],
    ),
    (
        patches.get_assets("windows", 1, version=1, havingQuery=CRITICAL, attributes=["name"]),
        [
            Ask(
                "GET",
                "/pm/v1/assets",
                {
                    **WINDOWS,
                    "havingQuery": CRITICAL,
                    "attributes": "id,name",
                    "pageNumber": "0",
                    "pageSize": "400",
                },
            )
        ],
        ["get_assets/one"],
    ),
    (
        patches.get_assets("windows", query="name:PC-01", havingQuery=CRITICAL, attributes="name"),
        [
            Ask(
                "POST",
                "/pm/v1/assets",
                {**WINDOWS, "pageSize": "400"},
                {"query": "name:PC-01", "havingQuery": CRITICAL, "attributes": ["id", "name"]},
            ),
            Ask(
                "GET",
                "/pm/v1/assets/count",
                {**WINDOWS, "query": "name:PC-01", "havingQuery": CRITICAL},
            ),
        ],
        ["get_assets/one", "get_asset_count/one"],
    ),
    (
        patches.get_assets("windows", 1),
        [Ask("POST", "/pm/v1/assets", {**WINDOWS, "pageSize": "400"}, {})],
        ["get_assets/patches_as_ids"],
    ),
    (
        catalogue.get_patch_catalog([PATCH, OTHER_PATCH], attributes=["title"], sort="title"),
        [
            Ask(
                "POST",
                CATALOG,
                {**WINDOWS, "attributes": "id,title", "sort": '[{"title":"asc"}]'},
                {"patchUuid": [PATCH, OTHER_PATCH]},
            )
        ],
        ["get_patch_catalog/two"],
    ),
    (
        catalogue.list_patch_catalog("Linux", filter="vendor:`Red Hat`"),
        [Ask("GET", CATALOG, {**LINUX, "filter": "vendor:`Red Hat`", **FIRST})],
        ["list_patch_catalog/two"],
    ),
    (
        catalogue.lookup_cves([92200, "38000"]),
        [Ask("POST", "/pm/v1/vulnerabilities", body={"qids": [92200, 38000]})],
        ["lookup_cves/two"],
    ),
    (reports.list_reports(), [Ask("GET", "/pm/v1/reports")], ["list_reports/two"]),
    (
        reports.list_report_columns("Windows", "Asset"),
        [Ask("GET", "/pm/v1/report/columns", {**WINDOWS, "reportSection": "Asset"})],
        ["list_report_columns/of_assets"],
    ),
    (
        reports.create_job_progress_report(JOB, "Progress"),
        [
            Ask(
                "POST",
                f"/pm/v1/report/deplymentjobprogress/{JOB}",
                body={"name": "Progress", "reportFormat": "CSV"},
            )
        ],
        ["create_job_progress_report/asked_for"],
    ),
    (
        reports.create_mitigation_progress_report(JOB),
        [Ask("POST", f"/pm/v1/report/mitigationjobprogress/{JOB}", body={})],
        ["create_mitigation_progress_report/asked_for"],
    ),
    (
        reports.list_mitigations("windows", qids="92200"),
        [
            Ask(
                "POST",
                "/mtg/v1/vulnerabilities/mitigations",
                body={"platform": "Windows", "qids": [92200], "pageNumber": 0, "pageSize": 200},
            )
        ],
        ["list_mitigations/one"],
    ),
    (
        reports.create_mitigation_job("Windows", "Mend it", 92200, assetTagIds=[TAG]).with_marker(
            "[patchfleet 1]"
        ),
        [
            Ask(
                "POST",
                "/mtg/v1/deploymentjob",
                body={
                    "name": "Mend it",
                    "description": "[patchfleet 1]",
                    "type": "Install",
                    "platform": "Windows",
                    "scheduleType": "On-demand",
                    "schemaVersion": "1.0",
                    "status": "Disabled",
                    "filterType": "Any",
                    "exclusionFilterType": "Any",
                    "qids": [92200],
                    "assetIds": [],
                    "assetTagIds": [TAG],
                },
            )
        ],
        ["create_mitigation_job/created"],
    ),
    (
        reports.list_mitigation_jobs("Windows", ownedJob=True),
        [Ask("GET", "/mtg/v1/deploymentjobs", {**WINDOWS, "ownedJob": "true", **FIRST})],
        ["list_mitigation_jobs/one"],
    ),
    (
        reports.get_mitigation_job(OTHER_JOB),
        [Ask("GET", f"/mtg/v1/deploymentjob/{OTHER_JOB}")],
        ["get_mitigation_job/one"],
    ),
    (
        reports.delete_mitigation_job(OTHER_JOB),
        [Ask("DELETE", "/mtg/v1/deploymentjobs", body={"ids": [OTHER_JOB]})],
        ["delete_mitigation_job/one"],
    ),
]
"""What the result says is what the first reply says."""


@pytest.mark.parametrize(("work", "asks", "names"), SAME, ids=[case[2][0] for case in SAME])
def test_the_request_and_the_value(work: Work[Any], asks: list[Ask], names: list[str]) -> None:
    asked, value = done(sent_by(work), *map(reply, names))
    assert asked == [ask.request for ask in asks]
    assert said(value) == said(recorded(names[0]))
    assert problems(value) == []


def test_get_patches_follows_the_cursor() -> None:
    asked, found = done(
        patches.get_patches("windows", pageSize=1),
        reply("get_patches/first_of_two", searchafter="bmV4dA=="),
        reply("get_patches/second_of_two"),
        reply("get_patch_count/two"),
    )
    page = Ask("POST", "/pm/v2/patches", {**WINDOWS, "pageSize": "1"}, {})
    assert asked == [
        page.request,
        page._replace(headers={"searchAfter": "bmV4dA=="}).request,
        Ask("GET", "/pm/v1/patches/count", WINDOWS).request,
    ]
    assert said(found) == said(recorded("get_patches/first_of_two", "get_patches/second_of_two"))
    assert problems(found) == []


def test_get_packages_in_linux_patch_of_two() -> None:
    """Both are read from their first page on, and what differs in any field is not one."""
    names = "get_packages_in_linux_patch/of_one", "get_packages_in_linux_patch/of_another"
    work = catalogue.get_packages_in_linux_patch([PATCH, OTHER_PATCH], filter="architecture:x86_64")
    asked, found = done(work, *map(reply, names))
    path = "/pm/v1/patchcatalog/patch/packages"
    assert asked == [
        Ask("GET", path, {"patchUuid": one, "filter": "architecture:x86_64", **FIRST}).request
        for one in (PATCH, OTHER_PATCH)
    ]
    expected = [
        {**package, "patchId": patch}
        for patch, name in zip((PATCH, OTHER_PATCH), names, strict=True)
        for package in recorded(name)
    ]
    assert said(found) == expected


def test_get_products_in_windows_patch() -> None:
    name = "get_products_in_windows_patch/one"
    (asked,), found = done(catalogue.get_products_in_windows_patch(PATCH), reply(name))
    assert asked == Ask("GET", f"/pm/v1/patchcatalog/patch/{PATCH}/products").request
    assert said(found) == [{**recorded(name)[0], "patchId": PATCH}]


def test_count_product_vulns_asks_for_one_severity_at_a_time() -> None:
    names = "count_product_vulns/critical", "count_product_vulns/low"
    work = catalogue.count_product_vulns(["Critical", "Low"], tagUUIDs=TAG)
    asked, found = done(work, *map(reply, names))
    path = "/pm/v1/patchcatalog/patch/products/vulnerability/count"
    assert asked == [
        Ask("GET", path, {"severityList": word, "tagUUIDs": TAG}).request
        for word in ("Critical", "Low")
    ]
    assert [one.severity for one in found] == ["Critical", "Low"]
    assert said([{**said(one), "severity": None} for one in found]) == said(recorded(*names))


def test_lookup_host_uuids_names_those_without_one() -> None:
    work = catalogue.lookup_host_uuids([1001, 1002, 1003])
    (asked,), found = done(work, reply("lookup_host_uuids/two_of_three"))
    assert asked == Ask("POST", "/pm/v1/assets/uuids", body=[1001, 1002, 1003]).request
    assert found == [("1001", ASSET), ("1002", OTHER_ASSET)]
    assert found.missing == [1003]


@pytest.mark.parametrize(
    ("work", "path", "query", "name", "value"),
    [
        (catalogue.get_version(), "/pm/v1/details", {}, "get_version/version", "3.1.0.0-29"),
        (
            patches.get_patch_count("linux", CRITICAL, "name:x"),
            "/pm/v1/patches/count",
            {**LINUX, "query": CRITICAL, "havingQuery": "name:x"},
            "get_patch_count/two",
            2,
        ),
        (patches.get_patch_count(), "/pm/v1/patches/count", WINDOWS, "get_patch_count/nothing", 0),
        (patches.get_patch_count(), "/pm/v1/patches/count", WINDOWS, "get_patch_count/as_text", 2),
        (patches.get_asset_count(), "/pm/v1/assets/count", WINDOWS, "get_asset_count/one", 1),
    ],
)
def test_one_value(work: Any, path: str, query: dict[str, str], name: str, value: Any) -> None:
    (asked,), found = done(work, reply(name))
    assert asked == Ask("GET", path, query).request
    assert found == value


def test_download_report() -> None:
    (asked,), text = done(reports.download_report("41"), reply("download_report/ready"))
    accepting = {"Accept": "*/*"}
    assert asked == Ask("GET", "/pm/v1/reports/41/download", headers=accepting).request
    assert text == f"Asset ID,Status\n{ASSET},Completed\n".encode()
    with pytest.raises(VendorError, match="the report is not ready"):
        done(reports.download_report("42"), reply("download_report/not_ready"))


EVERY: dict[str, Work[Any]] = {
    **{names[0].partition("/")[0]: work for work, _, names in SAME},
    "get_version": catalogue.get_version(),
    "create_job": job_changes.create_job(
        "Windows", "My Job", "Install", "On-demand", assetIds=[ASSET]
    ),
    "update_job": job_changes.update_job(JOB, name="Renamed"),
    "get_job_runs": jobs.get_job_runs(JOB),
    "get_job_results": jobs.get_job_results(JOB),
    "get_patches": patches.get_patches("windows"),
    "get_patch_count": patches.get_patch_count(),
    "get_asset_count": patches.get_asset_count(),
    "get_packages_in_linux_patch": catalogue.get_packages_in_linux_patch(PATCH),
    "get_products_in_windows_patch": catalogue.get_products_in_windows_patch(PATCH),
    "count_product_vulns": catalogue.count_product_vulns(),
    "lookup_host_uuids": catalogue.lookup_host_uuids(1001),
    "download_report": reports.download_report("41"),
    "query_assets": inventory.query_assets(filter=SERVERS),
    "get_all_assets": inventory.get_all_assets(),
    "get_asset": inventory.get_asset(1001),
    "count_assets": inventory.count_assets(),
}
"""One example of each operation."""

READ_ALL_THE_SAME = {
    ("query_assets", "nothing"),  # an empty page [O: peer]
    ("get_all_assets", "nothing"),
    ("get_asset", "nothing"),
    ("create_job_progress_report", "empty_object"),  # of their answers nothing is known
    ("create_mitigation_progress_report", "empty_object"),
    ("download_report", "null"),
}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        (name, answer)
        for name in sorted(EVERY)
        for answer in ("page", "nothing", "null", "empty_object")
        if (name, answer) not in READ_ALL_THE_SAME
    ],
)
def test_nothing_is_made_of_an_answer_that_is_none(name: str, answer: str) -> None:
    with pytest.raises(Unreadable):
        done(EVERY[name], *[reply(f"_any/{answer}")] * 9)
    with pytest.raises(Unreadable):
        done(sent_by(EVERY[name]), *[reply(f"_any/{answer}")] * 9)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_an_error_that_comes_with_status_200_is_one(name: str) -> None:
    with pytest.raises(VendorError, match="not like this"):
        done(sent_by(EVERY[name]), reply("_any/refusal"))
