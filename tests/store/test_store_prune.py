"""Old runs deleted: the record without them, and every kept run as it was."""

import gc
import random
import shutil
import sys
from datetime import timedelta

import pytest
from small_fleet import DAY, NOW, device, finding, inventory, sync
from test_store_chain import History
from test_store_killed_anywhere import Killed, Killer, check_intervals, copies, steps

from patchfleet.errors import StoreError
from patchfleet.store import Store
from patchfleet.store.publication import chain
from patchfleet.store.record.schema import metadata

pytestmark = [
    pytest.mark.slow,
    # What a killed process leaves open nobody closes; drivers warn of it when it is collected.
    pytest.mark.filterwarnings(
        "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
    ),
]
__all__ = ["copies"]

AS_OF_RUN = {
    "devices": "source, device_id, device, customer_id, customer, scanned_at",
    "customers": "*",
    "sites": "*",
    "patches": "*",
    "machines": "*",
    "match_candidates": "*",
    "findings": "source, device_id, finding_id, patch, state, decision, first_seen_at, changed_at",
}


def as_of_run(store, run_id):
    """Read all that a run reads as."""
    with store.snapshot(run_id=run_id) as snapshot:
        assert snapshot.repaired == ()
        return {
            view: sorted(map(repr, snapshot.ask(f"SELECT {columns} FROM {view}").rows()))
            for view, columns in AS_OF_RUN.items()
        }


def history_since(store, oldest):
    """Read what history says of the time from a run on."""
    when = f"source = 'nsight' AND (to_run IS NULL OR to_run > {oldest})"
    with store.snapshot(with_history=True) as snapshot:
        return {
            "findings": sorted(
                map(repr, snapshot.ask(f"SELECT * FROM finding_history WHERE {when}").rows())
            ),
            "patches": sorted(
                map(repr, snapshot.ask(
                    f"SELECT patch_key, greatest(from_run, {oldest}), to_run FROM patch_history "
                    f"WHERE {when}"
                ).rows())
            ),
            "runs": sorted(map(repr, snapshot.ask(
                f"SELECT * FROM runs WHERE source = 'nsight' AND run_id >= {oldest}").rows())),
        }  # fmt: skip


def rows_of(store):
    with store._database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select()).all()))
            for table in metadata.sorted_tables
        }


def files_of(store):
    return sorted(str(p.relative_to(store.published)) for p in store.published.rglob("*.parquet"))


@pytest.fixture
def short_chains(monkeypatch):
    monkeypatch.setattr(chain, "_MOST_CHANGED", 5.0)
    monkeypatch.setattr(chain, "_MOST_PARTS", 3)


@pytest.mark.usefixtures("short_chains")
@pytest.mark.parametrize("seed", range(4))
def test_every_kept_run_reads_as_before(store, seed):
    history = History(store, seed)
    chance = random.Random(seed)
    for _ in range(2):
        for _ in range(chance.randint(4, 7)):
            history.change()
            history.run()
            if chance.random() < 0.4:
                day = history.day
                sync(store, {"q1": [finding(day, state="missing")]}, source="qualys",
                     now=NOW + day * DAY)  # fmt: skip
        complete = sorted(run.id for run in store.runs.latest(999) if run.state == "complete")
        keep = (
            chance.randint(1, 6) if chance.random() < 0.5 else timedelta(days=chance.randint(1, 9))
        )
        now = NOW + history.day * DAY
        foreseen = store.prune(keep, now=now, dry_run=True)
        bounds = {one.source: one for one in foreseen.sources}
        gone = {run for one in bounds.values() for run in one.runs}
        before = {run: as_of_run(store, run) for run in complete if run not in gone}
        since = bounds["nsight"].oldest_run
        told = history_since(store, since)
        # The dry run says what happens.
        assert store.prune(keep, now=now) == foreseen
        assert {run: as_of_run(store, run) for run in before} == before
        assert history_since(store, since) == told
        check_intervals(store)
        assert store.publications.damaged() == []
        assert not sum(store.prune(keep, now=now).rows.values())
        assert not any("run=" + str(run) + "/" in file for run in gone for file in files_of(store))
        # The files are still what the record says of them.
        written = files_of(store)
        shutil.rmtree(store.published)
        assert store.publications.rewrite_all() == len(before)
        assert files_of(store) == written
        assert {run: as_of_run(store, run) for run in before} == before


@pytest.mark.usefixtures("short_chains")
def test_a_chain_is_never_cut_and_the_last_run_stays(store):
    for day in range(6):
        sync(store, {"d1": [finding(n) for n in range(day + 1)]}, now=NOW + day * DAY)
    (one,) = store.prune(timedelta(days=1), now=NOW + 900 * DAY, dry_run=True).sources
    assert (one.runs, one.oldest_run, one.kept, one.needed_runs) == ((1, 2, 3, 4), 5, 2, (5,))
    (one,) = store.prune(3).sources
    assert (one.runs, one.oldest_run, one.kept, one.needed_runs) == ((), 1, 6, (1, 2, 3))


def make_runs(store, count=6):
    """Make complete runs of two sources, with machines and a device that leaves."""
    for day in range(count):
        now = NOW + day * DAY
        there = ["d1", "d2"] if day < 3 else ["d1"]
        sync(store, {d: [finding(n) for n in range(day + 1)] for d in there}, now=now)
        sync(store, {"q1": [finding(day)]}, now=now, source="qualys")


