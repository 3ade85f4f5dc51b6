"""Killed before and after every statement and every step on the files: it goes on, and to the same.

What a run does from its inventory to its end is done again and again, ended at its first step, at
its second, and so on until it is done. A step is what may be done or not when a process ends: a
statement, a commit, what is done in the storage. The record is opened anew each time, as after a
kill: nothing that was not committed is there. Then the run is gone on with, at once or after a
whole run of another source, and what is on record has to be what it is where nothing was ended.
"""

import gc
import itertools
import os
import shutil
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from small_fleet import DAY, NOW, device, finding, inventory
from sqlalchemy import event

from patchfleet.errors import StoreError
from patchfleet.models import Job, JobResult, JobRun, Jobs, SourceState
from patchfleet.models.machine import Identity, Machine, MatchCandidate, Member
from patchfleet.store import Store, queries
from patchfleet.store.record import database as database_module

# What a killed process leaves open nobody closes; drivers warn of it when it is collected.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)

EVERY = os.environ.get("PATCHFLEET_EVERY_STEP")
"""Set it to end processes at every step, which takes half an hour; else it is one in 24."""


def steps(of):
    """Number the steps to be ended at, other ones in each test."""
    stride = 1 if EVERY else 24
    return itertools.count(zlib.crc32(of.encode()) % stride, stride)


class Killed(BaseException):
    """The end of a process, which nothing catches."""


class Killer:
    """Counts steps, and ends the process at one of them."""

    def __init__(self, step):
        self.left = step

    def step(self, *_args):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed

    @contextmanager
    def watching(self, store):
        engine, storage = store._database.backend.engine, store._storage
        engine.dispose()
        opened = []
        event.listen(engine, "connect", lambda connection, _: opened.append(connection))
        for name in ("before_cursor_execute", "commit"):  # before a statement is after the last
            event.listen(engine, name, self.step)
        kept = {name: getattr(storage, name) for name in ("delete", "put")}
        for name, function in kept.items():
            setattr(storage, name, self._around(function))
        try:
            yield
        finally:
            self.left = None
            for connection in opened:  # what was not committed is lost, as after a kill
                with suppress(Exception):  # some were closed by their pool
                    connection.rollback()
                connection.close()

    def _around(self, function):
        def call(*args):
            self.step()
            done = function(*args)
            self.step()
            return done

        return call


def machine(*refs):
    members = tuple(Member(*ref, score=90, reasons=("same serial",)) for ref in refs)
    return Machine(id=":".join(refs[0]), members=members)


def identity(*machines, alike=()):
    return Identity(machines=machines, look_alikes=alike)


A, B = [("nsight", f"d{n}") for n in range(3)], [("qualys", f"q{n}") for n in range(3)]
TOGETHER = identity(*(machine(*refs) for refs in zip(A, B, strict=True)))
DOUBTFUL = identity(
    machine(A[0], B[0]), *(machine(ref) for ref in (A[1], A[2], B[1], B[2])),
    alike=(MatchCandidate(
        left=A[1], right=B[1], kind="re-imaged", score=50,
        reasons_for=("name",), reasons_against=(),
    ),),
)  # fmt: skip


def jobs(word):
    return Jobs(
        as_of=NOW,
        jobs=(Job(id="j", name=word, status="enabled", vendor_status=""),),
        runs=(JobRun(id="1", job_id="j", status="done"),),
        results=tuple(
            JobResult(job_id="j", run_id="1", device_id=f"q{n}", status="done", vendor_status=word)
            for n in range(2)
        ),
    )


def of_source(source, numbers, *, customers=("Acme",), says="a", at=NOW):
    hosts = SourceState(payloads={f"{source}{n}": says for n in numbers}, at=at, whole_at=at)
    letter = "d" if source == "nsight" else "q"
    found = inventory(
        *(device(f"{letter}{n}", serial=says) for n in numbers), customers=customers, at=at
    )
    return type(found)(
        as_of=found.as_of, customers=found.customers, sites=found.sites, devices=found.devices,
        hosts=hosts,
    )  # fmt: skip


def whole_run(store, source, now, said, states, recognised, *, with_jobs=None, fresh=False):
    """Make one run, or go on with it, as a sync does."""
    run = store.begin(source, now=now, fresh=fresh)
    run.inventory(said)
    for one in said.devices:
        if one.id not in run.scanned:
            run.record(one.id, [finding(n, state=s) for n, s in states.items()], now=now)
    if with_jobs:
        run.jobs(with_jobs)
    run.count_calls(7)
    run.machines(recognised)
    try:
        run.complete(now=now, as_of=now)
    except StoreError:
        run.stop(now=now)
        raise


BEFORE = {"1": "missing", "2": "missing", "3": "missing"}
AFTER = {"1": "installed", "2": "missing", "4": "missing"}


def first(store):
    whole_run(
        store, "nsight", NOW, of_source("nsight", (0, 1, 2)), BEFORE,
        identity(*(machine(ref) for ref in A)),
    )  # fmt: skip


def other(store, day):
    """Make a whole run of the other source, which knows of Qualys what was complete there."""
    is_known = store.sources.last_inventory("qualys") is not None
    whole_run(
        store, "nsight", NOW + day * DAY, of_source("nsight", (0, 1, 2), says="b"), AFTER,
        DOUBTFUL if is_known else identity(*(machine(ref) for ref in A)),
    )  # fmt: skip


def mine(store, day, *, again=False):
    """Make the run that is killed: of Qualys, the first there is or a later one."""
    whole_run(
        store, "qualys", NOW + day * DAY,
        of_source("qualys", (0, 1, 2) if not again else (0, 2),
                  customers=("Acme",) if not again else ("Acme", "New"), says=str(again)),
        AFTER if again else BEFORE,
        TOGETHER, with_jobs=jobs("b" if again else "a"),
    )  # fmt: skip


