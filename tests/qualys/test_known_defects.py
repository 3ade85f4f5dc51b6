"""The known defects of the existing SDK, and what happens here: one test each.

The first paragraph of a docstring says what it does, the second what we do; both become a row of
the documentation.
"""

import time
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from patchfleet.emulator import Host
from patchfleet.errors import (
    ConfigError,
    Forbidden,
    Rejected,
    Unauthorized,
    Unreachable,
    Unreadable,
    VendorBroken,
)
from patchfleet.qualys import BaseList, PMAsset, Qualys, TokenAuth
from patchfleet.qualys.operations import request
from patchfleet.qualys.operations.request import Platform

Connect = Callable[..., Qualys]
Truth = dict[str, Any]


def done_jobs(truth: Truth, at_least: int = 1) -> list[str]:
    """Return the ids of jobs whose last run has so many results."""
    return [
        job["id"]
        for job in truth["jobs"]
        if job["runs"] and len(job["runs"][-1]["results"]) >= at_least
    ]


def uuids(truth: Truth, platform: str) -> list[str]:
    return [one["uuid"] for one in truth["patches"] if one["platform"] == platform]


def logins(host: Host) -> int:
    return sum(call.service == "auth" for call in host.emulator.calls)


def test_defect_01_inputs_of_results(host: Host, qualys: Qualys, truth: Truth) -> None:
    """`get_job_results` drops `jobInstanceId`, `pageSize` and `sort` before it sends.

    They reach the server, in the query and in the body, since it is unknown where it looks.
    """
    qualys.get_job_results(done_jobs(truth)[0], jobInstanceId="1", pageSize=7, sort="status")
    call = host.emulator.calls[-1]
    asked = {"jobInstanceId": "1", "pageSize": "7", "sort": '[{"status":"asc"}]'}
    assert asked.items() <= dict(call.params).items()
    assert {name: str(call.body[name]) for name in asked} == asked


def test_defect_02_results_are_paged(qualys: Qualys, truth: Truth) -> None:
    """The first 10 assets of a result are returned as if they were all.

    Pages are read until every asset that the server counts is there; otherwise it is an error.
    """
    job = done_jobs(truth, at_least=11)[0]
    (true,) = (one for one in truth["jobs"] if one["id"] == job)
    result = qualys.get_job_results(job)
    assert result.assetCount == len(true["runs"][-1]["results"])
    assert {view.id for view in result.assets or ()} == {
        one["asset"]["id"] for one in true["runs"][-1]["results"]
    }


def test_defect_03_an_error_is_not_the_end(host: Host, qualys: Qualys, truth: Truth) -> None:
    """An error in the middle of `list_jobs` ends the list, which is returned short, or empty.

    A 403 is an error, and a 429 is waited out and the page read again.
    """
    host.emulator.fault("rate_limited", service="list_jobs", after=1, times=2)
    assert {job.id for job in qualys.list_jobs(pageSize=3)} == {job["id"] for job in truth["jobs"]}
    host.emulator.fault("forbidden", service="list_jobs", after=1)
    with pytest.raises(Forbidden):
        qualys.list_jobs(pageSize=3)


def test_defect_04_errors_in_another_form(host: Host, qualys: Qualys) -> None:
    """An error in JSON without `_error` becomes a KeyError that hides the message.

    The message is the error, whatever its form.
    """
    host.emulator.fault("json_error", service="list_jobs", envelope=False, message="name is odd")
    with pytest.raises(Rejected, match="name is odd"):
        qualys.list_jobs("windows")


def test_defect_05_errors_in_threads(connect: Connect) -> None:
    """An error in a thread is printed, and the call returns an empty list.

    An error of either platform, or of any of many jobs, is the error of the call.
    """
    with pytest.raises(Unauthorized):
        connect(password="wrong-of-a-test").list_jobs("all")


def test_defect_06_called_too_often(host: Host, qualys: Qualys, truth: Truth) -> None:
    """A 429 of patch management is handed back as the answer.

    It is waited out, growing times apart, although it states neither a reason nor a time.
    """
    host.emulator.fault("rate_limited", service="get_assets", times=5)
    assert len(qualys.get_assets()) == len(truth["assets"])


def test_defect_07_no_time_out(host: Host, connect: Connect) -> None:
    """No call has a time-out: a server that never answers hangs the program.

    Each call has one, 120 seconds unless set.
    """
    host.emulator.fault("hang", service="get_version", times=None)
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"within 0\.2 seconds"):
        connect(timeout=0.2, retries=0).get_version()
    assert time.monotonic() - began < 15


