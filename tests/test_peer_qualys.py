"""The emulator satisfies a Qualys client nobody here wrote: the existing SDK's code, over TLS.

The SDK needs Python 3.12 and has an environment of its own, made by `script/environment`. Where it
tells less than the emulator sent, the test says what it loses and why: it is a witness there too.
"""

import json
import os
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from environments import python_of
from patchfleet.emulator import Emulator

HOME = Path(__file__).parent.parent
SCRIPT = HOME / "tests" / "peer" / "qualys_calls.py"
PAGE = 10
"""How many assets of a job it can see: the size of a page that nobody asked to be larger."""

pytestmark = [pytest.mark.slow, pytest.mark.full(group="environments")]


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """A world in which some jobs have more assets than stand on one page."""
    return Emulator(seed=11)


@pytest.fixture(scope="module")
def before(emulator: Emulator) -> dict[str, Any]:
    """The truth before the SDK came."""
    return emulator.ground_truth(vendor="qualys")


@pytest.fixture(scope="module")
def ran(before: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The jobs that ran, by id."""
    return {job["id"]: job for job in before["jobs"] if job["runs"]}


@pytest.fixture(scope="module")
def new_job(before: dict[str, Any]) -> dict[str, Any]:
    """What the SDK is to create: the second patch for the first two assets, after Patch Tuesday."""
    assets = [asset for asset in before["assets"] if asset["platform"] == "Windows"]
    patches = [patch for patch in before["patches"] if patch["platform"] == "Windows"]
    return {
        "platform": "windows",
        "name": "made by the existing SDK",
        "jobType": "install",
        "scheduleType": "monthly",
        "assetIds": [asset["uuid"] for asset in assets[:2]],
        "approvedPatches": [patches[1]["uuid"]],
        "startDateTime": "2026-12-01 10:00:00 PM",
        "recurring": True,
        "monthlyRecurringType": 1,
        "patchTuesdayPlusXDays": 3,
        "timezoneType": "specific_tz",
        "timezone": "Europe/Vienna",
        "timeout": 4,
        "timeoutUnit": "hours",
    }


@pytest.fixture(scope="module")
def told(
    emulator: Emulator,
    before: dict[str, Any],
    ran: dict[str, dict[str, Any]],
    new_job: dict[str, Any],
) -> dict[str, Any]:
    """What the SDK says of the world it saw."""
    python = python_of("qualysdk")
    wanted = {
        "jobs that ran": list(ran),
        "catalogue": ids_of(before, "Windows"),
        "catalogue, Linux": ids_of(before, "Linux"),
        "new job": new_job,
        "job of no zone": new_job | {"timezone": None},
        "inventory": {
            "filter": "sensors.activatedForModules:`VM`",
            "includeFields": "assetName,agentId,tagList",
            "pageSize": 20,
        },
    }
    with emulator.running(https=True) as host:
        assert host.ca_file
        done = subprocess.run(
            [python, SCRIPT, host.url, emulator.qualys.username, emulator.qualys.password],
            input=json.dumps(wanted),
            env=os.environ | {"REQUESTS_CA_BUNDLE": host.ca_file},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def ids_of(truth: dict[str, Any], platform: str) -> list[str]:
    """Return the ids of the patches of a platform."""
    return [patch["uuid"] for patch in truth["patches"] if patch["platform"] == platform]


def milliseconds(text: str) -> int:
    """Return a time of the truth as the SDK's are told."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return rows by their id; none stands there twice."""
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_it_finds_every_job(told: dict[str, Any], before: dict[str, Any]) -> None:
    names = (
        "name",
        "platform",
        "status",
        "type",
        "scheduleType",
        "timezone",
        "isDynamicPatchesQQL",
    )
    seen = by_id(told["jobs"])
    truth = by_id(before["jobs"])
    assert {
        number: [*(job[name] for name in names), job["created_date"]]
        for number, job in seen.items()
    } == {
        number: [*(job[name] for name in names), milliseconds(job["created_at"])]
        for number, job in truth.items()
    }


def test_it_finds_every_run(told: dict[str, Any], ran: dict[str, dict[str, Any]]) -> None:
    assert {(run["jobId"], run["jobInstanceId"]) for run in told["runs"]} == {
        (job_id, run["number"]) for job_id, job in ran.items() for run in job["runs"]
    }


@pytest.mark.parametrize("asked", ["results", "results, 100 a page"])
def test_of_a_result_it_sees_the_first_ten_assets(
    told: dict[str, Any], ran: dict[str, dict[str, Any]], asked: str
) -> None:
    """It does not send `pageSize`, and never asks for a second page."""
    seen = by_id(told[asked])
    assert set(seen) == set(ran)
    cut = 0
    for job_id, result in seen.items():
        rows = {row["asset"]["id"]: row for row in ran[job_id]["runs"][-1]["results"]}
        assert result["assetCount"] == len(rows)
        assets = by_id(result["assets"])
        assert len(assets) == min(PAGE, len(rows))
        cut += len(rows) - len(assets)
        for asset_id, asset in assets.items():
            check_result(asset, rows[asset_id])
    assert cut, "the world has results of more than one page"


def check_result(seen: dict[str, Any], truth: dict[str, Any]) -> None:
    """Compare what it says of an asset in a job with the truth."""
    assert seen["name"] == truth["asset"]["name"]
    assert [tag["name"] for tag in seen["tags"]] == [tag["name"] for tag in truth["asset"]["tags"]]
    for field in ("status", "statusCode", "totalPatchCount", "jobInstanceId", "runId"):
        assert seen[field] == truth[field]
    for bucket in ("success", "installed", "failed", "superseded", "notApplicable"):
        assert seen[bucket] == truth[bucket]
    for moment in ("jobSentOn", "startDateTime", "endDateTime", "statusDateTime"):
        assert seen[moment] == truth[moment]


def test_its_job_is_created(
    told: dict[str, Any], emulator: Emulator, new_job: dict[str, Any]
) -> None:
    made = by_id(emulator.ground_truth(vendor="qualys")["jobs"])[told["created"]]
    spelled = {
        "platform": "Windows",
        "type": "Install",
        "scheduleType": "Monthly",
        "monthlyRecurringType": "1",
        "patchTuesdayPlusXDays": "3",
        "timezoneType": "SPECIFIC_TZ",
        "timeoutUnit": "HOURS",
        "status": "Disabled",
    }
    same = {name: value for name, value in new_job.items() if name != "jobType"} | spelled
    assert {name: made[name] for name in same} == same
    assert told["refused"]["error"] == "QualysAPIError"
    assert "timezone" in told["refused"]["words"]


def missing(asset: dict[str, Any]) -> list[str]:
    """Return the patches an asset lacks; one that waits for a restart is not there yet."""
    lacking: list[str] = asset["missing"] + asset["reboot_pending"]
    return lacking


def test_it_lists_the_true_patches(told: dict[str, Any], before: dict[str, Any]) -> None:
    """On Windows it asks only for what is missing or installed and not superseded."""
    on_assets = {uuid for asset in before["assets"] for uuid in missing(asset) + asset["installed"]}
    wanted = {
        patch["uuid"]: (patch["title"], patch["platform"], patch["severity"], patch["kb"])
        for patch in before["patches"]
        if patch["platform"] == "Linux"
        or (patch["uuid"] in on_assets and not patch["superseded_by"])
    }
    assert {
        number: (patch["title"], patch["platform"], patch["vendorSeverity"], patch["kb"])
        for number, patch in by_id(told["patches"]).items()
    } == wanted


@pytest.mark.parametrize(
    ("asked", "platform"), [("catalogue", "Windows"), ("catalogue, Linux", "Linux")]
)
def test_it_reads_the_whole_catalogue(
    told: dict[str, Any], before: dict[str, Any], asked: str, platform: str
) -> None:
    """It dies of any field it does not know, so the catalogue has those it knows and no others."""
    assert {
        number: (patch["title"], patch["platform"], patch["vendorSeverity"], patch["kb"])
        for number, patch in by_id(told[asked]).items()
    } == {
        patch["uuid"]: (patch["title"], patch["platform"], patch["severity"], patch["kb"])
        for patch in before["patches"]
        if patch["platform"] == platform
    }


def test_of_assets_with_a_field_it_does_not_know_it_tells_nothing(told: dict[str, Any]) -> None:
    """Its threads die of what release 3.9 added, and it returns an empty list all the same."""
    assert told["assets"] == []
    words = "Asset.__init__() got an unexpected keyword argument "
    assert told["threads died of"]
    assert all(word.startswith(words) for word in told["threads died of"])


def test_of_assets_in_short_it_tells_the_truth(
    told: dict[str, Any], before: dict[str, Any]
) -> None:
    assert {
        number: (asset["name"], asset["platform"], asset["missingPatchCount"])
        for number, asset in by_id(told["assets in short"]).items()
    } == {
        asset["uuid"]: (asset["name"], asset["platform"], len(missing(asset)))
        for asset in before["assets"]
    }


def test_it_reads_the_inventory_page_by_page(told: dict[str, Any], before: dict[str, Any]) -> None:
    agents = {host["agentId"]: host for host in told["inventory"] if host["agentId"]}
    names = {tag["id"]: tag["name"] for tag in before["tags"]}
    assert {
        uuid: (host["assetId"], host["assetName"], sorted(host["tagList"]))
        for uuid, host in agents.items()
    } == {
        asset["uuid"]: (
            asset["asset_id"],
            asset["name"],
            sorted(names[number] for number in asset["tags"]),
        )
        for asset in before["assets"]
    }
    others = [host["assetName"] for host in told["inventory"] if not host["agentId"]]
    assert sorted(others) == sorted(before["agentless"])


def test_it_is_told_that_its_password_is_wrong(told: dict[str, Any]) -> None:
    assert told["wrong password"]["error"] == "AuthenticationError"
    assert "Bad Login/Password" in told["wrong password"]["words"]
