"""Every change by every answer, before or after it took effect, once, always, and ever after.

Counted is what the emulator did: never twice. What is said is compared with what is so: what is
done is said to be, what is said to have failed is not done, and all else is said to be unknown.
"""

import os
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hostile import BEHAVIOURS, REFUSALS, Killed, Vendor, outcome_of

from patchfleet.emulator import Emulator
from patchfleet.nsight.operations import devices, patches
from patchfleet.qualys.operations import creation, job_changes, reports
from patchfleet.transport.messages import NoResponse, Request
from patchfleet.transport.operation import Work

CRITICAL = "vendorSeverity:`Critical`"
SERVICES = {
    "patch_approve", "patch_ignore", "patch_do_nothing", "patch_inherit", "patch_retry",
    "patch_reprocess", "task_run_now",
}  # fmt: skip


def changes(request: Request) -> bool:
    """Say whether a request changes something."""
    if request.path == "/api/":
        return dict(request.query)["service"] in SERVICES
    if request.is_login or request.method == "GET":
        return False
    return request.path != "/mtg/v1/vulnerabilities/mitigations"


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creation, "LOOKS_AFTER_SECONDS", (0.0, 1.0))


class Case(NamedTuple):
    """One change: of which vendor, what it is, and whether it is so, as the emulator knows."""

    vendor: str
    work: Callable[[], Work[Any]]
    is_so: Callable[[], bool]
    is_seen: bool = True
    """Whether anything can be read of it."""
    is_repeatable: bool = True


@pytest.fixture(scope="module")
def world() -> Emulator:
    return Emulator(customers=2, devices=24, patches=60, seed=1)


@pytest.fixture
def emulator(world: Emulator) -> Emulator:
    world.reset()
    return world


def nsight_rows(emulator: Emulator) -> list[dict[str, Any]]:
    return [
        {**row, "deviceid": device["deviceid"]}
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
        if device["is_managed"]
        for row in device["patches"]
    ]


def nsight(emulator: Emulator, action: str) -> Case:
    build: Any = getattr(patches, f"{action}_patches")
    wanted = {"approve": 66, "ignore": 65, "do_nothing": 68}
    is_again = action in ("retry", "reprocess")
    row = next(r for r in nsight_rows(emulator) if r["status"] == (16 if is_again else 1))
    device, patch = row["deviceid"], row["patchid"]
    if action == "inherit":
        pairs = [
            ("apikey", emulator.api_key), ("service", "patch_ignore"),
            ("deviceid", str(device)), ("patchids", str(patch)),
        ]  # fmt: skip
        emulator.handle("GET", "/api/", pairs)

    def is_so() -> bool:
        now = next(
            r for r in nsight_rows(emulator) if (r["deviceid"], r["patchid"]) == (device, patch)
        )
        if is_again:
            return bool(now["status"] == 2)
        return bool(now["policy"] < 64 if action == "inherit" else now["policy"] == wanted[action])

    return Case("nsight", lambda: build(device, [patch]), is_so, is_repeatable=not is_again)


def task(emulator: Emulator) -> Case:
    return Case(
        "nsight", lambda: devices.task_run_now(_task_of(emulator)), lambda: True, is_seen=False
    )


def _task_of(emulator: Emulator) -> int:
    import xml.etree.ElementTree as ET

    for row in nsight_rows(emulator):
        pairs = [("apikey", emulator.api_key), ("service", "list_checks")]
        pairs.append(("deviceid", str(row["deviceid"])))
        for check in ET.fromstring(emulator.handle("GET", "/api/", pairs).body).iter("check"):
            if check.findtext("check_type") == "1023":
                return int(check.findtext("checkid") or 0)
    raise AssertionError("no task in this world")


def truth(emulator: Emulator) -> dict[str, Any]:
    return emulator.ground_truth(vendor="qualys")


def job_named(emulator: Emulator, number: str) -> dict[str, Any] | None:
    return next((job for job in truth(emulator)["jobs"] if job["id"] == number), None)


