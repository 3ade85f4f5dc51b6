"""A customer that left, erased: nothing of it in the record or in any published file."""

import gc
from pathlib import Path

import duckdb
import pytest
from small_fleet import DAY, NOW, device, finding, inventory, sync
from sqlalchemy import insert
from test_store_killed_anywhere import Killed, Killer, copies, steps

from patchfleet.errors import StoreError
from patchfleet.models import Gap
from patchfleet.store import ChangeEntry, Store
from patchfleet.store.record.author import current_author
from patchfleet.store.record.journal import row_of
from patchfleet.store.record.schema import change, metadata

pytestmark = [
    pytest.mark.slow,
    # What a killed process leaves open nobody closes; drivers warn of it when it is collected.
    pytest.mark.filterwarnings(
        "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
    ),
]
__all__ = ["copies"]

WORDS = ("Zebra", "dev-zebra", "SER-ZEBRA")


def fleet(*, with_zebra, at):
    zebra = [
        device("dev-zebra1", "ZEBRA-PC", customer="c2", site="s2", serial="SER-ZEBRA"),
        device("dev-zebra2", "ZEBRA-SRV", customer="c2", site="s2"),
    ]
    return inventory(
        device("d1"),
        *(zebra if with_zebra else []),
        customers=("Acme", "Zebra Ltd") if with_zebra else ("Acme",),
        sites=("Main", "Zebra House") if with_zebra else ("Main",),
        at=at,
    )


def make_runs(store):
    """Make three runs with a customer, and two after it left."""
    for day in range(5):
        now, has = NOW + day * DAY, day < 3
        listings = {"d1": [finding(n) for n in range(day + 1)]}
        if has:
            listings |= {f"dev-zebra{n}": [finding(n + day)] for n in (1, 2)}
        run = store.begin("nsight", now=now)
        run.inventory(fleet(with_zebra=has, at=now))
        for number, found in listings.items():
            run.record(number, found, now=now)
        if has:
            run.problem(Gap("device ZEBRA-PC", "Zebra is asleep", "c2", "dev-zebra1"))
        run.complete(now=now, as_of=now)
    sync(store, {"q1": [finding()]}, source="qualys")
    entry = ChangeEntry(
        plan_id="p1", at=NOW, source="nsight", device_id="dev-zebra1", finding_ids=("1",),
        action="approve", outcome="confirmed",
    )  # fmt: skip
    with store._database.write() as connection:
        connection.execute(insert(change), [row_of(entry, current_author())])


def everything(store):
    """Return all that is on record and in published files, as one text."""
    with store._database.read() as connection:
        texts = [
            repr(row) for t in metadata.sorted_tables for row in connection.execute(t.select())
        ]
    for file in Path(store.published).rglob("*.parquet"):
        texts += map(
            str, duckdb.sql(f"SELECT CAST(row AS VARCHAR) FROM '{file}' AS row").fetchall()
        )
    return "\n".join(texts)


def acme(store):
    """Return what every run says of the other customer."""
    answers = {}
    for run in store.runs.latest(99):
        with store.snapshot(run_id=run.id) as snapshot:
            answers[run.id] = sorted(
                map(repr, snapshot.ask(
                    "SELECT device_id, finding_id, state, first_seen_at FROM findings "
                    "WHERE customer = 'Acme'"
                ).rows())
            )  # fmt: skip
    return answers


def test_nothing_of_a_forgotten_customer_is_left(store):
    make_runs(store)
    before = acme(store)
    assert all(word in everything(store) for word in WORDS)
    done = store.forget("zebra ltd")
    assert (len(done.subjects[0].devices), done.files_of, done.moved) == (2, 6, ())
    assert done.journal_lines == 0
    left = everything(store).lower()
    assert [word for word in WORDS if word.lower() in left] == []
    if "://" not in store.address:
        for file in Path(store.address).parent.glob("fleet.db*"):
            assert b"zebra" not in file.read_bytes().lower()
    assert store.publications.damaged() == []
    assert acme(store) == before
    sync(store, {"d1": [finding(9)]}, now=NOW + 9 * DAY)
    with pytest.raises(StoreError, match="no customer is or was called Zebra Ltd"):
        store.forget("Zebra Ltd")


def test_a_customer_that_is_still_listed_is_refused(store):
    make_runs(store)
    before = everything(store)
    with pytest.raises(StoreError, match="nsight still lists Acme"):
        store.forget("Acme")
    with pytest.raises(StoreError, match="no customer is or was called c2"):
        store.forget("c2", "qualys")
    run = store.begin("qualys", now=NOW + 9 * DAY)
    with Store.open(store.address) as other, pytest.raises(StoreError, match="is being synced"):
        other.forget("c2")
    run.release()
    assert before.count("ebra") == everything(store).count("ebra")


def test_a_device_that_moved_is_kept_without_the_name(store):
    make_runs(store)
    now = NOW + 9 * DAY
    moved = inventory(device("d1"), device("dev-zebra2", "NEW-NAME"), at=now)
    sync(store, {"d1": [finding()], "dev-zebra2": [finding(7)]}, now=now, of=moved)
    done = store.forget("Zebra Ltd")
    assert done.moved == ("nsight dev-zebra2",)
    left = everything(store)
    assert "Zebra" not in left
    assert "dev-zebra1" not in left
    assert "(forgotten)" in left
    assert store.publications.damaged() == []


def test_an_erasure_that_is_killed_at_any_step_is_seen_by_no_reader(address, tmp_path, copies):
    base = tmp_path / "base"
    with Store.open(address, published=base) as store:
        make_runs(store)
        whole = acme(store)
    step = 0
    for step in steps(f"forget{address[:4]}"):
        here, there = copies(address, base)
        store = Store.open(here, published=there)
        was_killed = False
        with Killer(step).watching(store):
            try:
                store.forget("c2")
            except Killed:
                was_killed = True
        gc.collect()
        store.close()
        with Store.open(here, published=there) as store:
            is_erased = not store.customers_named("c2")
            assert acme(store) == whole
            assert store.publications.damaged() == []
            assert ("Zebra" in everything(store)) is not is_erased
        if not was_killed:
            break
    assert step > 20
