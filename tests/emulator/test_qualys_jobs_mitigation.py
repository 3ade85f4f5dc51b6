"""Mitigation jobs and reports."""

import csv
import io

import pytest

from patchfleet.emulator.qualys.request import Refused

from .qualys_jobs import EXPLICIT, Desk

GONE = "11111111-2222-4333-8444-555555555555"
FIXES = "/mtg/v1/vulnerabilities/mitigations"


@pytest.fixture
def desk():
    return Desk(devices=20)


@pytest.fixture(scope="module")
def shared():
    """One account for calls that are refused or only read."""
    return Desk(devices=20)


def fixes(desk, **body):
    return desk.call("POST", FIXES, body=body)


def qids(desk, platform="Windows", count=3):
    return [row["qid"] for row in fixes(desk, platform=platform, pageSize=count)]


def body(desk, **changes):
    whole = {
        "name": "Lessen",
        "description": "until patched",
        "type": "Install",
        "platform": "Windows",
        "scheduleType": "On-demand",
        "schemaVersion": "1.0",
        "status": "Enabled",
        "qids": qids(desk),
        "assetIds": desk.ids()[:8],
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def create(desk, **changes):
    return desk.call("POST", "/mtg/v1/deploymentjob", body=body(desk, **changes))


def refused(desk, method, path, query=None, body=None):
    with pytest.raises(Refused) as refusal:
        desk.call(method, path, query, body)
    return refusal.value


# Mitigations


def test_fixes_are_listed_in_pages_with_their_scripts(shared):
    everything = fixes(shared, pageSize=200)
    assert len(fixes(shared)) == 10
    assert [row["qid"] for row in fixes(shared, pageNumber=1, pageSize=5)] == [
        row["qid"] for row in everything[5:10]
    ]
    row = everything[0]
    [(platform, how)] = row["vulnMitigation"].items()
    assert platform == "Windows"
    for scripts in how["scriptBased"].values():
        assert {"mitigationId", "mitigationType", "mitigationCategory", "description"} <= set(
            scripts[0]
        )


def test_fixes_are_asked_for_by_qid_and_platform(shared):
    linux = qids(shared, "Linux")
    found = fixes(shared, qids=linux, platform=["Linux"], implication=["FIX"])
    assert [row["qid"] for row in found] == linux
    assert {name for row in found for name in row["vulnMitigation"]} == {"Linux"}
    assert fixes(shared, qids=[1]) == []


@pytest.mark.parametrize(
    "given", [{"pageSize": 201}, {"implication": "fix"}, {"qids": "1"}, {"qids": [True]}]
)
def test_a_bad_question_for_fixes_is_refused(shared, given):
    assert refused(shared, "POST", FIXES, body=given).status == 400


def test_a_mitigation_job_is_made_found_listed_and_deleted(desk):
    job = create(desk)
    assert list(job)[:5] == ["customerId", "id", "schemaVersion", "name", "description"]
    assert job["qids"] == qids(desk)
    assert desk.call("GET", f"/mtg/v1/deploymentjob/{job['id']}") == job
    query = {"ownedJob": "true", "platform": "Windows"}
    [row] = desk.call("GET", "/mtg/v1/deploymentjobs", query)
    assert (row["id"], row["mitigationActionCount"], row["totalAssetCount"]) == (job["id"], 3, 8)
    answers = desk.call("DELETE", "/mtg/v1/deploymentjobs", body={"ids": [job["id"], GONE]})
    assert [answer["status"] for answer in answers] == ["success", "failed"]
    assert desk.call("GET", "/mtg/v1/deploymentjobs", query) == []
    assert refused(desk, "GET", f"/mtg/v1/deploymentjob/{job['id']}").status == 404


@pytest.mark.parametrize("missing", ["ownedJob", "platform"])
def test_the_list_of_mitigation_jobs_has_two_mandatory_inputs(shared, missing):
    query = {"ownedJob": "true", "platform": "Windows"}
    del query[missing]
    refusal = refused(shared, "GET", "/mtg/v1/deploymentjobs", query)
    assert refusal.message.startswith(missing)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("qids", {"qids": None}),
        ("qids", {"qids": [1]}),
        ("qids", {"qids": ["91"]}),
        ("type", {"type": "Rollback"}),
        ("name", {"name": " "}),
        ("assetIds", {"assetIds": [GONE]}),
        ("assetTagIds", {"assetIds": None}),
        ("assetIds", {"scheduleType": "Daily", "startDateTime": "2026-11-14 10:00:00 PM"}),
        ("filterType", {"filterType": "most"}),
        ("startDateTime", {"scheduleType": "Once"}),
    ],
)
def test_a_bad_mitigation_job_is_refused(shared, field, changes):
    refusal = refused(shared, "POST", "/mtg/v1/deploymentjob", body=body(shared, **changes))
    assert refusal.status == 400
    assert refusal.message.startswith(field)


