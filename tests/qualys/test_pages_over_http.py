"""Lists over real HTTP: exact past the window, whole while pages drift, flat in memory."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from patchfleet.emulator import Emulator, Host
from patchfleet.qualys import Qualys


def ids(records: Any) -> set[str]:
    found = [record.id for record in records]
    assert len(found) == len(set(found)), "each once"
    return set(found)


def of(truth: dict[str, Any], what: str, platform: str | None = None) -> set[str]:
    return {one["uuid"] for one in truth[what] if platform in (None, one["platform"])}


@pytest.mark.parametrize("records", [1, -1, 3, -3])
def test_pages_that_drift(host: Host, qualys: Qualys, truth: Any, records: int) -> None:
    host.emulator.fault("drift", service="list_jobs", after=1, records=records, times=2)
    assert ids(qualys.list_jobs(pageSize=4)) == {job["id"] for job in truth["jobs"]}
    host.emulator.fault("drift", service="get_patches_v1", after=1, records=records, times=2)
    found = qualys.get_patches("linux", version=1, pageSize=50)
    assert ids(found) == of(truth, "patches", "Linux")


@pytest.mark.parametrize("size", [1, 3, 10, 100])
def test_pages_of_any_size(qualys: Qualys, truth: Any, size: int) -> None:
    everything = {job["id"] for job in truth["jobs"]}
    assert ids(qualys.list_jobs(pageSize=size)) == everything
    assert ids(qualys.iter_jobs(pageSize=size)) == everything


def test_pages_that_are_capped(host: Host, qualys: Qualys, truth: Any) -> None:
    job = next(one for one in truth["jobs"] if one["runs"] and len(one["runs"][-1]["results"]) > 10)
    host.emulator.fault("capped_pages", service="get_job_results", records=4, times=None)
    result = qualys.get_job_results(job["id"], pageSize=100)
    assert len(ids(result.assets)) == len(job["runs"][-1]["results"])


@pytest.fixture(scope="module")
def large() -> Iterator[Host]:
    """An account with more records than one query may return, over TLS."""
    emulator = Emulator(
        customers=1, devices=2, qualys_patches=25_000, qualys_assets=12_000, qualys_jobs=0
    )
    with emulator.running(https=True) as host:
        yield host


@pytest.fixture
def client(large: Host) -> Iterator[Qualys]:
    account = large.emulator.qualys
    with Qualys(
        account.username,
        account.password,
        override_platform={"gateway_url": large.url},
        ca_file=large.ca_file,
    ) as client:
        yield client


@pytest.mark.slow
@pytest.mark.full(group="large lists", share=0.5)
@pytest.mark.parametrize("version", [1, 2])
def test_25_000_patches_and_12_000_assets(large: Host, client: Qualys, version: Any) -> None:
    truth = large.emulator.ground_truth(vendor="qualys")
    patches = ids(client.get_patches("windows", version=version))
    assert len(patches) == 25_000
    assert patches == of(truth, "patches", "Windows")
    assert ids(client.get_assets(version=version)) == of(truth, "assets")
    assert len(truth["assets"]) == 12_000


@pytest.mark.slow
@pytest.mark.full(group="memory", share=0.5)
def test_a_stream_holds_a_page(client: Qualys) -> None:
    def peak(pages: int) -> int:
        tracemalloc.start()
        for _ in client.iter_patches("windows", pages, pageSize=500):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(40) < 3 * peak(4)
