"""What goes wrong on the way: complete or loud, and a job is created exactly once.

Every fault the emulator knows is tried; what can be waited out is, all else is an error of its kind
and never a shorter list.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.emulator.faults import OF_QUALYS
from patchfleet.errors import (
    Forbidden,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    Unreadable,
    VendorBroken,
    VendorError,
)
from patchfleet.qualys import Qualys
from patchfleet.qualys.operations import creation

Truth = dict[str, Any]

ERRORS: list[tuple[str, dict[str, Any], type[VendorError]]] = [
    ("rate_limited", {}, RateLimited),
    ("forbidden", {}, Forbidden),
    ("server_error", {"status": 500}, VendorBroken),
    ("server_error", {"status": 503}, VendorBroken),
    ("hang", {}, Unreachable),
    ("reset", {}, Unreachable),
    ("cut", {}, Unreachable),
    ("short", {}, Unreadable),
    ("garbage", {}, Unreadable),
    ("garbage", {"raw": True}, Unreachable),
    ("html", {}, Unreadable),
    ("empty", {}, Unreadable),
    ("redirect", {}, VendorBroken),
    ("echo_key", {}, VendorBroken),
    ("token_dies", {}, Unauthorized),
    ("page_repeats", {}, Unreadable),
    ("page_number_ignored", {}, Unreadable),
    ("duplicates", {}, Unreadable),
    ("json_error", {"status": 400}, Rejected),
    ("json_error", {"status": 403}, Forbidden),
    ("json_null", {}, Unreadable),
    ("login_page", {}, Unreadable),
]
"""What an error of every call is, whoever lists."""

SAME_ANSWER: list[tuple[str, dict[str, Any]]] = [
    ("slow", {"seconds": 0.01}),
    ("trickle", {"piece_bytes": 4000, "pause_seconds": 0}),
    ("capped_pages", {"records": 10}),
    ("unknown_fields", {}),
    ("wrong_types", {}),
]
"""What makes no difference to which records come."""

OF_COUNTED_LISTS = ("drift", "no_cursor", "duplicates")
"""What only a count can show where it never ends."""

IN_PASSING = [
    ("rate_limited", {}),
    ("server_error", {"status": 500}),
    ("reset", {}),
    ("cut", {}),
    ("short", {}),
    ("html", {}),
    ("empty", {}),
    ("token_dies", {}),
    ("drift", {"records": 1}),
    ("drift", {"records": -1}),
    ("capped_pages", {"records": 2}),
    ("duplicates", {}),
]
"""What a list gets over when it happens once."""


CHANGES = {"create_job", "delete_job", "change_job_status", "update_job"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Host]:
    """One account for all tests: most of them only read."""
    with Emulator(customers=2, devices=24).running() as running:
        yield running


@pytest.fixture
def host(shared: Host) -> Iterator[Host]:
    """The account as it was: without faults and calls, and made again after a change."""
    yield shared
    shared.emulator.clear_faults()
    if CHANGES & {call.service for call in shared.emulator.calls}:
        shared.emulator.reset()
    shared.emulator.clear_calls()


@pytest.fixture
def client(connect_qualys: Callable[..., Any], host: Host, patience_seconds: float) -> Any:
    """A client of the account, once of each kind, that does not wait for ever."""
    return connect_qualys(host, timeout=patience_seconds)


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for a job that may have been created without waiting for a slow server."""
    monkeypatch.setattr(creation, "LOOKS_AFTER_SECONDS", (0.0, 0.0))


def jobs_of(truth: Truth, platform: str) -> set[str]:
    return {job["id"] for job in truth["jobs"] if job["platform"] == platform}


def logins(host: Host) -> int:
    return sum(call.service == "auth" for call in host.emulator.calls)


def test_no_fault_is_left_out() -> None:
    tried = {kind for kind, *_ in [*ERRORS, *SAME_ANSWER]}
    assert {*tried, *OF_COUNTED_LISTS} == OF_QUALYS


@pytest.mark.parametrize(("kind", "options", "error"), ERRORS)
def test_every_fault_is_an_error_of_its_kind(
    client: Any, host: Host, kind: str, options: dict[str, Any], error: type[VendorError]
) -> None:
    host.emulator.fault(kind, service="list_jobs", times=None, **options)
    with pytest.raises(error) as caught:
        client.list_jobs("windows", pageSize=3)
    assert caught.value.operation == "list_jobs"
    assert caught.value.vendor == "Qualys"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("kind", "options"), SAME_ANSWER)