def told(store):
    """Spell all that readers see now, and that all files are what the record says."""
    with store.snapshot() as snapshot:
        assert not snapshot.repaired
        rows = {
            view: sorted(map(repr, snapshot.ask(f"SELECT {columns} FROM {view}").rows()))
            for view, columns in {
                "devices": "source, device_id, customer_id, serial",
                "customers": "source, customer_id, customer",
                "machines": "machine_id, source, device_id, score",
                "match_candidates": "left_source, left_id, right_source, right_id, kind",
                "findings": "source, device_id, finding_id, state, first_seen_at, changed_at",
                "jobs": "source, id, name",
                "job_runs": "source, job_id, id",
                "job_results": "job_id, run_id, device_id, vendor_status",
            }.items()
        }
    rows["hosts"] = store.sources.state("qualys")
    rows["ids"] = store.machines.ids()
    return rows


def check_intervals(store):
    """See that every interval ends after it began, and that no key holds twice."""
    from patchfleet.store.record.schema import interval, metadata

    with store._database.read() as connection:
        for table in metadata.sorted_tables:
            if not any(c.name.startswith("from_") for c in table.c):
                continue
            begin, end = interval(table)
            keys = [c.name for c in table.primary_key if c is not begin]
            held = set()
            for row in connection.execute(table.select()).mappings():
                assert row[end.name] is None or row[end.name] > row[begin.name], (table.name, row)
                if row[end.name] is None:
                    key = tuple(row[name] for name in keys)
                    assert key not in held, (table.name, row)
                    held.add(key)


@pytest.fixture
def copies(request, tmp_path):
    """Give a function that makes a new record out of one that is closed, in the same database."""
    number = itertools.count()

    def copy(address, published):
        name = f"copy{next(number)}"
        there = tmp_path / name
        if published.exists():
            shutil.copytree(published, there)
        if "://" in address:
            server = request.getfixturevalue("server")
            return server.new_database(address.rpartition("/")[2]), there
        for file in Path(address).parent.glob(f"{Path(address).name}*"):
            shutil.copy(file, tmp_path / file.name.replace(Path(address).name, f"{name}.db"))
        return str(tmp_path / f"{name}.db"), there

    return copy


@pytest.mark.slow
@pytest.mark.full(share=0.1)
@pytest.mark.parametrize("between", ["nothing", "another source", "another source twice"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_run_that_is_killed_at_any_step_goes_on_to_the_same(
    address, tmp_path, copies, between, is_first
):
    base = tmp_path / "base"
    with Store.open(address, published=base) as store:
        first(store)
        if not is_first:
            mine(store, 1)
    others = {"nothing": 0, "another source": 1, "another source twice": 2}[between]

    def then(store):
        mine(store, 2, again=not is_first)
        return told(store)

    undisturbed, there = copies(address, base)
    with Store.open(undisturbed, published=there) as store:
        for _ in range(others):
            other(store, 2)
        right = then(store)
    for step in steps(f"{between}{is_first}{address[:4]}"):
        here, there = copies(address, base)
        store = Store.open(here, published=there)
        was_killed = False
        killer = Killer(step)
        with killer.watching(store):
            try:
                mine(store, 2, again=not is_first)
            except Killed:
                was_killed = True
        gc.collect()  # a cursor that somebody still holds keeps the locks of a closed connection
        store.close()
        with Store.open(here, published=there) as store:
            if was_killed:
                for _ in range(others):
                    other(store, 2)
                assert then(store) == right, step
            check_intervals(store)
            assert store.publications.damaged() == []
        shutil.rmtree(there)
        if not was_killed:
            break
    assert step > 30


@pytest.mark.slow
def test_a_migration_that_is_killed_at_any_step_goes_on(address, tmp_path, copies, monkeypatch):
    """A record without any table is the oldest there is: every migration is killed everywhere."""
    if "://" in address:
        empty = "template0"
        address = f"{address.rpartition('/')[0]}/{empty}"
    else:
        address = str(tmp_path / "nothing" / "fleet.db")
    upgraded = database_module.Database._upgrade
    for step in steps(address[:4]):
        here, there = copies(address, tmp_path / "none")
        killer = Killer(step)

        def upgrade(self, *given, killer=killer, **named):
            for name in ("before_cursor_execute", "commit"):
                event.listen(self.backend.engine, name, killer.step)
            upgraded(self, *given, **named)
            killer.left = None

        monkeypatch.setattr(database_module.Database, "_upgrade", upgrade)
        was_killed = False
        try:
            Store.open(here, published=there).close()
        except Killed:
            was_killed = True
        monkeypatch.setattr(database_module.Database, "_upgrade", upgraded)
        gc.collect()
        with Store.open(here, published=there) as store:
            first(store)
            with store.snapshot() as snapshot:
                assert queries.count_findings(snapshot) == 9
        if not was_killed:
            break
    assert step > 8


def test_a_publication_that_fails_does_not_keep_a_record_from_going_on(address, tmp_path):
    """The recipe of the fault: another source's run comes between two attempts."""
    published = tmp_path / "published"
    with Store.open(address, published=published) as store:
        first(store)
        published.joinpath("source=qualys").touch()
        with pytest.raises(StoreError, match="cannot be published"):
            mine(store, 1)
        other(store, 1)
        published.joinpath("source=qualys").unlink()
        mine(store, 1)
        rows = told(store)
        assert len(rows["machines"]) == 6
        assert rows["match_candidates"] == []
        check_intervals(store)
