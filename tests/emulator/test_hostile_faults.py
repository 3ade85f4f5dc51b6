"""Every hostile fault over real HTTP: its effect, and what log and ground truth report."""

import http.client
import json
import socket
import xml.etree.ElementTree as ET
from itertools import product
from urllib.parse import urlencode

import pytest

from patchfleet.emulator import FAULTS, Emulator
from patchfleet.emulator.answer_faults import ANSWER_FAULTS
from patchfleet.emulator.faults import HOSTILE_FAULTS
from patchfleet.emulator.value_faults import VALUE_FAULTS

from .nsight_calls import devices

JOB = {"name": "Of a test", "platform": "Windows", "type": "Install", "scheduleType": "On-demand"}
ENDLESS = {"drip": {}, "interim": {}, "endless": {}}
OPTIONS = {"drip": {"count": 3, "pause_seconds": 0}, "interim": {"count": 3, "pause_seconds": 0}}
BROKEN = {"head", "lengths", "chunks", "endless"}
"""Kinds in which http.client may find no whole answer."""


class Caller:
    """Call either vendor of a running emulator, on a connection of its own each time."""

    def __init__(self, host):
        self.host, self.emulator = host, host.emulator
        account = self.emulator.qualys
        form = {"username": account.username, "password": account.password}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self.token = self("POST", "/auth", urlencode(form), kind)[1].decode()
        self.emulator.clear_calls()

    def __call__(self, method, path, body=None, headers=None, timeout=10.0):
        line = http.client.HTTPConnection("127.0.0.1", self.host.port, timeout=timeout)
        try:
            line.request(method, path, body, headers or {})
            response = line.getresponse()
            return response, response.read()
        finally:
            line.close()

    def nsight(self, service, **more):
        query = urlencode({"apikey": self.host.api_key, "service": service, **more})
        return self("GET", f"/api/?{query}")

    def qualys(self, method, path, body=None, **query):
        target = f"{path}?{urlencode(query)}" if query else path
        raw = None if body is None else json.dumps(body)
        return self(method, target, raw, {"Authorization": f"Bearer {self.token}"})

    def jobs(self, **query):
        return json.loads(
            self.qualys("GET", "/pm/v1/deploymentjobs", platform="Windows", **query)[1]
        )

    def tree(self, service, **more):
        return ET.fromstring(self.nsight(service, **more)[1])

    def raw(self, count, service="list_clients"):
        """Send a request `count` times on one connection; return all that arrives shortly after."""
        query = urlencode({"apikey": self.host.api_key, "service": service})
        with socket.create_connection(("127.0.0.1", self.host.port), timeout=0.3) as line:
            line.sendall(f"GET /api/?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * count)
            received = b""
            try:
                while len(received) < 1 << 20 and (piece := line.recv(65536)):
                    received += piece
            except (TimeoutError, ConnectionResetError):
                pass
        return received


@pytest.fixture(scope="module")
def running():
    emulator = Emulator(customers=3, devices=16, patches=20, seed=4)
    with emulator.running() as host:
        yield host


@pytest.fixture
def call(running):
    running.emulator.clear_faults()
    yield Caller(running)
    running.emulator.clear_faults()


def shown(call, kind, options, act):
    """Set a fault, make a call, and return its entry in the log."""
    call.emulator.fault(kind, **{**OPTIONS.get(kind, {}), **options})
    try:
        act()
    except (http.client.HTTPException, ConnectionError, TimeoutError, ValueError):
        assert kind in BROKEN
    [entry] = call.emulator.calls
    return entry


WRITABLE = sorted(set(HOSTILE_FAULTS) - {"other_answer", "swapped", "device_missing",
                                         "answer_before", "endless"})  # fmt: skip


@pytest.mark.parametrize(("kind", "when"), list(product(WRITABLE, ["before", "after"])))
def test_log_and_truth_tell_whether_an_act_happened(call, kind, when):
    """At both vendors an approval and a new job exist or do not, whatever was sent."""
    options = {"when": when}
    if kind == "coded":
        options["form"] = "right"
    device, patch = next(
        (one, row)
        for one in devices(call.emulator.ground_truth())
        for row in one["patches"]
        if row["policy"] != 65
    )
    entry = shown(
        call, kind, {**options, "service": "patch_ignore"},
        lambda: call.nsight("patch_ignore", deviceid=device["deviceid"], patchids=patch["patchid"]),
    )  # fmt: skip
    now = next(one for one in devices(call.emulator.ground_truth())
               if one["deviceid"] == device["deviceid"])  # fmt: skip
    [row] = [row for row in now["patches"] if row["patchid"] == patch["patchid"]]
    assert (entry.fault, entry.vendor_status) == (kind, 200 if when == "after" else None)
    assert row["policy"] == (65 if when == "after" else patch["policy"])

    call.emulator.clear_calls()
    count = len(call.emulator.ground_truth(vendor="qualys")["jobs"])
    entry = shown(
        call, kind, {**options, "service": "create_job"},
        lambda: call.qualys("POST", "/pm/v1/deploymentjob", JOB),
    )  # fmt: skip
    assert (entry.fault, entry.vendor_status) == (kind, 201 if when == "after" else None)
    made = len(call.emulator.ground_truth(vendor="qualys")["jobs"]) - count
    assert made == (1 if when == "after" else 0)


@pytest.mark.parametrize(
    "status", [200, 204, 400, 401, 403, 404, 409, 429, 500, 502, 503, 504, 520]
)
@pytest.mark.parametrize("page", ["html", "json", "envelope", "xml", "empty"])
def test_any_status_with_any_page(call, status, page):
    call.emulator.fault("status", status=status, page=page, message="no & more", retry_after="7")
    response, body = call.qualys("GET", "/pm/v1/details")
    assert response.status == status
    assert response.headers["Retry-After"] == "7"
    assert (b"no & more" in body) == (page != "empty" and status != 204)
    [entry] = call.emulator.calls
    assert (entry.status, entry.vendor_status) == (status, 200)


def test_which_calls_a_fault_is_about(call):
    first, second = (job["id"] for job in call.jobs()[:2])
    fault = call.emulator.fault("status", about=second, after=1, times=None, status=500)
    path = "/pm/v1/deploymentjob/"
    told = [call.qualys("GET", path + one)[0].status for one in (first, second, second, second)]
    assert told == [200, 200, 500, 500]
    body = {"ids": [second]}
    assert call.qualys("POST", "/pm/v1/deploymentjobs/update/status/Enabled", body)[0].status == 500
    assert (fault.seen, fault.done) == (4, 3)
    call.emulator.clear_faults()
    call.emulator.fault("status", service=["list_c*", "get_version"], times=None)
    assert call.nsight("list_clients")[0].status == 503
    assert call.qualys("GET", "/pm/v1/details")[0].status == 503
    assert call.jobs()
    call.emulator.clear_faults()
    call.emulator.fault("status", path="*/deploymentjob/*", times=None)
    assert call.qualys("GET", path + first)[0].status == 503
    assert call.jobs()


@pytest.mark.parametrize("wrong", [{"service": 5}, {"service": [1]}, {"path": {}}])
def test_calls_that_cannot_be_meant(call, wrong):
    with pytest.raises(ValueError, match="must be a text or a list of texts"):
        call.emulator.fault("status", **wrong)


@pytest.mark.parametrize("kind", ["other_answer", "swapped"])
def test_the_answer_to_another_question_at_nsight(call, kind):
    right = {}
    for customer in call.emulator.ground_truth()["customers"]:
        number = customer["clientid"]
        right[number] = call.nsight("list_sites", clientid=number)[1]
    call.emulator.fault(kind, of="customer", times=None)
    told = {number: call.nsight("list_sites", clientid=number)[1] for number in right}
    first, second, third = right
    assert told[first] == right[second]
    if kind == "swapped":
        assert (told[second], told[third]) == (right[first], right[third])
    else:
        assert (told[second], told[third]) == (right[third], right[first])
    call.emulator.clear_faults()
    call.emulator.fault("other_answer", of="customer", instead=third)
    assert call.nsight("list_sites", clientid=first)[1] == right[third]


def test_the_answer_to_another_question_at_qualys(call):
    truth = call.emulator.ground_truth(vendor="qualys")
    job = next(job for job in truth["jobs"] if len(job["runs"]) > 1)
    results = f"/pm/v1/deploymentjob/{job['id']}/deploymentjobresult/summary"
    latest, before = (str(run["number"]) for run in reversed(job["runs"][-2:]))
    call.emulator.fault("other_answer", of="run")
    rows = json.loads(call.qualys("POST", results, {"jobInstanceId": int(latest)})[1])["assets"]
    assert {row["jobInstanceId"] for row in rows} == {before}
    call.emulator.fault("other_answer", of="job")
    other = json.loads(call.qualys("GET", f"/pm/v1/deploymentjob/{job['id']}")[1])
    assert other["id"] != job["id"]
    assert other["id"] in {one["id"] for one in truth["jobs"]}
    call.emulator.fault("other_answer", of="platform")
    assert {job["platform"] for job in call.jobs()} == {"Linux"}


def test_an_act_has_no_other_answer(call):
    fault = call.emulator.fault("other_answer", times=None)
    call.nsight("patch_approve", deviceid=1, patchids=1)
    call.qualys("POST", "/pm/v1/deploymentjob", JOB)
    assert (fault.seen, fault.done) == (0, 0)


def test_the_answer_before(call):
    clients = call.nsight("list_clients")[1]
    call.emulator.fault("answer_before", service="list_sites")
    number = call.emulator.ground_truth()["customers"][0]["clientid"]
    assert call.nsight("list_sites", clientid=number)[1] == clients
    assert call.nsight("list_sites", clientid=number)[1] != clients


@pytest.mark.parametrize("milliseconds", [0, 40])
@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("twice", ""),
        ("unasked", "answer"),
        ("unasked", "half"),
        ("unasked", "garbage"),
        ("unasked", "blank"),
    ],
)
def test_bytes_that_nobody_asked_for(call, kind, form, milliseconds):
    right = call.raw(1)
    call.emulator.fault(kind, milliseconds=milliseconds, **({"form": form} if form else {}))
    told = call.raw(1)
    assert told.startswith(right)
    extra = told[len(right) :]
    assert (extra == right) if kind == "twice" else extra
    assert len(call.emulator.calls) == 2


