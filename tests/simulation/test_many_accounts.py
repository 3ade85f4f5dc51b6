"""Three accounts of each vendor in one record, equal to the truths of their worlds throughout."""

import threading
from contextlib import ExitStack

import pytest
from emulated_sources import TRUTH_OF, has, learned, reading

from patchfleet.emulator import Emulator
from patchfleet.errors import WrongAccount
from patchfleet.fleet import SyncOptions, sync
from patchfleet.store import Store

pytestmark = pytest.mark.slow

WORLDS = {"one": 3, "two": 4, "three": 5}
"""Worlds by the seed of each; their ids overlap, as those of real accounts do."""


@pytest.fixture(scope="module")
def accounts():
    """Return the source, the vendor and the emulator of six accounts, by name."""
    with ExitStack() as stack:
        found = {}
        for world, seed in WORLDS.items():
            emulator = Emulator(customers=2, devices=10, patches=8, seed=seed, qualys_patches=12)
            sources = stack.enter_context(reading(stack.enter_context(emulator.running())))
            for vendor, source in sources.items():
                source.name = f"{world}-{vendor}"
                found[source.name] = source, vendor, emulator
        yield found


def check(store, accounts):
    """Compare what is on record of each account with the truth of its world."""
    with store.snapshot() as snapshot:
        assert {one.source for one in snapshot.publications} == accounts.keys()
        for name, (_, vendor, emulator) in accounts.items():
            assert learned(snapshot, name, vendor) == has(TRUTH_OF[vendor](emulator)), name


def refused(store, accounts, name, *, by):
    """Sync one account under the name of another, which is refused."""
    source, _, emulator = accounts[by]
    source.name = name
    try:
        with pytest.raises(WrongAccount):
            sync(source, store, now=lambda: emulator.now)
    finally:
        source.name = by


def read_all(store_of, accounts):
    """Sync every account in a thread of its own."""
    failures = []

    def work(source, emulator):
        try:
            with store_of() as store:
                assert sync(source, store, now=lambda: emulator.now).is_complete
        except BaseException as error:  # noqa: BLE001 -- raised below
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(source, emulator))
        for source, _, emulator in accounts.values()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure


@pytest.mark.full
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_many_accounts_stay_apart(accounts, database, tmp_path, request):
    is_file = database == "sqlite"
    address = tmp_path / "a.db" if is_file else request.getfixturevalue("server").new_database()
    other = request.getfixturevalue("server").new_database() if is_file else tmp_path / "b.db"

    def store_of():
        return Store.open(address, published=tmp_path / "a", wait_seconds=60)

    with store_of() as store:
        for source, _, emulator in accounts.values():  # each is interrupted, and goes on below
            cut = sync(source, store, now=lambda e=emulator: e.now, rules=SyncOptions(max_calls=6))
            assert not cut.is_complete
    names = [*accounts]
    names = [*accounts]
    with store_of() as store:  # nobody goes on with the run of another
        for name, other_name in zip(names, [*names[2:], *names[:2]], strict=True):
            refused(store, accounts, name, by=other_name)
    for day in range(2):
        read_all(store_of, accounts)
        with store_of() as store:
            check(store, accounts)
        if not day:
            for emulator in {id(one[2]): one[2] for one in accounts.values()}.values():
                emulator.advance(days=3)
    with store_of() as store:
        store.copy_to(other)
        assert not store.publications.damaged()
    with Store.open(other, published=tmp_path / "b") as copied:
        check(copied, accounts)
        assert copied.sources.accounts().keys() == accounts.keys()
        refused(copied, accounts, "two-nsight", by="one-nsight")
