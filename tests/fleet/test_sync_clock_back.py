"""A clock that is put back, between two syncs and in the middle of one: complete, and the truth."""

from datetime import timedelta
from itertools import count

import pytest

from ground_truth import patched, recorded_findings, true_findings
from patchfleet.fleet import SyncOptions, sync
from patchfleet.store.queries import devices, findings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPARING = SyncOptions(max_age=7 * DAY)


def learned(store, **when):
    with store.snapshot(**when) as snapshot:
        return recorded_findings(findings(snapshot))


@pytest.mark.parametrize("rules", [SyncOptions(), SPARING])
def test_between_syncs(emulator, source, store, rules):
    """The later sync is the current one; whoever was listed in what is now the future is asked."""
    emulator.advance(days=8)
    first = sync(source, store, now=lambda: emulator.now + 3 * DAY, rules=rules)
    emulator.advance(days=1)
    second = sync(source, store, now=lambda: emulator.now, rules=rules)
    assert (first.is_complete, second.is_complete) == (True, True)
    assert second.scanned == len(patched(emulator))
    assert learned(store) == true_findings(emulator)
    assert [run.is_current for run in store.runs.latest()] == [True, False]
    with store.snapshot() as snapshot:
        listed = {row.scanned_at for row in devices(snapshot) if row.is_patched}
    assert listed == {emulator.now}


def test_a_run_that_was_broken_off_in_the_future_is_gone_on_with(emulator, source, store):
    def tell(progress):
        if progress.scanned == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync(source, store, now=lambda: emulator.now + 3 * DAY, on_progress=tell)
    outcome = sync(source, store, now=lambda: emulator.now)
    assert (outcome.is_complete, outcome.is_resumed) == (True, True)
    assert learned(store) == true_findings(emulator)


def test_within_a_sync(emulator, source, store):
    """Each device is listed an hour before the one before it."""
    sync(source, store, now=lambda: emulator.now)
    before = learned(store)
    was = emulator.now
    emulator.advance(days=8)
    ticks = count()
    outcome = sync(source, store, now=lambda: emulator.now - next(ticks) * HOUR)
    assert outcome.is_complete
    assert learned(store) == true_findings(emulator)
    assert learned(store, at=was) == before != learned(store)
    again = sync(source, store, now=lambda: emulator.now)
    assert (again.is_complete, again.new, again.changed, again.gone) == (True, 0, 0, 0)
