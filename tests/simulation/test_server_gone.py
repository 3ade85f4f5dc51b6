"""The server that holds the record goes away in the middle of a sync, as in a failure of power."""

import pytest
from emulated_sources import TRUTH_OF, has, learned, reading

import postgresql
from patchfleet.emulator import Emulator
from patchfleet.errors import StoreError
from patchfleet.fleet import SyncOptions, sync
from patchfleet.store import Store

pytestmark = pytest.mark.slow


def test_what_was_complete_is_read_and_the_sync_goes_on(tmp_path):
    emulator = Emulator(customers=1, devices=16, patches=10, seed=3)

    def synced(source, store, **how):
        rules = SyncOptions(concurrency=1)
        return sync(source, store, now=lambda: emulator.now, rules=rules, **how)

    with (
        postgresql.running(postgresql.or_skip()) as server,
        emulator.running() as host,
        reading(host) as sources,
    ):
        source, address = sources["nsight"], server.new_database()
        with Store.open(address, published=tmp_path) as store:
            assert synced(source, store).is_complete
        before = has(TRUTH_OF["nsight"](emulator))
        emulator.advance(days=8)

        def tell(progress):
            if progress.scanned == 5:
                server.stop()

        with Store.open(address, published=tmp_path) as store, pytest.raises(StoreError) as caught:
            synced(source, store, on_progress=tell)
        assert "\n" not in caught.value.message
        assert "goes on from there" in caught.value.hint
        server.start()
        with Store.open(address, published=tmp_path) as store:
            with store.snapshot() as snapshot:
                assert learned(snapshot, "nsight") == before
            outcome = synced(source, store)
            assert (outcome.is_complete, outcome.is_resumed) == (True, True)
            with store.snapshot() as snapshot:
                assert learned(snapshot, "nsight") == has(TRUTH_OF["nsight"](emulator)) != before