def test_these_make_no_difference(
    client: Any, host: Host, truth: Truth, kind: str, options: dict[str, Any]
) -> None:
    host.emulator.fault(kind, times=None, **options)
    assert {job.id for job in client.list_jobs("windows", pageSize=3)} == jobs_of(truth, "Windows")
    assert len(client.get_patches("linux", version=1)) == client.get_patch_count("linux")
    for job in truth["jobs"]:
        for run in job["runs"][-1:]:
            result = client.get_job_results(job["id"])
            assert len(result.assets) == len(run["results"])


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", OF_COUNTED_LISTS)
def test_a_count_that_does_not_come_out_is_an_error(
    client: Any, host: Host, kind: str, version: int
) -> None:
    if (kind, version) == ("no_cursor", 1):
        return  # numbered pages have none
    service = "get_patches" if version == 2 else "get_patches_v1"
    host.emulator.fault(kind, service=service, times=None)
    with pytest.raises(Unreadable, match="did not come") as caught:
        client.get_patches("windows", pageSize=100, version=version)
    assert caught.value.hint is not None


@pytest.mark.parametrize(("kind", "options"), IN_PASSING)
def test_what_passes_leaves_the_list_whole(
    client: Any, host: Host, truth: Truth, kind: str, options: dict[str, Any]
) -> None:
    host.emulator.fault(kind, service="list_jobs", after=1, **options)
    listed = client.list_jobs("windows", pageSize=3)
    assert {job.id for job in listed} == jobs_of(truth, "Windows")
    assert len(listed) == len(jobs_of(truth, "Windows"))
    host.emulator.fault(kind, service="get_assets_v1", after=1, **options)
    listed = client.get_assets("windows", pageSize=4, version=1)
    assert len({asset.id for asset in listed}) == len(listed)
    assert len(listed) == sum(one["platform"] == "Windows" for one in truth["assets"])


def test_a_token_that_dies_on_the_way_costs_one_login(client: Any, host: Host) -> None:
    host.emulator.fault("token_dies", service="get_patches", after=2)
    assert len(client.get_patches("windows", pageSize=100)) == client.get_patch_count("windows")
    assert logins(host) == 2


def test_odd_records_are_kept_and_named(client: Any, host: Host) -> None:
    host.emulator.fault("unknown_fields", service="get_assets", times=None)
    for asset in client.get_assets("linux"):
        assert asset.newInNextRelease == {"since": "4.0", "flags": [1, 2]}
        assert asset["newInNextRelease"] is asset.extra["newInNextRelease"]
    host.emulator.clear_faults()
    host.emulator.fault("wrong_types", service="get_patches", times=None)
    odd, *rest = client.get_patches("linux")
    assert (odd.title, odd.missingCount) == ({"text": "odd"}, "many")
    assert [problem.split(":")[0] for problem in odd.problems] == ["title", "missingCount"]
    assert odd.vendorSeverity
    assert all(one.problems == () for one in rest)


def test_an_error_of_either_platform_is_the_call_s(client: Any, host: Host) -> None:
    host.emulator.fault("json_error", service="list_jobs", status=403, after=1)
    with pytest.raises(Forbidden):
        client.list_jobs("all")


def test_results_whose_pages_lie(client: Any, host: Host, truth: Truth) -> None:
    job = next(one for one in truth["jobs"] if one["runs"] and one["runs"][-1]["results"][10:])
    host.emulator.fault("page_number_ignored", service="get_job_results", times=None)
    with pytest.raises(Unreadable, match="repeats"):
        client.get_job_results(job["id"])
    host.emulator.clear_faults()
    host.emulator.fault("duplicates", service="get_job_results", times=None)
    with pytest.raises(Unreadable, match="did not come"):
        client.get_job_results(job["id"])


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("page_repeats", "repeats what came before"),
        ("no_cursor", "names no lastSeenAssetId"),
        ("duplicates", "are twice on one page"),
    ],
)
def test_an_inventory_whose_pages_lie(client: Any, host: Host, kind: str, said: str) -> None:
    host.emulator.fault(kind, service="get_all_assets", times=None)
    with pytest.raises(Unreadable, match=said):
        client.get_all_assets(pageSize=5)


def test_a_page_that_holds_records_twice_is_read_again(
    client: Any, host: Host, truth: Truth
) -> None:
    host.emulator.fault("duplicates", service="list_jobs")
    listed = client.list_jobs("windows", pageSize=100)
    assert sorted(job.id for job in listed) == sorted(jobs_of(truth, "Windows"))


