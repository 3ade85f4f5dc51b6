"""Forms in which other people's clients call Qualys, and their comparisons with a clock."""

import base64
import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from patchfleet.emulator import Emulator
from patchfleet.emulator.qualys.jobs.pdf import text_pdf

from .qualys_jobs import EXPLICIT, Desk
from .test_qualys_gateway import FORM, Caller, read, refusal

GONE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def emulator():
    return Emulator(customers=2, devices=16)


@pytest.fixture
def call(emulator):
    caller = Caller(emulator)
    assert caller.login().status == 201
    return caller


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class TestTokens:
    @pytest.mark.parametrize("start", [datetime(2016, 1, 1, tzinfo=UTC), None,
                                       datetime(2040, 1, 1, tzinfo=UTC)])  # fmt: skip
    def test_a_client_that_reads_exp_logs_in_once(self, start):
        """At any emulated time, `exp` is ahead of the client's clock by the token's lifetime."""
        call = Caller(Emulator(devices=6, patches=5, start=start))
        call.login()
        told, now = claims(call.token), datetime.now(UTC).timestamp()
        assert told["exp"] - told["iat"] == 4 * 3600
        assert abs(told["iat"] - now) < 300
        assert read(call("GET", "/pm/v1/details"))

    @pytest.mark.parametrize("moved", ["emulated", "wall"])
    def test_either_clock_ends_it(self, emulator, call, moved):
        if moved == "emulated":
            emulator.advance(hours=4)
        else:
            later = datetime.now(UTC) + timedelta(hours=4)
            emulator._clock._wall = lambda: later
        assert refusal(call("GET", "/pm/v1/details"))[0] == 401
        call.login()
        assert read(call("GET", "/pm/v1/details"))

    @pytest.mark.parametrize("path", ["/auth", "/auth/"])
    @pytest.mark.parametrize("more", [{}, {"token": "true"}, {"token": "true", "permissions": "t"}])
    def test_forms_of_the_log_in(self, emulator, path, more):
        account = emulator.qualys
        form = {"username": account.username, "password": account.password, **more}
        body = urlencode(form).encode()
        answer = emulator.handle("POST", path, headers=FORM.items(), body=body)
        assert answer.status == 201
        assert emulator.calls[-1].service == "auth"
        assert account.password not in json.dumps([one.as_dict() for one in emulator.calls])


class TestInventory:
    def test_a_form_in_the_body_is_as_good_as_the_query(self, emulator, call):
        given = {"filter": "sensors.activatedForModules:`VM`", "includeFields": "agentId"}
        path = "/am/v1/assets/host/filter/list"
        in_query = read(call("POST", path, **given))
        headers = [("Authorization", f"Bearer {call.token}"), *FORM.items()]
        in_body = emulator.handle("POST", path, (), headers, urlencode(given).encode())
        assert read(in_body) == in_query
        assert in_query["count"]


SECOND = "/rest/2.0/{}/am/asset"
FILTERS = [
    ("operatingSystem.name", "CONTAINS", "windows", "operatingSystem.name:windows"),
    ("tags.name", "EQUALS", "Servers", "tags.name:`Servers`"),
    ("tags.name", "NOT_EQUALS", "Servers", "not tags.name:`Servers`"),
    ("asset.trackingMethod", "IN", "IP,QAGENT", "asset.trackingMethod:[IP,QAGENT]"),
    ("sensors.activatedForModules", "EQUALS", "PM", "sensors.activatedForModules:`PM`"),
]


class TestSecondInventory:
    @pytest.mark.parametrize(("field", "operator", "value", "query"), FILTERS)
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_filters_find_what_the_query_finds(self, call, field, operator, value, query, slash):
        body = {"filters": [{"field": field, "operator": operator, "value": value}]}
        found = call("POST", SECOND.format("search") + slash, body=body, pageSize=300)
        first = call("POST", "/am/v1/assets/host/filter/list", filter=query, pageSize=300)
        assert read(found) == read(first)
        counted = read(call("POST", SECOND.format("count") + slash, body=body))
        assert counted["count"] == read(first)["count"] > 0

    @pytest.mark.parametrize("size", [1, 3, 7, 100])
    def test_pages_lead_to_every_host_once(self, call, size):
        seen, last = [], {}
        while True:
            page = read(call("POST", SECOND.format("search"), body={}, pageSize=size, **last))
            seen += [one["assetId"] for one in page["assetListData"]["asset"]]
            if not page["hasMore"]:
                break
            last = {"lastSeenAssetId": page["lastSeenAssetId"]}
        assert len(seen) == len(set(seen)) == read(call("POST", SECOND.format("count")))["count"]
        one = read(call("GET", SECOND.format("get"), assetId=seen[-1]))
        assert [host["assetId"] for host in one["assetListData"]["asset"]] == seen[-1:]
        body = {"filters": [{"field": "asset.id", "operator": "EQUALS", "value": str(seen[0])},
                            {"field": "asset.id", "operator": "LESSER", "value": "0"}],
                "operation": "OR"}  # fmt: skip
        assert read(call("POST", SECOND.format("count"), body=body))["count"] == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"filters": {}, "operation": "XOR"}, {"filters": "a"}, {"filters": ["a"]}, [],
            {"filters": [{"field": "colour", "operator": "EQUALS", "value": "red"}]},
            {"filters": [{"field": "inventory", "operator": "EQUALS", "value": "red"}]},
            {"filters": [{"field": "asset.id", "operator": "NEAR", "value": "1"}]},
            {"filters": [{"field": "asset.id", "operator": "EQUALS", "value": "one"}]},
            {"filters": [{"field": "asset.id", "operator": "EQUALS"}]},
            {"filters": [{"field": "asset.name", "operator": "GREATER", "value": "a"}]},
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_refused(self, call, body):
        assert refusal(call("POST", SECOND.format("search"), body=body))[0] == 400