@pytest.mark.parametrize(
    ("kind", "mark"),
    [("drip", b"X-Padding: xxx"), ("interim", b"HTTP/1.1 103"), ("endless", b"xxxx")],
)
def test_what_never_ends_and_what_ends(call, kind, mark):
    pause = {"pause_seconds": 0.02} if kind != "endless" else {}
    call.emulator.fault(kind, **pause)
    query = urlencode({"apikey": call.host.api_key, "service": "list_clients"})
    with socket.create_connection(("127.0.0.1", call.host.port), timeout=10) as line:
        line.sendall(f"GET /api/?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while len(received) < 300:
            received += line.recv(65536)
    assert mark in received
    assert b"<result" not in received
    if kind != "endless":
        call.emulator.fault(kind, count=4, pause_seconds=0)
        told = call.raw(1)
        assert told.count(mark) == (4 if kind == "interim" else 1)
        assert told.endswith(b"</result>")


@pytest.mark.parametrize("what", ["headers", "chunks", "body"])
def test_endless_forms_are_what_they_say(call, what):
    call.emulator.fault("endless", what=what)
    assert (b"X-Padding" in call.raw(1)) == (what == "headers")


FORMS = [(kind, word) for kind in ("head", "lengths", "chunks", "coded")
         for word in HOSTILE_FAULTS[kind].options["form"].words if "bomb" not in word]  # fmt: skip


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_lengths_chunks_and_codings(call, kind, form):
    right = call.raw(1)
    call.emulator.fault(kind, form=form)
    assert call.raw(1) != right
    assert call.emulator.calls[-1].fault == kind


@pytest.mark.parametrize(("vendor", "levels"), list(product(["nsight", "qualys"], [1, 5, 300_000])))
def test_deep_bodies(call, vendor, levels):
    call.emulator.fault("deep", levels=levels)
    body = (call.nsight("list_clients") if vendor == "nsight"
            else call.qualys("GET", "/pm/v1/details"))[1]  # fmt: skip
    assert body.count(b"<x>" if vendor == "nsight" else b"[") == levels


def rows(call, **more):
    device = next(one for one in devices(call.emulator.ground_truth()) if len(one["patches"]) > 3)
    return call.tree("patch_list_all", deviceid=device["deviceid"], **more)


def test_lists_of_nsight_that_are_not_what_they_seem(call):
    whole = [row.findtext("patchid") for row in rows(call)]
    call.emulator.fault("records_missing", records=2)
    assert [row.findtext("patchid") for row in rows(call)] == whole[:-2]
    call.emulator.fault("records_missing", of=whole[1])
    assert [row.findtext("patchid") for row in rows(call)] == [whole[0], *whole[2:]]
    call.emulator.fault("no_records")
    assert len(rows(call)) == 0
    call.emulator.fault("sentence")
    assert [(one.tag, one.text) for one in rows(call)] == [
        ("msg", "Patch Management is not active on this device")
    ]
    call.emulator.fault("sentence", element="", words="none")
    assert (rows(call).text, len(rows(call))) == ("none", len(whole))
    call.emulator.fault("other_element", name="entry")
    assert {row.tag for row in rows(call)} == {"entry"}
    call.emulator.fault("wrapped", name="items")
    assert len(rows(call).find("items")) == len(whole)
    call.emulator.fault("second_list")
    root = call.tree("list_clients")
    assert len(root.findall("items")) == 2
    assert len(list(root.iter("client"))) == 3
    call.emulator.fault("field_twice", field="status")
    statuses = [one.text for one in rows(call)[0].findall("status")]
    assert len(set(statuses)) == len(statuses) == 2
    call.emulator.fault("null_elements")
    assert len(rows(call)[0]) == 0
    call.emulator.fault("other_ids")
    assert not {row.findtext("patchid") for row in rows(call)} & set(whole)


def test_lists_of_qualys_that_are_not_what_they_seem(call):
    whole = [job["id"] for job in call.jobs()]
    for kind, options, expected in (
        ("records_missing", {"records": 1}, whole[:-1]),
        ("records_missing", {"records": 1, "place": "first"}, whole[1:]),
        ("records_missing", {"of": whole[1]}, [whole[0], *whole[2:]]),
        ("no_records", {}, []),
    ):
        call.emulator.fault(kind, **options)
        assert [job["id"] for job in call.jobs()] == expected
    call.emulator.fault("sentence", words="none", element="")
    assert call.jobs() == ["none"]
    call.emulator.fault("wrapped", name="data")
    assert len(call.jobs()["data"]) == len(whole)
    call.emulator.fault("other_element", name="job")
    assert [one["job"]["id"] for one in call.jobs()] == whole
    call.emulator.fault("second_list")
    assert isinstance(call.jobs()[-1], list)
    call.emulator.fault("null_elements", in_records=True)
    told = call.jobs()
    assert told[-1] is None
    assert told[0]["tags"][-1:] in ([], [None])
    call.emulator.fault("field_twice", field="status")
    raw = call.qualys("GET", "/pm/v1/deploymentjobs", platform="Windows")[1].decode()
    assert raw.split('"platform"')[0].count('"status":') == 2
    call.emulator.fault("other_ids")
    assert not {job["id"] for job in call.jobs()} & set(whole)
    call.emulator.fault("own_body", body=[{"id": 1}], status=202)
    assert call.jobs() == [{"id": 1}]


def test_an_empty_page_after_more_follow(call):
    """The sign that more follow is unchanged, whether it is a flag or a cursor."""
    call.emulator.fault("no_records", times=None)
    page = json.loads(call.qualys("POST", "/am/v1/assets/host/list", pageSize=3)[1])
    assert (page["hasMore"], page["assetListData"]["asset"]) == (1, [])
    response, body = call.qualys("POST", "/pm/v2/patches", {}, pageSize=3)
    assert (json.loads(body), bool(response.headers["searchAfter"])) == ([], True)


def test_a_device_that_is_in_no_list_and_no_count(call):
    truth = call.emulator.ground_truth()
    gone = next(devices(truth))["deviceid"]

    def counted():
        root = call.tree("list_clients")
        return sum(int(one.text) for kind in ("server", "workstation")
                   for one in root.iter(f"{kind}_count"))  # fmt: skip

    def listed():
        return {
            one.text
            for customer in truth["customers"] for kind in ("server", "workstation")
            for device in call.tree(
                "list_devices_at_client", clientid=customer["clientid"], devicetype=kind
            ).iter(kind) for one in device.findall("id")
        }  # fmt: skip

    count, before = counted(), listed()
    call.emulator.fault("device_missing", identity=str(gone), times=None)
    assert counted() == count - 1
    assert listed() == before - {str(gone)}
    assert call.tree("patch_list_all", deviceid=gone).get("status") == "FAIL"
    assert call.emulator.ground_truth() == truth, "it is there all the same"
    asset = call.emulator.ground_truth(vendor="qualys")["assets"][0]
    call.emulator.clear_faults()
    call.emulator.fault("device_missing", identity=asset["uuid"], times=None)
    path = "/pm/v1/assets"
    told = json.loads(call.qualys("POST", path, {}, platform=asset["platform"], pageSize=400)[1])
    assert told
    assert asset["uuid"] not in {one["id"] for one in told}


@pytest.mark.parametrize("value", [0, -1, 1_763_000_000, "Not Announced", None, [], {"x": 1}])
def test_values_that_cannot_be(call, value):
    call.emulator.fault("odd_dates", value=value, service="get_assets_v1")
    for asset in json.loads(call.qualys("GET", "/pm/v1/assets", platform="Windows")[1]):
        assert asset["statusDateTime"] == value == asset["scanDateTime"]
    for kind, field in (("odd_kb", "kb"), ("odd_cve", "cve")):
        call.emulator.fault(kind, value=value)
        listed = json.loads(call.qualys("GET", "/pm/v1/patches", platform="Windows")[1])
        assert all(one[field] == value for one in listed)
    call.emulator.fault("odd_value", field="tags", value=value)
    assert all(job["tags"] == value for job in call.jobs())


def test_values_of_nsight(call):
    customer, site = call.emulator.ground_truth()["customers"][0], None
    call.emulator.fault("patch_flag_off", times=None)
    for kind in ("server", "workstation"):
        root = call.tree("list_devices_at_client", clientid=customer["clientid"], devicetype=kind)
        assert {one.text for one in root.iter("patch")} <= {"0"}
    call.emulator.clear_faults()
    call.emulator.fault("future_created", hours=24 * 365)
    assert call.tree("list_clients").get("created").startswith("2027-11-13")
    site = customer["sites"][0]["siteid"]
    call.emulator.fault("clock_ahead", hours=2, times=None)
    told = [one.text for kind in ("servers", "workstations")
            for one in call.tree(f"list_{kind}", siteid=site).iter("utc_time_247")]  # fmt: skip
    assert set(told) == {"2026-11-13 09:00:00"}
    call.emulator.clear_faults()
    call.emulator.fault("odd_dates", value=0)
    assert {row.findtext("releaseDate") for row in rows(call)} == {"0"}


TEXTS = VALUE_FAULTS["bad_text"].options["form"].words


@pytest.mark.parametrize(("vendor", "form"), list(product(["nsight", "qualys"], TEXTS)))
def test_text_that_is_damaged(call, vendor, form):
    def body():
        return (call.nsight("list_clients") if vendor == "nsight" else
                call.qualys("GET", "/pm/v1/patches", platform="Windows"))[1]  # fmt: skip

    right = body()
    call.emulator.fault("bad_text", form=form)
    told = body()
    assert len(told) > len(right)
    call.emulator.fault("bad_text", form=form, everywhere=True)
    assert len(body()) >= len(told)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_cursor_outside_ascii_leads_on(call, encoding):
    call.emulator.fault("odd_cursor", encoding=encoding, times=None)
    found, cursor = [], None
    while True:
        headers = {"Authorization": f"Bearer {call.token}"}
        if cursor is not None:
            headers["searchAfter"] = cursor.encode("latin-1")
        response, body = call("POST", "/pm/v2/patches?platform=Linux&pageSize=50", "{}", headers)
        found += [one["id"] for one in json.loads(body)]
        cursor = response.headers["searchAfter"]
        if cursor is None:
            break
        assert "Café".encode(encoding) in cursor.encode("latin-1")
    true = [one["uuid"] for one in call.emulator.ground_truth(vendor="qualys")["patches"]
            if one["platform"] == "Linux"]  # fmt: skip
    assert sorted(found) == sorted(true)


def test_every_hostile_kind_is_described():
    assert set(ANSWER_FAULTS) | set(VALUE_FAULTS) < set(HOSTILE_FAULTS) < set(FAULTS)
    for kind in HOSTILE_FAULTS.values():
        told = kind.as_dict()
        assert "\n" not in told["description"]
        assert set(told["defaults"]) | {"when"} == set(told["options"])
        assert kind.completed({}) == kind.completed(told["defaults"])
