"""The emulator satisfies a client nobody here wrote: the existing wrapper's own code, over HTTP.

The wrapper needs Python 3.12 and has an environment of its own, made by `script/environment`.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from environments import python_of
from patchfleet.emulator import Emulator

HOME = Path(__file__).parent.parent
SCRIPT = HOME / "tests" / "peer" / "six_calls.py"
EXPLICIT = {"approve": "66", "ignore": "65", "do_nothing": "68"}

pytestmark = [pytest.mark.slow, pytest.mark.full(group="environments")]


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """A world in which every device has patch rows."""
    return Emulator(customers=3, devices=9, patches=60, seed=11, exact_patches=True)


@pytest.fixture(scope="module")
def before(emulator: Emulator) -> dict[str, dict[str, Any]]:
    """The true devices before the wrapper came, by id."""
    return devices(emulator)


@pytest.fixture(scope="module")
def wanted(before: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What the wrapper is to do: on each device, some patches for each of its writes."""
    tasks = []
    for number, device in list(before.items())[:4]:
        rows = device["patches"]
        failed = [row["patchid"] for row in rows if row["status"] == 16]
        others = [row["patchid"] for row in rows if row["status"] != 16]
        patchids = {
            "approve": others[0:3],
            "ignore": others[3:6],
            "do_nothing": others[6:9],
            "reprocess": failed[:1] + others[9:10],
            "retry": failed[1:2] + others[10:11],
        }
        tasks.append({"deviceid": int(number), "patchids": patchids})
    return tasks


@pytest.fixture(scope="module")
def told(emulator: Emulator, wanted: list[dict[str, Any]]) -> dict[str, Any]:
    """What the wrapper says of the world it saw."""
    python = python_of("peer")
    with emulator.running() as host:
        done = subprocess.run(
            [python, SCRIPT, host.url, host.api_key],
            input=json.dumps(wanted),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def devices(emulator: Emulator) -> dict[str, dict[str, Any]]:
    """Return the true devices by id, with where they stand."""
    return {
        str(device["deviceid"]): device
        | {"clientid": str(customer["clientid"])}
        | {"siteid": str(site["siteid"])}
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
    }


def patches(answer: Any) -> dict[str, Any]:
    """Return the wrapper's patches by id; it wraps them once more than its documentation says."""
    inner = answer[0]["patch"]
    rows = inner if isinstance(inner, list) else [inner]
    return {row["patchid"]: row for row in rows}


def several(answer: Any) -> list[dict[str, Any]]:
    """Return a list whatever the wrapper makes of none, one and many."""
    if answer is None:
        return []
    return answer if isinstance(answer, list) else [answer]


def test_it_finds_every_customer_and_site(told: dict[str, Any], emulator: Emulator) -> None:
    truth = emulator.ground_truth()["customers"]
    assert {(c["clientid"], c["name"]) for c in told["clients"]} == {
        (str(c["clientid"]), c["name"]) for c in truth
    }
    assert {
        (client, site["siteid"], site["name"])
        for client, sites in told["sites"].items()
        for site in sites
    } == {(str(c["clientid"]), str(s["siteid"]), s["name"]) for c in truth for s in c["sites"]}


def test_it_finds_every_device_both_ways(
    told: dict[str, Any], before: dict[str, dict[str, Any]]
) -> None:
    in_full = {
        (site, device.get("serverid") or device["workstationid"], device["name"])
        for site, kinds in told["at"].items()
        for kind in kinds
        for device in several(kind)
    }
    assert in_full == {(d["siteid"], number, d["name"]) for number, d in before.items()}
    in_short = set()
    for client, kinds in told["listed"].items():
        for kind, answer in kinds.items():
            if answer.get("error"):
                assert f"has no {kind} devices" in answer["words"]
                continue
            for site in answer["site"]:
                for device in several(site[kind]):
                    in_short.add((client, site["id"], device["id"]))
    assert in_short == {(d["clientid"], d["siteid"], number) for number, d in before.items()}


def test_it_reads_details_checks_and_assets(
    told: dict[str, Any], before: dict[str, dict[str, Any]]
) -> None:
    assert told["devices"]
    for number, seen in told["devices"].items():
        assert seen["details"]["id"] == number
        assert seen["details"]["name"] == before[number]["name"]
        assert len(several(seen["checks"])) == len(seen["details"]["checks"]["check"])
        assert seen["asset"]["serialnumber"] == before[number]["serial"]


def test_it_lists_the_true_patches(told: dict[str, Any], before: dict[str, dict[str, Any]]) -> None:
    for number, seen in told["devices"].items():
        listed = patches(seen["before"])
        assert {
            patchid: (row["patchTitle"].strip(), row["policy"], row["status"])
            for patchid, row in listed.items()
        } == {
            str(row["patchid"]): (row["title"], str(row["policy"]), str(row["status"]))
            for row in before[number]["patches"]
        }


def test_its_changes_take_effect(
    told: dict[str, Any], emulator: Emulator, wanted: list[dict[str, Any]]
) -> None:
    after = devices(emulator)
    for task in wanted:
        number = str(task["deviceid"])
        seen = patches(told["devices"][number]["after"])
        truth = {str(row["patchid"]): row for row in after[number]["patches"]}
        for action, policy in EXPLICIT.items():
            for patchid in map(str, task["patchids"][action]):
                assert seen[patchid]["policy"] == str(truth[patchid]["policy"]) == policy
            answered = told["devices"][number][action]
            assert answered["@status"] == "OK"


def test_its_retries_say_what_was_done(
    told: dict[str, Any], before: dict[str, dict[str, Any]], wanted: list[dict[str, Any]]
) -> None:
    verbs = {"retry": "Retrying patches: ", "reprocess": "Reprocessing patches: "}
    retried = 0
    for task in wanted:
        number = str(task["deviceid"])
        status = {row["patchid"]: row["status"] for row in before[number]["patches"]}
        for action, verb in verbs.items():
            chosen = task["patchids"][action]
            failed = [str(patchid) for patchid in chosen if status[patchid] == 16]
            others = [str(patchid) for patchid in chosen if status[patchid] != 16]
            clauses = [verb + ",".join(failed)] if failed else []
            clauses += ["Patches already applied: " + ",".join(others)] if others else []
            answer = told["devices"][number][action]
            assert (answer["msg"] if isinstance(answer, dict) else answer) == " ".join(clauses)
            retried += len(failed)
    assert retried, "the world has failed patches to retry"


def test_its_manual_and_its_errors(told: dict[str, Any]) -> None:
    for seen in told["devices"].values():
        assert seen["describe"]["service"]["name"] == "patch_list_all"
    assert told["unknown device"] == {
        "error": "ValueError",
        "words": "Invalid value for parameter: deviceid",
    }
    assert told["wrong key"]["error"] == "ValueError"
    assert "Login failed" in told["wrong key"]["words"]
