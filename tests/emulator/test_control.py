"""The control API over HTTP, and its refusals."""

import http.client
import json

import pytest

from patchfleet.emulator import FAULTS
from patchfleet.emulator.control import ROUTES

from .nsight_calls import ask


def control(host, method, name, words=None, *, status=200):
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    body = words if isinstance(words, bytes) else json.dumps(words) if words is not None else None
    connection.request(method, f"/_control/{name}", body=body)
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "application/json"
    value = json.loads(response.read())
    connection.close()
    assert response.status == status, value
    return value


def test_the_clock_moves_when_told(host):
    assert control(host, "GET", "clock") == {"now": "2026-11-13T07:00:00+00:00"}
    assert control(host, "POST", "advance", {"days": 2, "hours": 1}) == {
        "now": "2026-11-15T08:00:00+00:00"
    }
    control(host, "POST", "advance", {"to": "2026-11-20T08:00:00+01:00"})
    assert control(host, "GET", "clock") == {"now": "2026-11-20T07:00:00+00:00"}


@pytest.mark.parametrize(
    "words",
    [{"days": -1}, {"days": "two"}, {"months": 1}, {"to": "yesterday"}, {"to": "2026-11-20"},
     {"to": "2020-01-01T00:00:00Z"}, {"to": 5}, {"to": "2027-01-01T00:00:00Z", "days": 1},
     {"days": 1e300}, [1], b"{", b"\xff"],
)  # fmt: skip
def test_a_step_that_makes_no_sense_changes_nothing(host, words):
    before = host.emulator.ground_truth()
    assert control(host, "POST", "advance", words, status=400)["error"]
    assert host.emulator.ground_truth() == before


def test_reset_begins_anew_and_keeps_the_settings(host):
    first = host.emulator.ground_truth()
    host.emulator.fault("empty", times=None)
    host.emulator.advance(days=3)
    ask(host.emulator, "nothing")
    answer = control(host, "POST", "reset")
    assert answer == {"now": "2026-11-13T07:00:00+00:00", "api_key": host.api_key}
    assert host.emulator.ground_truth() == first
    assert host.emulator.calls == [] == host.emulator.faults


def test_reset_takes_new_settings(host):
    answer = control(
        host, "POST", "reset", {"seed": 9, "devices": 3, "start": "2026-01-01T00:00:00Z"}
    )
    assert answer["now"] == "2026-01-01T00:00:00+00:00"
    assert answer["api_key"] == host.api_key
    assert host.emulator.settings.devices == 3
    assert host.emulator.settings.patches == 30


@pytest.mark.parametrize(
    "words", [{"devices": -1}, {"colour": 1}, {"start": "soon"}, {"devices": "many"}]
)
def test_a_bad_reset_keeps_the_old_world(host, words):
    before = host.emulator.ground_truth()
    assert control(host, "POST", "reset", words, status=400)["error"]
    assert host.emulator.ground_truth() == before


def test_faults_are_set_listed_and_taken_back(host):
    made = control(
        host, "POST", "faults", {"kind": "slow", "seconds": 0, "service": "list_clients"}
    )
    assert made["options"] == {"seconds": 0, "when": "after"}
    listed = control(host, "GET", "faults")
    assert listed["faults"] == [made]
    assert listed["kinds"].keys() == FAULTS.keys()
    assert control(host, "DELETE", "faults") == {"cleared": 1}
    assert control(host, "GET", "faults")["faults"] == []


@pytest.mark.parametrize(
    "words", [{}, {"kind": "x"}, {"kind": 3}, {"kind": "slow", "seconds": "x"}]
)
def test_a_bad_fault_is_refused(host, words):
    assert control(host, "POST", "faults", words, status=400)["error"]
    assert control(host, "GET", "faults")["faults"] == []


def test_the_log_of_calls_never_holds_the_key(host):
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    for service in ("list_clients", "patch_list_all"):
        connection.request(
            "GET", f"/api/?apikey={host.api_key}&service={service}", headers={"User-Agent": "tests"}
        )
        connection.getresponse().read()
    connection.close()
    told = control(host, "GET", "calls")
    assert host.api_key not in json.dumps(told)
    assert told["calls"][0] == {
        "n": 1, "at": "2026-11-13T07:00:00+00:00", "service": "list_clients", "path": "/api/",
        "params": {"service": "list_clients"}, "status": 200, "vendor_status": 200, "fault": None,
        "user_agent": "tests", "vendor": "nsight", "method": "GET", "body": None,
    }  # fmt: skip
    assert [call["n"] for call in control(host, "GET", "calls?since=1")["calls"]] == [2]
    assert control(host, "DELETE", "calls") == {"cleared": 2}
    assert control(host, "GET", "calls") == {"calls": []}


def test_the_truth_of_all_and_of_one(host, device):
    assert control(host, "GET", "ground_truth") == host.emulator.ground_truth()
    one = control(host, "GET", f"ground_truth?device={device['deviceid']}")
    [customer] = one["customers"]
    assert customer["sites"][0]["devices"] == [device]
    assert "no device 5" in control(host, "GET", "ground_truth?device=5", status=400)["error"]


def test_a_person_can_install_and_restart(host, device):
    deviceid = device["deviceid"]
    act = {"device": deviceid, "act": "install"}
    patchids = ",".join(str(row["patchid"]) for row in device["patches"])
    ask(host.emulator, "patch_approve", deviceid=deviceid, patchids=patchids)
    [customer] = control(host, "POST", "manual_action", act)["customers"]
    statuses = {row["status"] for row in customer["sites"][0]["devices"][0]["patches"]}
    assert 4 in statuses
    [customer] = control(host, "POST", "manual_action", {**act, "act": "restart"})["customers"]
    assert customer["sites"][0]["devices"][0]["restarted_at"] == "2026-11-13T07:00:00+00:00"
    for wrong in ({**act, "act": "dance"}, {**act, "device": 5}, {"act": "install"}):
        assert control(host, "POST", "manual_action", wrong, status=400)["error"]


def test_what_is_not_there(host):
    assert "there are: advance" in control(host, "GET", "nothing", status=404)["error"]
    assert control(host, "GET", "", status=404)
    assert "knows POST" in control(host, "GET", "reset", status=405)["error"]


def test_control_calls_are_no_vendor_calls_and_meet_no_faults(host):
    host.emulator.fault("reset", times=None)
    for name, method in ROUTES:
        if method == "GET":
            control(host, "GET", name)
    assert host.emulator.calls == []