@pytest.mark.usefixtures("short_chains")
def test_a_prune_that_is_killed_at_any_step_goes_on(address, tmp_path, copies):
    base = tmp_path / "base"
    with Store.open(address, published=base) as store:
        make_runs(store)
        runs = [run.id for run in store.runs.latest(99)]
        before = {run: as_of_run(store, run) for run in runs}
    here, there = copies(address, base)
    with Store.open(here, published=there) as store:
        store.prune(2)
        right = rows_of(store), files_of(store)
        kept = [run.id for run in store.runs.latest(99) if run.state == "complete"]
    assert 0 < len(kept) < len(runs)
    step = 0
    for step in steps(address[:4]):
        here, there = copies(address, base)
        store = Store.open(here, published=there)
        was_killed = False
        with Killer(step).watching(store):
            try:
                store.prune(2)
            except Killed:
                was_killed = True
        gc.collect()
        store.close()
        with Store.open(here, published=there) as store:
            complete = [run.id for run in store.runs.latest(99) if run.state == "complete"]
            assert {run: as_of_run(store, run) for run in complete} == {
                run: before[run] for run in complete
            }
            assert set(kept) <= set(complete)
            store.prune(2)
            assert (rows_of(store), files_of(store)) == right, step
        if not was_killed:
            break
    assert step > 20


@pytest.mark.usefixtures("short_chains")
def test_nothing_is_pruned_while_a_source_is_synced(store, address):
    make_runs(store)
    before = rows_of(store)
    run = store.begin("qualys", now=NOW + 9 * DAY)
    with Store.open(address) as other:
        for refused in (lambda: other.prune(1), other.vacuum):
            with pytest.raises(StoreError, match="qualys is being synced, and nothing can be"):
                refused()
        assert sum(other.prune(1, dry_run=True).rows.values())
    run.release()
    assert {**rows_of(store), "run": 0, "source": 0} == {**before, "run": 0, "source": 0}
    assert store.prune(1).sources[0].runs
    # The interrupted run goes on.
    resumed = store.begin("qualys", now=NOW + 9 * DAY)
    assert resumed.is_resumed
    resumed.inventory(inventory(device("q1"), at=NOW + 9 * DAY))
    resumed.record("q1", [finding(5), finding(6)], now=NOW + 9 * DAY)
    resumed.complete(now=NOW + 9 * DAY, as_of=NOW + 9 * DAY)
    assert store.publications.damaged() == []


@pytest.mark.usefixtures("short_chains")
def test_a_reader_of_a_pruned_run_is_told_so(store, address):
    make_runs(store)
    oldest = min(run.id for run in store.runs.latest(99))
    with (
        Store.open(address) as other,
        store.snapshot(run_id=oldest) as reader,
        store.snapshot() as current,
    ):
        open_before = as_of_run(store, max(run.id for run in store.runs.latest(99)))
        _, parts = store.publications._publication(oldest)
        assert oldest in other.prune(1).sources[0].runs
        # Its files are gone: it answers as before, or not at all.
        with pytest.raises(StoreError, match="No files found"):
            reader.ask("SELECT * FROM devices").rows()
        assert current.ask("SELECT count(*) FROM findings").rows()
        # A reader that was about to repair what it found missing leaves nothing behind.
        with pytest.raises(StoreError, match=f"run {oldest} was pruned while its files were read"):
            store.publications._repair.rewrite("nsight", parts[-1])
        assert not (store.published / parts[-1].folder).exists()
        with pytest.raises(StoreError, match=f"run {oldest} was pruned from"):
            store.snapshot(run_id=oldest)
        with pytest.raises(StoreError, match=r"the runs of nsight as of .* were pruned") as told:
            store.snapshot(at=NOW + DAY / 2)
        assert "the oldest one kept is as of" in told.value.hint
        assert as_of_run(store, max(run.id for run in store.runs.latest(99))) == open_before


@pytest.mark.usefixtures("short_chains")
def test_folders_left_by_a_killed_prune_are_deleted_by_the_next(store):
    make_runs(store)
    store.prune(1)
    left = store.published / "source=nsight" / "run=1"
    left.mkdir()
    (left / "findings.parquet").touch()
    store.prune(1)
    assert not left.exists()


def test_vacuum_returns_space_to_the_disk(store):
    for day in range(3):
        state = ["missing", "installed"][day % 2]
        sync(store, {"d1": [finding(n, state=state) for n in range(4000)]}, now=NOW + day * DAY)
    store.prune(1)
    before, after = store.vacuum()
    assert 0 < after < before
    assert store.vacuum() == (after, after)
    assert store.publications.damaged() == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are a matter of POSIX")
def test_a_vacuum_without_room_is_one_line_and_changes_nothing(path):
    import resource

    with Store.open(path) as store:
        sync(store, {"d1": [finding(n) for n in range(4000)]})
        before = rows_of(store)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
        try:
            with pytest.raises(StoreError) as told:
                store.vacuum()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert "\n" not in str(told.value)
        assert told.value.hint
        assert rows_of(store) == before
