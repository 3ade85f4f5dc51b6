"""Generated sizes of worlds, the smallest and odd ones too: valid at both vendors or refused.

A refusal happens when the world is made, with one sentence.
"""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchfleet.emulator import Emulator
from tests.emulator.nsight_calls import ask, tree

EACH = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False
)
FEW = st.integers(1, 9)


@EACH
@given(customers=FEW, devices=st.integers(0, 9), seed=st.integers(-3, 60),
       lookalikes=st.sampled_from((0, 0, 1, 3)), patches=st.integers(0, 6),
       exact=st.booleans())  # fmt: skip
def test_n_sight_of_any_size_answers(customers, devices, seed, lookalikes, patches, exact):
    emulator = Emulator(
        customers=customers, devices=devices, seed=seed, lookalikes=lookalikes, patches=patches,
        exact_patches=exact,
    )  # fmt: skip
    for _ in range(2):
        for client in tree(ask(emulator, "list_clients")).iter("client"):
            clientid = client.findtext("clientid")
            for kind in ("server", "workstation"):
                listed = tree(ask(emulator, "list_devices_at_client", clientid=clientid,
                                  devicetype=kind))  # fmt: skip
                for one in listed.iter(kind):
                    for service in ("patch_list_all", "list_checks", "list_outages"):
                        answer = tree(ask(emulator, service, deviceid=one.findtext("id")))
                        assert answer.get("status") in (None, "OK")
        assert tree(ask(emulator, "list_failing_checks")).get("status") == "OK"
        emulator.advance(days=8)


@EACH
@given(assets=st.none() | st.integers(0, 60), patches=st.none() | st.integers(0, 40),
       jobs=st.none() | st.integers(0, 5), each=st.none() | st.integers(1, 50),
       devices=st.integers(0, 9), seed=st.integers(1, 60))  # fmt: skip
def test_qualys_of_any_size_answers_or_is_refused_when_it_is_made(
    assets, patches, jobs, each, devices, seed
):
    try:
        emulator = Emulator(
            devices=devices, seed=seed, patches=5, qualys_assets=assets, qualys_patches=patches,
            qualys_jobs=jobs, qualys_job_assets=each,
        )  # fmt: skip
    except ValueError as refusal:
        assert jobs
        assert "Windows assets report, too few for jobs of" in str(refusal)  # noqa: PT017
        if each is None:
            assert str(refusal).startswith("0 Windows assets report")  # noqa: PT017
        return
    truth = emulator.ground_truth(vendor="qualys")
    if assets is not None:
        assert len(truth["assets"]) == assets
    if jobs is not None:
        assert len(truth["jobs"]) == jobs
    emulator.advance(days=8)
    assert len(emulator.ground_truth(vendor="qualys")["assets"]) == len(truth["assets"])


def test_a_world_that_cannot_be_is_refused_and_the_old_one_stays():
    emulator = Emulator(devices=3, patches=5, qualys_assets=8, qualys_jobs=3)
    before = emulator.ground_truth(vendor="qualys")
    body = json.dumps({"qualys_job_assets": 500}).encode()
    refusal = emulator.handle("POST", "/_control/reset", headers=[("Host", "127.0.0.1")], body=body)
    assert refusal.status == 400
    assert "too few for jobs of 500" in json.loads(refusal.body)["error"]
    assert emulator.ground_truth(vendor="qualys") == before


@pytest.mark.parametrize("year", [1, 1899, 9001, 9999])
def test_a_clock_at_the_edge_of_time_is_refused(year):
    with pytest.raises(ValueError, match="start is in the years 1900 to 9000"):
        Emulator(devices=1, start=datetime(year, 6, 1, tzinfo=UTC))
