"""Twelve thousand assets of Qualys, read page by page over TLS."""

import tracemalloc

import pytest
from qualys_ground_truth import true_states
from qualys_reading import reading

from patchfleet.emulator import Emulator

MEGABYTE = 1 << 20


@pytest.mark.slow
@pytest.mark.full(group="memory", share=0.5)
def test_12_000_assets_are_the_truth_and_a_page_is_held_at_a_time():
    emulator = Emulator(
        customers=1,
        devices=2,
        qualys_assets=12_000,
        qualys_patches=2_000,
        qualys_jobs=8,
        qualys_job_assets=500,
    )
    with emulator.running(https=True) as host, reading(host, timeout=60) as source:
        truth = true_states(emulator.ground_truth(vendor="qualys"))
        devices = source.inventory().devices
        assert len(devices) == 12_000
        assert states_of_all(source, devices) == truth  # and the emulator has written every page
        before, most = peaks(source, devices)
    assert before < 60 * MEGABYTE
    assert most - before < 20 * MEGABYTE


def states_of_all(source, devices):
    return {
        (device.id, finding.id): finding.state
        for device, answer in source.listings(devices)
        for finding in answer.findings
    }


def peaks(source, devices):
    """Return how much memory the first device takes, with all that is shared, and all of them."""
    tracemalloc.start()
    try:
        listings = source.listings(devices)
        next(listings)
        before = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert sum(1 for _ in listings) == len(devices) - 1
        return before, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
