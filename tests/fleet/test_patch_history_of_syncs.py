"""Since when a patch is described so, as syncs told it, is what the vendor said at each."""

from qualys_ground_truth import true_states
from qualys_reading import reading

from patchfleet.emulator import Emulator
from patchfleet.fleet import sync
from patchfleet.store import queries


def synced(host, store):
    """Sync, and return the run and whether each patch that any asset lists is superseded now."""
    with reading(host) as source:
        done = sync(source, store, now=lambda: host.emulator.now)
    assert done.is_complete
    truth = host.emulator.ground_truth(vendor="qualys")
    replaced = {one["uuid"]: bool(one["superseded_by"]) for one in truth["patches"]}
    return done.run_id, {patch: replaced[patch] for _, patch in true_states(truth)}


def test_a_patch_is_superseded_since_the_sync_that_first_said_so(store):
    with Emulator(customers=2, devices=20, patches=40, seed=3).running() as host:
        told = {}
        for _ in range(5):
            run_id, patches = synced(host, store)
            told[run_id] = patches
            host.emulator.advance(days=9)
    with store.snapshot(with_history=True) as snapshot:
        rows = queries.patch_history(snapshot, "*")
    for run_id, patches in told.items():
        standing = [
            row for row in rows
            if row.from_run <= run_id and (row.to_run is None or row.to_run > run_id)
        ]  # fmt: skip
        assert len(standing) == len(patches)
        assert {row.vendor_id: bool(row.is_superseded) for row in standing} == patches
    became = {row.patch_key for row in rows if row.is_superseded and row.from_run > min(told)}
    changed = [row for row in rows if row.patch_key in became]
    assert [row.is_superseded for row in changed] == [False, True] * len(became)
    assert len(became) > 3
    for before, after in zip(changed[::2], changed[1::2], strict=True):
        assert before.valid_to == after.valid_from