def test_a_mitigation_job_is_completed_with_time(desk):
    job = create(desk)
    assert job["jobStatus"] is None
    desk.advance(hours=1)
    done = desk.call("GET", f"/mtg/v1/deploymentjob/{job['id']}")
    assert done["jobStatus"] in ("Completed", "Completed with Failure")


def test_a_recurring_mitigation_job_begins_at_its_time(desk):
    job = create(
        desk,
        assetIds=None,
        assetTagIds=[desk.tag("Windows")],
        scheduleType="Daily",
        startDateTime="2026-11-14 10:00:00 PM",
        timezoneType="SPECIFIC_TZ",
        timezone="UTC",
    )
    path = f"/mtg/v1/deploymentjob/{job['id']}"
    desk.advance(hours=38)
    assert desk.call("GET", path)["jobStatus"] is None
    desk.advance(hours=2)
    assert desk.call("GET", path)["jobStatus"] is not None


# Reports


def rows_of(desk, report):
    answer = desk.answer("GET", f"/pm/v1/reports/{report['id']}/download")
    assert answer.status == 200
    assert dict(answer.headers)["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.body.decode())))


def test_a_report_of_a_job_says_what_its_results_say(desk):
    job = desk.create(**desk.body(status="Enabled"))["id"]
    desk.advance(days=1)
    path = f"/pm/v1/report/deplymentjobprogress/{job}"
    report = desk.call("POST", path, body={"name": "R", "reportFormat": "CSV"})
    assert (report["name"], report["status"]) == ("R", "Completed")
    told = {row["Asset ID"]: row for row in rows_of(desk, report)}
    for asset, row in desk.rows(job).items():
        assert told[asset]["Status"] == row["status"]
        assert told[asset]["Installed Patches"] == str(row["successPatches"])
    desk.advance(days=1)
    assert {row["Asset ID"]: row for row in rows_of(desk, report)} == told


def test_a_report_of_a_mitigation_job_has_the_columns_asked_for(desk):
    job = create(desk)
    desk.advance(hours=1)
    path = f"/pm/v1/report/mitigationjobprogress/{job['id']}"
    whole = rows_of(desk, desk.call("POST", path, body={}))
    assert len(whole) == 8 * 3
    assert {row["Status"] for row in whole} <= {"Succeeded", "Failed", "Skipped"}
    assert {(row["Status"], row["Status Code"]) for row in whole} >= {("Succeeded", "0")}
    some = rows_of(desk, desk.call("POST", path, body={"columns": ["QID", "Status"]}))
    assert list(some[0]) == ["QID", "Status"]


def test_reports_are_listed_newest_first(desk):
    job = desk.create(**desk.body(**EXPLICIT))["id"]
    path = f"/pm/v1/report/deplymentjobprogress/{job}"
    for number in range(12):
        desk.call("POST", path, body={"name": f"report {number}"})
    names = [row["name"] for row in desk.call("GET", "/pm/v1/reports")]
    assert names == [f"report {number}" for number in range(11, -1, -1)]


def test_columns_are_listed_by_section(shared):
    for section in ("Asset", "Patch", "JobProgress"):
        query = {"platform": "Windows", "reportSection": section}
        columns = shared.call("GET", "/pm/v1/report/columns", query)
        assert len(columns) > 3
    assert refused(shared, "GET", "/pm/v1/report/columns", {"reportSection": "x"}).status == 400


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        (f"/pm/v1/report/deplymentjobprogress/{GONE}", {}, 404),
        (f"/pm/v1/report/mitigationjobprogress/{GONE}", {}, 404),
        ("/pm/v1/report/deplymentjobprogress/{job}", {"reportFormat": "XLS"}, 400),
        ("/pm/v1/report/deplymentjobprogress/{job}", {"columns": ["Colour"]}, 400),
        ("/pm/v1/report/deplymentjobprogress/{job}", {"columns": "Status"}, 400),
    ],
)
def test_a_bad_report_is_refused(shared, path, given, status):
    job = shared.create(**shared.body())["id"]
    assert refused(shared, "POST", path.format(job=job), body=given).status == status


def test_an_unknown_report_is_not_found(shared):
    assert refused(shared, "GET", f"/pm/v1/reports/{GONE}/download").status == 404
