import pytest

from patchfleet.emulator import Emulator


@pytest.fixture
def emulator():
    """A small world, new for every test."""
    return Emulator(customers=3, devices=12, patches=30, seed=4)


@pytest.fixture
def host(emulator):
    with emulator.running() as host:
        yield host


@pytest.fixture
def device(emulator):
    """The ground truth of a Windows device with patches, at the beginning."""
    from .nsight_calls import devices

    return next(one for one in devices(emulator.ground_truth()) if len(one["patches"]) > 5)