def test_a_job_that_goes_while_the_list_is_read_hides_no_other(
    host: Host, connect: Callable[..., Qualys], truth: Truth
) -> None:
    client = connect()
    found = client.iter_jobs("windows", pageSize=3)
    first = next(found)
    client.delete_job(str(first.id))  # what stood behind it moves up by one
    assert {str(first.id), *(str(job.id) for job in found)} == jobs_of(truth, "Windows")


def create(client: Any, truth: Truth) -> Any:
    asset = next(one["uuid"] for one in truth["assets"] if one["platform"] == "Windows")
    patch = next(one["uuid"] for one in truth["patches"] if one["platform"] == "Windows")
    return client.create_job(
        "Windows", "Only one", "Install", "On-demand", assetIds=[asset], approvedPatches=[patch]
    )


def made(host: Host) -> list[dict[str, Any]]:
    """Return the true jobs that `create` made."""
    jobs = host.emulator.ground_truth(vendor="qualys")["jobs"]
    return [job for job in jobs if job["name"] == "Only one"]


UNKNOWN = [
    ("cut", {}),
    ("reset", {}),
    ("hang", {}),
    ("server_error", {"status": 502}),
    ("html", {}),
    ("empty", {}),
    ("short", {}),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "options"), UNKNOWN)
def test_a_job_is_created_exactly_once(
    client: Any, host: Host, truth: Truth, kind: str, options: dict[str, Any], when: str
) -> None:
    """Whatever became of the first request: the job is there, once, and its id is told."""
    host.emulator.fault(kind, service="create_job", when=when, **options)
    created = create(client, truth)
    assert [job["id"] for job in made(host)] == [created.id]
    sent = sum(call.service == "create_job" for call in host.emulator.calls)
    assert sent == (1 if when == "after" else 2)


def test_a_creation_that_is_told_to_wait_is_sent_again(
    client: Any, host: Host, truth: Truth
) -> None:
    host.emulator.fault("rate_limited", service="create_job", times=3)
    assert [job["id"] for job in made(host)] == []
    created = create(client, truth)
    assert [job["id"] for job in made(host)] == [created.id]


def test_a_creation_that_never_gets_through_says_how_to_look_for_it(
    client: Any, host: Host, truth: Truth
) -> None:
    host.emulator.fault("reset", service="create_job", times=None)
    with pytest.raises(Unreachable, match="no job with the marker") as caught:
        create(client, truth)
    assert made(host) == []
    assert "look for [patchfleet " in (caught.value.hint or "")
    host.emulator.clear_faults()
    host.emulator.fault("cut", service="create_job")
    host.emulator.fault("forbidden", service="list_jobs", times=None)
    with pytest.raises(Unreachable, match="reading it back failed") as caught_looking:
        create(client, truth)
    (job,) = made(host)
    assert caught_looking.value.is_in_doubt
    assert job["description"] in (caught_looking.value.hint or "")


def test_a_creation_that_was_refused_is_not_repeated(client: Any, host: Host, truth: Truth) -> None:
    host.emulator.fault("json_error", service="create_job", message="no such window", times=None)
    with pytest.raises(Rejected, match="no such window"):
        create(client, truth)
    assert sum(call.service == "create_job" for call in host.emulator.calls) == 1


@pytest.mark.parametrize("service", ["delete_job", "change_job_status"])
def test_what_was_done_although_no_answer_came_is_done_once(
    client: Any, host: Host, truth: Truth, service: str
) -> None:
    job = next(job["id"] for job in truth["jobs"] if job["scheduleType"] == "Daily")
    host.emulator.fault("cut", service=service, times=None)
    act = client.delete_job if service == "delete_job" else switched_on(client)
    assert [(one.id, one.status) for one in act(job)] == [(job, "success")]
    assert sum(call.service == service for call in host.emulator.calls) == 1


def switched_on(client: Any) -> Callable[[str], Any]:
    return lambda job: client.change_job_status("Enabled", job)


def test_an_update_is_read_back_and_not_repeated(client: Any, host: Host, truth: Truth) -> None:
    job = next(job["id"] for job in truth["jobs"] if job["scheduleType"] == "Daily")
    host.emulator.fault("cut", service="update_job", times=2)
    assert client.update_job(job, name="Renamed").name == "Renamed"
    assert client.get_job(job).name == "Renamed"
    assert sum(call.service == "update_job" for call in host.emulator.calls) == 1
