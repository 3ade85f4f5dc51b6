"""Test a script of your own against the emulated N-sight: `pytest test_with_the_emulator.py`.

The script is `approve_in_waves.py`; the emulator knows the truth to compare with.
"""

from collections.abc import Iterator

import pytest
from approve_in_waves import approve, wanted

from patchfleet.emulator import Emulator
from patchfleet.errors import Unreachable
from patchfleet.nsight import NAble, Retries


@pytest.fixture
def emulator() -> Emulator:
    """A small world, the same every time."""
    return Emulator(customers=2, devices=12, seed=1)


@pytest.fixture
def nsight(emulator: Emulator) -> Iterator[NAble]:
    """A client of that world, without limits and without waiting between tries."""
    with emulator.running() as host:
        retries = Retries(attempts=4, first_wait_seconds=0)
        with NAble(base_url=host.url, key=host.api_key, rate_limit=None, retries=retries) as client:
            yield client


@pytest.fixture
def missing(emulator: Emulator) -> tuple[int, str]:
    """A device with a patch that is missing, and the KB number of that patch."""
    return next(
        (device["deviceid"], patch["kb"].removeprefix("KB"))
        for customer in emulator.ground_truth()["customers"]
        for site in customer["sites"]
        for device in site["devices"]
        for patch in device["patches"]
        if patch["kb"] and patch["status"] == 1 and patch["is_deployable"]
    )


def test_what_is_approved_installs(
    emulator: Emulator, nsight: NAble, missing: tuple[int, str]
) -> None:
    device, kb = missing
    assert approve(nsight, device, kb)
    emulator.advance(days=40)
    assert wanted(nsight.list_patches(device), kb) == []


def test_a_busy_server_is_waited_for(
    emulator: Emulator, nsight: NAble, missing: tuple[int, str]
) -> None:
    emulator.fault("rate_limited", service="patch_approve", times=2, retry_after=0)
    assert approve(nsight, *missing)
    assert [call.status for call in emulator.calls if call.service == "patch_approve"] == [
        429,
        429,
        200,
    ]


def test_a_dead_line_is_an_error_and_not_a_success(
    emulator: Emulator, nsight: NAble, missing: tuple[int, str]
) -> None:
    emulator.fault("reset", times=None)
    with pytest.raises(Unreachable):
        approve(nsight, *missing)