def qualys(emulator: Emulator, name: str) -> Case:
    known = truth(emulator)
    asset = next(one["uuid"] for one in known["assets"] if one["platform"] == "Windows")
    patch = next(one["uuid"] for one in known["patches"] if one["platform"] == "Windows")
    daily = [job for job in known["jobs"] if job["scheduleType"] in ("Daily", "Weekly", "Monthly")]
    on = [job["id"] for job in daily if job["status"] == "Enabled"]
    off = [job["id"] for job in daily if job["status"] == "Disabled"]
    repeating = [*off, *on]

    def made(what: str = "jobs") -> bool:
        return sum(job["name"] == "Only one" for job in truth(emulator)[what]) == 1

    def create() -> Work[Any]:
        return job_changes.create_job(
            "Windows", "Only one", "Install", "On-demand", assetIds=[asset], approvedPatches=[patch]
        )

    def status(number: str) -> str | None:
        job = job_named(emulator, number)
        return None if job is None else job["status"]

    cases: dict[str, Callable[[], Case]] = {
        "create": lambda: Case("qualys", create, made),
        "clone": lambda: Case(
            "qualys", lambda: job_changes.clone_job(repeating[0], "Only one"), made
        ),
        "update": lambda: Case(
            "qualys",
            lambda: job_changes.update_job(
                repeating[0], name="Only one", timeout=7, timeoutUnit="HOURS"
            ),
            made,
        ),
        "enable": lambda: Case(
            "qualys", lambda: job_changes.change_job_status("Enabled", off[:2]),
            lambda: all(status(one) == "Enabled" for one in off[:2]),
        ),
        "disable": lambda: Case(
            "qualys", lambda: job_changes.change_job_status("Disabled", on[:2]),
            lambda: all(status(one) == "Disabled" for one in on[:2]),
        ),
        "delete": lambda: Case(
            "qualys", lambda: job_changes.delete_job(repeating[:2]),
            lambda: all(status(one) is None for one in repeating[:2]),
        ),
        "report": lambda: Case(
            "qualys",
            lambda: reports.create_job_progress_report(repeating[0], "Only one"),
            lambda: _reports(emulator) == ["Only one"],
            is_repeatable=False,
        ),
    }  # fmt: skip
    return cases[name]()


def mitigation(emulator: Emulator, name: str) -> Case:
    known = truth(emulator)
    asset = next(one["uuid"] for one in known["assets"] if one["platform"] == "Windows")
    vendor = Vendor(emulator, changes)
    qid = int(vendor.run("qualys", reports.list_mitigations("Windows"))[0].qid)

    def create(name: str) -> Work[Any]:
        return reports.create_mitigation_job("Windows", name, [qid], assetIds=[asset])

    def named() -> list[str]:
        return [job["name"] for job in truth(emulator)["mitigation_jobs"]]

    if name == "create first mitigation":
        return Case("qualys", lambda: create("Only one"), lambda: named() == ["Only one"])
    if name == "create mitigation":
        vendor.run("qualys", create("Another"))
        return Case(
            "qualys",
            lambda: create("Only one"),
            lambda: sorted(named()) == ["Another", "Only one"],
        )
    number = vendor.run("qualys", create("Gone")).id
    return Case("qualys", lambda: reports.delete_mitigation_job(number), lambda: named() == [])


def _reports(emulator: Emulator) -> list[str]:
    found = Vendor(emulator, changes).run("qualys", reports.list_reports())
    return [str(one.name) for one in found]


CASES: dict[str, Callable[[Emulator], Case]] = {
    **{
        action: lambda emulator, action=action: nsight(emulator, action)  # type: ignore[misc]
        for action in ("approve", "ignore", "do_nothing", "inherit", "retry", "reprocess")
    },
    "task": task,
    **{
        name: lambda emulator, name=name: qualys(emulator, name)  # type: ignore[misc]
        for name in ("create", "clone", "update", "enable", "disable", "delete", "report")
    },
    **{
        name: lambda emulator, name=name: mitigation(emulator, name)  # type: ignore[misc]
        for name in ("create first mitigation", "create mitigation", "delete mitigation")
    },
}


def passed(result: Any) -> bool:
    """Say whether a result claims that all was done."""
    if isinstance(result, list):
        return all(one.status == "success" for one in result)
    return not getattr(result, "unconfirmed", ())


@pytest.mark.parametrize("name", CASES)
def test_an_answer_that_comes_is_read_back(name: str, emulator: Emulator) -> None:
    case = CASES[name](emulator)
    vendor = Vendor(emulator, changes)
    said, result = outcome_of(vendor, case.vendor, case.work())
    assert (said, passed(result), case.is_so()) == ("done", True, True), result
    assert (vendor.sendings, vendor.acts) == (1, 1)
    assert vendor.journal.said() == {"confirmed" if case.is_seen else "unknown"}


