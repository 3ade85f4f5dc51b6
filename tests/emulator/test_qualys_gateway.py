"""The emulated gateway in process: authentication, routes, ends of pages, errors."""

import json
from urllib.parse import urlencode

import pytest

from patchfleet.emulator import Emulator
from patchfleet.emulator.faults import OF_NSIGHT, OF_QUALYS

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SERVERS = "operatingSystem.category: `Windows / Server`"


class Caller:
    """Calls an emulator in this process with a token of its own."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.token = ""

    def login(self, **changes):
        account = self.emulator.qualys
        form = {"username": account.username, "password": account.password, "token": "true"}
        body = urlencode({**form, **changes}).encode()
        answer = self.emulator.handle("POST", "/auth", headers=FORM.items(), body=body)
        if answer.status == 201:
            self.token = answer.body.decode()
        return answer

    def __call__(self, method, path, body=None, cursor="", **query):
        headers = {"Authorization": f"Bearer {self.token}"}
        if cursor:
            headers["searchAfter"] = cursor
        raw = b"" if body is None else json.dumps(body).encode()
        pairs = [(name, str(value)) for name, value in query.items()]
        return self.emulator.handle(method, path, pairs, headers.items(), raw)


@pytest.fixture(scope="module")
def emulator():
    return Emulator(customers=2, devices=24)


@pytest.fixture
def call(emulator):
    caller = Caller(emulator)
    assert caller.login().status == 201
    yield caller
    emulator.clear_faults()


def read(answer):
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def refusal(answer):
    error = json.loads(answer.body)["_error"]
    return answer.status, error["errorCode"], error["message"]


def header(answer, name):
    return {key.lower(): value for key, value in answer.headers}.get(name.lower())


def test_a_login_answers_201_and_a_token(emulator):
    answer = Caller(emulator).login()
    assert answer.status == 201
    assert answer.body.count(b".") == 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"password": "wrong"}, 401), ({"username": "nobody"}, 401), ({"token": "false"}, 400)],
)
def test_a_login_that_is_refused(emulator, changes, status):
    assert refusal(Caller(emulator).login(**changes))[0] == status


def test_a_token_is_needed_and_dies_with_the_clock():
    emulator = Emulator(customers=1, devices=4, qualys_token_seconds=600)
    call = Caller(emulator)
    assert refusal(call("GET", "/pm/v1/details"))[0] == 401
    call.login()
    assert read(call("GET", "/pm/v1/details"))["appVersion"]
    emulator.advance(minutes=10)
    assert refusal(call("GET", "/pm/v1/details"))[0] == 401
    call.token = "no.token.atall"
    assert refusal(call("GET", "/pm/v1/details"))[0] == 401


def test_what_is_not_there(call):
    assert refusal(call("GET", "/pm/v1/nothing"))[0] == 404
    assert refusal(call("DELETE", "/pm/v1/patches"))[0] == 405
    assert call("GET", "/elsewhere").status == 404


def test_a_user_without_the_permission():
    call = Caller(Emulator(customers=1, devices=4, qualys_forbidden=True))
    call.login()
    assert refusal(call("GET", "/pm/v1/patches"))[0] == 403


def test_pages_by_number_make_the_whole(call, emulator):
    told = {
        patch["uuid"]
        for patch in emulator.ground_truth(vendor="qualys")["patches"]
        if patch["platform"] == "Linux"
    }
    found, number = [], 0
    while page := read(
        call("GET", "/pm/v1/patches", platform="Linux", pageNumber=number, pageSize=100)
    ):
        found += [one["id"] for one in page]
        number += 1
    assert sorted(found) == sorted(told)
    assert len(read(call("GET", "/pm/v1/patches", platform="Linux"))) == 10


def test_pages_by_cursor_make_the_whole(call, emulator):
    told = {
        patch["uuid"]
        for patch in emulator.ground_truth(vendor="qualys")["patches"]
        if patch["platform"] == "Windows"
    }
    found, cursor = [], ""
    while True:
        answer = call("POST", "/pm/v2/patches", {}, cursor, platform="Windows", pageSize=300)
        found += [one["id"] for one in read(answer)]
        cursor = header(answer, "searchAfter")
        if cursor is None:
            break
    assert sorted(found) == sorted(told)


def test_the_ten_thousandth_record_is_the_last_by_number():
    call = Caller(Emulator(customers=1, devices=2, qualys_patches=10_500, qualys_jobs=0))
    call.login()
    assert read(call("GET", "/pm/v1/patches/count", platform="Windows")) == {
        "patches": {"count": 10_500}
    }
    last = call("GET", "/pm/v1/patches", platform="Windows", pageNumber=9, pageSize=1000)
    assert len(read(last)) == 1000
    beyond = call("GET", "/pm/v1/patches", platform="Windows", pageNumber=10, pageSize=1000)
    assert refusal(beyond)[:2] == (400, "2501")


@pytest.mark.parametrize(
    ("query", "is_right"),
    [
        ("vendorSeverity:`Critical`", lambda p: p["vendorSeverity"] == "Critical"),
        ("vendorSeverity:[Critical, Low]", lambda p: p["vendorSeverity"] in ("Critical", "Low")),
        ("not vendorSeverity:Critical", lambda p: p["vendorSeverity"] != "Critical"),
        (
            "(vendorSeverity:Critical OR vendorSeverity:Low) and rebootRequired:true",
            lambda p: p["vendorSeverity"] in ("Critical", "Low") and p["rebootRequired"],
        ),
        ("missingCount > 2", lambda p: p["missingCount"] > 2),
        ("missingCount:[1 .. 3]", lambda p: 1 <= p["missingCount"] <= 3),
        ("missingCount:(1 ... 3)", lambda p: 1 < p["missingCount"] < 3),
        ("isSuperseded:false", lambda p: p["isSuperseded"] is False),
        ('title:"Cumulative Update"', lambda p: "Cumulative Update" in p["title"]),
    ],
)  # fmt: skip
def test_a_query_over_patches(call, query, is_right):
    def listed(**asked):
        found, number = [], 0
        while page := read(
            call("GET", "/pm/v1/patches", pageNumber=number, pageSize=1000, **asked)
        ):
            found += page
            number += 1
        return found

    everything = listed()
    wanted = sorted(one["id"] for one in everything if is_right(one))
    assert wanted, "the world has such patches"
    assert sorted(one["id"] for one in listed(query=query)) == wanted
    assert read(call("GET", "/pm/v1/patches/count", query=query)) == {
        "patches": {"count": len(wanted)}
    }


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("vendorSeverity:", "position"),
        ("vendorSeverity:`Critical", "position"),
        ("(vendorSeverity:Critical", "position"),
        ("nonsense:1", "nonsense"),
    ],
)
def test_a_query_that_cannot_be_read(call, query, said):
    status, _, message = refusal(call("GET", "/pm/v1/patches", query=query))
    assert status == 400
    assert said in message


def test_the_inventory_goes_on_after_an_asset(call):
    found, after = [], {}
    while True:
        page = read(call("POST", "/am/v1/assets/host/list", pageSize=7, **after))
        assert page["responseCode"] == "SUCCESS"
        assert page["count"] == len(page["assetListData"]["asset"])
        found += [one["assetId"] for one in page["assetListData"]["asset"]]
        if not page["hasMore"]:
            break
        after = {"lastSeenAssetId": page["lastSeenAssetId"]}
    assert len(found) == len(set(found))
    assert read(call("POST", "/am/v1/assets/host/count"))["count"] == len(found)
    servers = call(
        "POST", "/am/v1/assets/host/filter/list", filter=SERVERS, includeFields="agentId"
    )
    assert read(servers)["assetListData"]["asset"]


def test_some_machines_are_known_to_both_vendors(emulator):
    here = {asset["serial"] for asset in emulator.ground_truth(vendor="qualys")["assets"]}
    there = {
        device["serial"]
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
    }
    assert here & there
    assert here - there
    assert there - here


def test_calls_are_logged_with_their_bodies_and_no_secret(call, emulator):
    emulator.clear_calls()
    call.login()
    call("POST", "/pm/v2/patches", {"query": "vendorSeverity:Low"}, platform="Linux")
    login, listed = emulator.calls
    assert (login.service, login.body, login.vendor) == ("auth", None, "qualys")
    assert (listed.service, listed.method) == ("get_patches", "POST")
    assert listed.body == {"query": "vendorSeverity:Low"}
    told = json.dumps([one.as_dict() for one in emulator.calls])
    assert emulator.qualys.password not in told
    assert call.token not in told


def jobs(call, **query):
    return call("GET", "/pm/v1/deploymentjobs/summary", platform="Windows", **query)


def result_page(call, emulator, **query):
    job = next(
        job for job in emulator.ground_truth(vendor="qualys")["jobs"]
        if job["runs"] and len(job["runs"][-1]["results"]) > 5
    )  # fmt: skip
    path = f"/pm/v1/deploymentjob/{job['id']}/deploymentjobresult/summary"
    return [one["asset"]["id"] for one in read(call("POST", path, **query))["assets"]]


class TestFaults:
    def test_every_kind_can_be_set_and_answers(self, call, emulator):
        for kind in OF_QUALYS:
            emulator.clear_faults()
            emulator.fault(kind, service="list_jobs")
            jobs(call)
            assert emulator.calls[-1].fault == kind
            call.login()

    def test_called_too_often(self, call, emulator):
        emulator.fault("rate_limited", times=2)
        limited = jobs(call)
        assert (limited.status, limited.body, limited.headers) == (429, b"", ())
        limited = call("POST", "/am/v1/assets/host/count")
        assert header(limited, "X-RateLimit-ToWait-Sec") == "1"

    def test_a_page_drifts(self, call, emulator):
        first = [one["id"] for one in read(jobs(call))]
        emulator.fault("drift", records=1)
        assert [one["id"] for one in read(jobs(call))] == first[1:]

    def test_a_page_repeats(self, call, emulator):
        first = [one["id"] for one in read(jobs(call, pageSize=2))]
        emulator.fault("page_repeats")
        assert [one["id"] for one in read(jobs(call, pageSize=2, pageNumber=1))] == first

    def test_pages_are_capped_or_all_the_first(self, call, emulator):
        emulator.fault("capped_pages", records=3)
        assert len(result_page(call, emulator, pageSize=100)) == 3
        first = result_page(call, emulator, pageSize=2)
        emulator.fault("page_number_ignored")
        assert result_page(call, emulator, pageSize=2, pageNumber=1) == first

    def test_a_cursor_is_missing(self, call, emulator):
        emulator.fault("no_cursor")
        answer = call("POST", "/pm/v2/patches", {}, pageSize=5)
        assert len(read(answer)) == 5
        assert header(answer, "searchAfter") is None

    def test_a_token_dies(self, call, emulator):
        emulator.fault("token_dies")
        assert jobs(call).status == 401
        assert jobs(call).status == 401
        call.login()
        assert jobs(call).status == 200

    def test_a_refusal_in_two_forms(self, call, emulator):
        emulator.fault("json_error", status=422, code="9", message="no")
        assert refusal(jobs(call)) == (422, "9", "no")
        emulator.fault("json_error", envelope=False)
        assert json.loads(jobs(call).body) == {
            "errorMessage": "something is wrong", "errorCode": "1000",
        }  # fmt: skip

    def test_odd_records(self, call, emulator):
        emulator.fault("unknown_fields")
        assert all("newInNextRelease" in one for one in read(jobs(call)))
        emulator.fault("wrong_types")
        assert read(jobs(call))[0]["name"] == 7
        emulator.fault("duplicates")
        ids = [one["id"] for one in read(jobs(call, pageSize=4))]
        assert ids[2:] == ids[:2]
        emulator.fault("json_null")
        assert read(jobs(call)) is None

    def test_faults_of_one_vendor_leave_the_other_alone(self, call, emulator):
        (kind, *_) = sorted(OF_NSIGHT - OF_QUALYS)
        emulator.fault(kind, times=None)
        assert isinstance(read(jobs(call)), list)
        assert emulator.calls[-1].fault is None
