"""Every fault of the documentation's table of observed ones, over real HTTP.

Each row of the table in `docs/emulator.md` is set by the control API as written there, and changes
the answer to its call.
"""

import http.client
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from patchfleet.emulator import Emulator

PAGE = Path(__file__).parents[2] / "docs" / "emulator.md"
ROW = re.compile(r'^\| .* \| `(\{"kind": .*\})` \|$', re.MULTILINE)
ROWS = [json.loads(row) for row in ROW.findall(PAGE.read_text(encoding="utf-8"))]
JOB = {"name": "Of a test", "platform": "Windows", "type": "Install", "scheduleType": "On-demand"}


@pytest.fixture
def host():
    with Emulator(customers=3, devices=18, patches=10).running() as host:
        yield host


def calls(host):
    """Return method, path, query and body of a call of each service that the table names."""
    emulator = host.emulator
    truth = emulator.ground_truth(vendor="qualys")
    job = next(
        one for one in truth["jobs"] if len(one["runs"]) > 1 and one["platform"] == "Windows"
    )
    client = str(emulator.ground_truth()["customers"][0]["clientid"])
    for service, more in {
        "list_clients": {}, "list_sites": {"clientid": client},
        "patch_list_all": {"deviceid": "100097"},
        "list_devices_at_client": {"clientid": client, "devicetype": "server"},
        "patch_ignore": {"deviceid": "100097", "patchids": "1"},
    }.items():  # fmt: skip
        yield service, ("GET", "/api/", {"apikey": host.api_key, "service": service, **more}, None)
    one = f"/pm/v1/deploymentjob/{job['id']}"
    draft = next(one for one in truth["jobs"] if one["status"] == "Disabled")
    yield "create_job", ("POST", "/pm/v1/deploymentjob", {}, JOB)
    yield "get_job", ("GET", one, {}, None)
    yield "get_job_runs", ("GET", f"{one}/runs", {}, None)
    yield "get_job_results", ("POST", f"{one}/deploymentjobresult/summary", {},
                              {"jobInstanceId": job["runs"][-1]["number"]})  # fmt: skip
    yield "list_jobs", ("GET", "/pm/v1/deploymentjobs", {"platform": "Windows"}, None)
    yield (
        "update_job",
        (
            "PATCH",
            f"/pm/v1/deploymentjob/update/{draft['id']}",
            {},
            {"description": "x"},
        ),  # fmt: skip,
    )
    yield "change_job_status", ("POST", "/pm/v1/deploymentjobs/update/status/Enabled", {},
                                {"ids": [draft["id"]]})  # fmt: skip
    yield "query_assets", ("POST", "/am/v1/assets/host/filter/list",
                           {"filter": "asset.name:*"}, None)  # fmt: skip
    yield "get_assets", ("POST", "/pm/v1/assets", {"platform": "Windows"}, {})


ENDLESS = {"hang", "drip", "interim", "trickle", "endless"}
"""Kinds that end only by a time-out: short for them, long for all others on a busy machine."""


def ask(host, call, token, kind=""):
    """Return what is received: status, headers and body, trailing bytes, or the error."""
    method, path, query, body = call
    patience = 0.4 if kind in ENDLESS else 60
    line = http.client.HTTPConnection("127.0.0.1", host.port, timeout=patience)
    try:
        line.request(method, f"{path}?{urlencode(query)}",
                     None if body is None else json.dumps(body),
                     {"Authorization": f"Bearer {token}"})  # fmt: skip
        plug = line.sock
        response = line.getresponse()
        got = response.status, response.getheaders(), response.read(1 << 20)
        return (*got, plug.recv(1 << 16)) if kind == "twice" else got
    except (http.client.HTTPException, OSError) as problem:
        return type(problem).__name__
    finally:
        line.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['kind']}-{row['service']}")
def test_what_was_seen_on_the_wire_can_be_shown(host, row):
    account = host.emulator.qualys
    form = {"username": account.username, "password": account.password}
    answer = host.emulator.handle(
        "POST", "/auth", (), [("Content-Type", "application/x-www-form-urlencoded")],
        urlencode(form).encode(),
    )  # fmt: skip
    token = answer.body.decode()
    known = dict(calls(host))
    call = known[row["service"]]
    right = ask(host, call, token)
    assert right[0] in (200, 201), right
    if call[0] == "GET":
        assert ask(host, call, token) == right
    line = http.client.HTTPConnection("127.0.0.1", host.port, timeout=60)
    line.request("POST", "/_control/faults", json.dumps(row))
    assert line.getresponse().status == 200
    line.close()
    host.emulator.clear_calls()
    for _ in range(row.get("after", 0)):
        ask(host, call, token)
    met = ask(host, call, token, row["kind"])
    assert host.emulator.calls[-1].fault == row["kind"]
    assert host.emulator.calls[-1].service == row["service"]
    assert met != right


def test_the_table_is_there():
    assert len(ROWS) >= 39