@pytest.mark.parametrize("scope", ["once", "always", "everything"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", CASES)
def test_what_is_said_is_what_is_so(name: str, when: Any, scope: Any, world: Emulator) -> None:
    for behaviour, answer in sample(f"{name} {when} {scope}"):
        world.reset()
        case = CASES[name](world)
        vendor = Vendor(world, changes)
        vendor.spoil(answer, when, scope)
        said, result = outcome_of(vendor, case.vendor, case.work())
        cell = (name, behaviour, when, scope, said, str(result), vendor.sendings, SEED)
        check(case, vendor, said, result, cell)
        never_left = isinstance(answer, NoResponse) and answer.fate == "refused"
        if case.is_seen and when == "after" and scope != "everything" and not never_left:
            assert (said, passed(result)) == ("done", True), cell
            assert vendor.sendings == 1, cell
        if said == "failed" and not never_left:
            assert behaviour in REFUSALS, cell


def check(case: Case, vendor: Vendor, said: str, result: Any, cell: Any) -> None:
    """Compare what is said with what is so, and what the journal has with both."""
    assert vendor.acts <= 1, cell
    if not case.is_seen:
        assert vendor.sendings == 1 or said == "failed" or vendor.acts == 1, cell
        assert said == "unknown" if vendor.acts and cell[1] != "not connected" else True, cell
        return
    is_so = case.is_so()
    assert bool(vendor.acts) == is_so, cell
    if said == "done" and passed(result):  # else it says of each that it is not, or unknown
        assert is_so, cell
    if said == "failed":
        assert not is_so, cell
    claims = vendor.journal.said()
    assert claims, cell
    if is_so:
        assert "failed" not in claims, cell
    else:
        assert "confirmed" not in claims, cell


SEED = os.environ.get("PATCHFLEET_SEED") or str(random.SystemRandom().randrange(10**6))
"""What chooses the answers that are tried; a failure names it. `all` tries every one."""


def sample(cell: str) -> list[tuple[str, Any]]:
    """Return the answers that a cell is tried with: some of them, others each time."""
    every = list(BEHAVIOURS.items())
    return every if SEED == "all" else random.Random(f"{SEED} {cell}").sample(every, 2)


MADE = ("create", "clone", "create mitigation")
NOT_AGAIN = ("report", "task", "create first mitigation")
"""What is not done by running it again: nothing tells, or an empty list does not."""


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_AGAIN])
def test_a_command_that_is_killed_at_any_step_and_run_again(name: str, world: Emulator) -> None:
    """It does what it was to do once; what is made is found by its marker, and not made again."""
    for until in range(30):
        world.reset()
        case = CASES[name](world)
        vendor = Vendor(world, changes)
        try:
            vendor.run(case.vendor, case.work(), until=until)
        except Killed:
            pass
        else:
            assert until > 1
            break
        before = vendor.acts
        said, result = outcome_of(vendor, case.vendor, case.work())
        assert (said, passed(result), case.is_so()) == ("done", True, True), until
        if name in MADE:
            assert vendor.acts == 1, until
            assert getattr(result, "was_there", bool(before)) == bool(before), until
            assert vendor.journal.said(0) <= {"confirmed", "unknown"}
    else:
        raise AssertionError("it never came to its end")


def test_where_no_job_is_listed_nothing_is_made_again(world: Emulator) -> None:
    """An empty list may be a lie: what may have been sent is unknown, and its marker is named."""
    ends = set()
    for until in range(30):
        world.reset()
        case = CASES["create first mitigation"](world)
        vendor = Vendor(world, changes)
        try:
            vendor.run(case.vendor, case.work(), until=until)
        except Killed:
            pass
        else:
            break
        before = vendor.acts
        said, result = outcome_of(vendor, case.vendor, case.work())
        assert (vendor.acts, case.is_so()) == (before, bool(before)), until
        assert said == ("done" if before else "unknown"), until
        if said == "unknown":
            assert vendor.journal.lines[0].marker in result.hint, until
            assert result.message.startswith("an earlier command sent this; whether"), until
        ends.add(said)
    else:
        raise AssertionError("it never came to its end")
    assert ends == {"done", "unknown"}