class TestJobs:
    @pytest.fixture
    def desk(self):
        return Desk()

    @pytest.mark.parametrize("form", ["ids", "list", "path"])
    def test_three_forms_to_delete(self, desk, form):
        kept, gone = (desk.create(**desk.body(name=name))["id"] for name in ("kept", "gone"))
        path = "/pm/v1/deploymentjobs"
        match form:
            case "ids":
                told = desk.call("DELETE", path, body={"ids": [gone]})
            case "list":
                told = desk.call("DELETE", path, body=[gone])
            case _:
                told = desk.call("DELETE", f"{path}/{gone}")
        assert told == [{"id": gone, "name": "gone", "status": "success"}]
        assert [job["id"] for job in desk.ground_truth()["jobs"]] == [kept]

    def test_a_field_that_a_job_does_not_have_is_passed_over_and_told_in_the_truth(self, desk):
        job = desk.create(**desk.body(tagIds=[GONE], colour="red", schemaVersion="1.0"))
        assert "tagIds" not in job
        assert desk.ground_truth()["passed_over"] == {job["id"]: ["colour", "tagIds"]}
        desk.update(job["id"], description="x", size=1)
        assert desk.create(**desk.get(job["id"]))
        assert desk.ground_truth()["passed_over"] == {job["id"]: ["colour", "size", "tagIds"]}

    @pytest.mark.parametrize("word", ["any", "ANY", "Any", "aNy"])
    def test_any_and_all_in_any_case(self, desk, word):
        assert desk.create(**desk.body(filterType=word))["filterType"] == "Any"


def texts(pdf):
    """Return the lines of text of a PDF, and check its table of offsets."""
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.endswith(b"%%EOF\n")
    begin = int(re.search(rb"startxref\n(\d+)\n", pdf)[1])
    places = [int(one) for one in re.findall(rb"(\d{10}) 00000 n ", pdf[begin:])]
    for number, place in enumerate(places, 1):
        assert pdf[place:].startswith(b"%d 0 obj" % number)
    for size, stream in re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", pdf, re.DOTALL):
        assert len(stream) == int(size)
    found = re.findall(rb"^\((.*)\) Tj", pdf, re.MULTILINE)
    return [re.sub(r"\\(.)", r"\1", one.decode("cp1252")) for one in found]


class TestReports:
    @pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 500])
    def test_a_pdf_holds_every_line(self, count):
        lines = [f"{number}: (a) \\ é€" for number in range(count)]
        assert texts(text_pdf(lines)) == lines
        assert text_pdf(lines).count(b"/Type /Page /") == max(1, -(-count // 50))

    def test_csv_and_pdf_say_the_same(self):
        desk = Desk()
        job = desk.create(**desk.body(status="Enabled", **EXPLICIT,
                                      approvedPatches=[desk.some_patch()]))["id"]  # fmt: skip
        desk.advance(days=3)
        content = {}
        for form in ("CSV", "PDF"):
            path = f"/pm/v1/report/deplymentjobprogress/{job}"
            report = desk.call("POST", path, body={"reportFormat": form})
            assert report["reportFormat"] == form
            answer = desk.answer("GET", f"/pm/v1/reports/{report['id']}/download")
            content[form] = answer.body
            kind = dict(answer.headers)["Content-Type"].split(";")[0]
            assert kind == {"CSV": "text/csv", "PDF": "application/pdf"}[form]
        rows = list(csv.reader(io.StringIO(content["CSV"].decode())))
        assert [" | ".join(row) for row in rows] == texts(content["PDF"])
        assert len(rows) > 2
