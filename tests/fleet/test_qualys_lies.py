"""Every fault of the gateway, in every list that a sync reads: an error, or the whole truth."""

import pytest
from qualys_reading import listed, reading, states_of

from patchfleet.emulator import Emulator
from patchfleet.emulator.faults import OF_QUALYS
from patchfleet.errors import Error

OPTIONS = {"slow": {"seconds": 0}, "trickle": {"piece_bytes": 10_000, "pause_seconds": 0}}
READ = ("get_assets", "get_patches", "get_all_assets", "list_jobs", "get_job_results", "get_job")


@pytest.fixture(scope="module")
def host():
    """A subscription in which a job has failed and another is under way."""
    with Emulator(customers=2, devices=24, patches=30, seed=9).running() as host:
        host.emulator.advance(days=6, hours=11)
        yield host


@pytest.fixture(scope="module")
def truth(host):
    """What is listed without any fault."""
    with reading(host) as source:
        return states_of(listed(source))


@pytest.fixture(autouse=True)
def _without_faults(host):
    yield
    host.emulator.clear_faults()


@pytest.mark.slow
@pytest.mark.full(share=0.1)
@pytest.mark.parametrize("service", READ)
@pytest.mark.parametrize("kind", sorted(OF_QUALYS))
def test_a_fault_is_an_error_or_makes_no_difference(host, truth, patience_seconds, service, kind):
    options = OPTIONS.get(kind, {})
    host.emulator.fault(kind, service=service, after=1, times=None, **options)
    try:
        with reading(host, timeout=patience_seconds) as source:
            learned = states_of(listed(source))
    except Error:
        assert kind != "unknown_fields"
    else:
        assert learned == truth