def test_defect_08_unknown_fields(host: Host, qualys: Qualys, truth: Truth) -> None:
    """A field that is new in the API raises TypeError; `get_assets` returns nothing since one.

    Unknown fields are kept, under their names on the wire.
    """
    host.emulator.fault("unknown_fields", service="get_assets", times=None)
    found = qualys.get_assets()
    assert len(found) == len(truth["assets"])
    assert all(one.extra["newInNextRelease"]["since"] == "4.0" for one in found)
    assert any(one.missingPatches for one in found), "a field of release 3.9"


def test_defect_09_packages_of_several_patches(qualys: Qualys, truth: Truth) -> None:
    """The page number is not reset for each patch, so that only the first one has packages.

    All pages of each patch are read, and each package names its patch.
    """
    ids = uuids(truth, "Linux")[:4]
    together = qualys.get_packages_in_linux_patch(ids, pageSize=2)
    for patch in ids:
        alone = [one.packageName for one in qualys.get_packages_in_linux_patch(patch)]
        assert alone
        assert [one.packageName for one in together if one.patchId == patch] == alone


def test_defect_10_a_batch_without_an_answer(
    qualys: Qualys, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lookup_host_uuids` stops at the first thousand ids of which none is known.

    Every batch is asked for, and ids without an answer are in `missing`.
    """
    monkeypatch.setattr(request, "IDS_A_CALL", 2)
    known = {asset["asset_id"]: asset["uuid"] for asset in truth["assets"][:3]}
    found = qualys.lookup_host_uuids([1, 2, *known])
    assert {int(one.assetId): one.assetUuid for one in found} == known
    assert found.missing == [1, 2]


def test_defect_11_where_a_reboot_stands(host: Host, qualys: Qualys, truth: Truth) -> None:
    """`create_job` puts the reboot at the top of the body, drops `onComplete` and invents a
    deferment.

    Each part is where the documentation has it, inside `postDeployment`, and nothing is added.
    """
    qualys.create_job(
        "Windows", "Of a test", "Install", "On-demand",
        assetIds=[truth["assets"][0]["uuid"]], suppressReboots=True, onComplete="done",
        rebootOption="The machine restarts",
    )  # fmt: skip
    body = next(call.body for call in host.emulator.calls if call.service == "create_job")
    after = body["postDeployment"]
    assert after["suppressReboots"] is True
    assert after["rebootOption"]["userMessage"] == "The machine restarts"
    assert after["onComplete"]["userMessage"] == "done"
    assert "deferment" not in after["rebootOption"]
    assert not {"rebootOption", "suppressReboots", "onComplete"} & set(body)


def test_defect_12_a_deletion_that_is_refused(host: Host, qualys: Qualys, truth: Truth) -> None:
    """`delete_job` returns the error of a 400 as if it were the result.

    It is an error.
    """
    host.emulator.fault("json_error", service="delete_job", message="not now")
    with pytest.raises(Rejected, match="not now"):
        qualys.delete_job(truth["jobs"][0]["id"])


def test_defect_13_an_old_token(host: Host, qualys: Qualys) -> None:
    """A token of 25 hours counts as one hour old, and a 401 does not renew it.

    A token is renewed before it dies, and once where it is refused.
    """
    qualys.get_version()
    host.emulator.advance(hours=25)
    assert qualys.get_version()
    assert logins(host) == 2


def test_defect_14_a_missing_cursor(host: Host, qualys: Qualys) -> None:
    """A full page without a cursor is asked for again and again, for ever.

    The list is compared with its count, and what did not come is an error.
    """
    host.emulator.fault("no_cursor", service="get_patches", times=None)
    with pytest.raises(Unreadable, match=r"\d+ of \d+ Windows patches did not come"):
        qualys.get_patches("windows", pageSize=50)


def test_defect_15_plain_http_on_this_machine(host: Host, qualys: Qualys) -> None:
    """`override_platform` turns `http://` into `https://`, so that no emulator can be called.

    Plain http is called on this machine, and elsewhere only with `allow_http`.
    """
    assert host.url.startswith("http://127.0.0.1:")
    assert qualys.get_version()


def test_defect_16_runs_of_several_jobs(qualys: Qualys, truth: Truth) -> None:
    """`get_job_runs` is documented to take a list, and puts the list into the address.

    It takes one job or several, and each run names its job.
    """
    jobs = done_jobs(truth)
    runs = qualys.get_job_runs(jobs)
    assert {run.jobId for run in runs} == set(jobs)


def test_defect_17_an_error_among_many(host: Host, qualys: Qualys, truth: Truth) -> None:
    """Threads do not see each other's errors: they are printed, and what is left is returned.

    The first error ends the others, and the call.
    """
    host.emulator.fault(
        "server_error", service="get_products_in_windows_patch", status=500, after=3, times=None
    )
    with pytest.raises(VendorBroken):
        qualys.get_products_in_windows_patch(uuids(truth, "Windows")[:12])


def test_defect_18_many_batches_at_once(
    qualys: Qualys, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads that take batches from a queue may wait for one that another has taken, for ever.

    Each batch is given to one thread, and all of them end.
    """
    monkeypatch.setattr(request, "IDS_A_CALL", 3)
    numbers = list(range(1, 200))
    found = qualys.lookup_cves(numbers)
    assert {one.id for one in found} | set(found.missing) == set(numbers)


def test_defect_19_no_print(qualys: Qualys, capsys: pytest.CaptureFixture[str]) -> None:
    """Progress is printed to standard output, into whatever a script writes there.

    The library prints nothing.
    """
    qualys.get_job_results(qualys.list_jobs())
    qualys.get_patches("linux", pageSize=50)
    assert capsys.readouterr() == ("", "")


def test_defect_20_times_have_a_zone(qualys: Qualys) -> None:
    """Times become local times without a zone, others on each machine.

    Times are aware and UTC.
    """
    for patch in qualys.get_patches("windows", page_count=1):
        assert patch.publishedDate is not None
        assert patch.publishedDate.tzinfo is UTC


def test_defect_21_the_count_of_assets(qualys: Qualys, truth: Truth) -> None:
    """`get_asset_count` is documented and does not exist.

    It exists; that its path is a guess is documented too.
    """
    platforms: tuple[Platform, ...] = ("Windows", "Linux")
    assert sum(map(qualys.get_asset_count, platforms)) == len(truth["assets"])


def test_defect_22_parameters_are_checked(host: Host, qualys: Qualys, truth: Truth) -> None:
    """`create_job` checks nothing, and its documentation has `any` where the API wants `Any`.

    Every rule is checked before anything is sent; `any` and `Any` mean the same.
    """
    with pytest.raises(ConfigError, match="timeout is 169"):
        qualys.create_job("Windows", "x", "Install", "On-demand", timeout=169)
    assert not [call for call in host.emulator.calls if call.service == "create_job"]
    asset = truth["assets"][0]["uuid"]
    qualys.create_job(
        "Windows", "x", "Install", "On-demand", assetIds=[asset], filterType="all"
    )  # fmt: skip
    (created,) = (one for one in host.emulator.calls if one.service == "create_job")
    assert created.body["filterType"] == "All"


def test_defect_23_tags_of_assets(qualys: Qualys, truth: Truth) -> None:
    """Tags of assets come out with the whole object in the place of their id.

    A tag has an id and a name.
    """
    true = {asset["uuid"]: set(asset["tags"]) for asset in truth["assets"]}
    for asset in qualys.get_assets():
        assert {tag.id for tag in asset.tags or ()} == true[str(asset.id)]


def test_defect_24_a_limit_without_headers(host: Host, qualys: Qualys) -> None:
    """A 429 without headers raises KeyError outside patch management.

    It is waited out everywhere.
    """
    host.emulator.fault("json_error", service="count_assets", status=429, times=3)
    assert qualys.count_assets() > 0


def test_defect_25_results_of_many_jobs(qualys: Qualys, truth: Truth) -> None:
    """The results of several jobs share their parameters among threads, behind a lock that is
    made for each call.

    Nothing is shared: each result is at the index of its job.
    """
    jobs = [job["id"] for job in truth["jobs"]] * 3
    results = qualys.get_job_results(jobs)
    assert isinstance(results, BaseList)
    assert [result.id for result in results] == jobs


def test_an_account_of_the_functions_is_one_of_the_client(host: Host) -> None:
    """The functions of `pm` behave as the client does: they are the same operations."""
    from patchfleet.qualys import pm

    account = host.emulator.qualys
    auth = TokenAuth(
        account.username, account.password, override_platform={"gateway_url": host.url}
    )
    assert all(isinstance(asset, PMAsset) for asset in pm.get_assets(auth))
    auth.close()
