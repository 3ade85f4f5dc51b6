"""What a source remembers of its hosts: as it was read, whatever became of the run that read it."""

from datetime import timedelta

import msgspec
import pytest
from older_record import make_older
from small_fleet import DAY, NOW, device, inventory
from sqlalchemy import func, select

from patchfleet.errors import StoreError
from patchfleet.models import SourceState
from patchfleet.store import Store
from patchfleet.store.publication.files import PARQUET
from patchfleet.store.record import schema

HOUR = timedelta(hours=1)


def whole(at=NOW, **said):
    return SourceState(payloads=said, at=at, whole_at=at)


def changed(at, whole_at=NOW, **said):
    return SourceState(payloads=said, at=at, whole_at=whole_at)


def begin(store, hosts, *, source="qualys", now=NOW, **how):
    """Begin a run, or go on with one, that reads an inventory without devices."""
    run = store.begin(source, now=now, **how)
    run.inventory(msgspec.structs.replace(inventory(at=now), hosts=hosts))
    return run


def complete(store, hosts, *, now=NOW, **how):
    run = begin(store, hosts, now=now, **how)
    run.complete(now=now, as_of=now)
    return run.id


def rows(store):
    """Return how many rows of hosts there are, held or ended."""
    with store._database.read() as connection:
        return connection.scalar(select(func.count()).select_from(schema.host))


def test_what_is_said_comes_back(store):
    assert store.sources.state("qualys") is None
    said = whole(NOW + timedelta(microseconds=1), a="{}", b='"\\u0000 \N{SNOWMAN}"')
    complete(store, said)
    assert store.sources.state("qualys") == said


def test_a_nul_is_shown_as_a_sign(store):
    complete(store, whole(a="x\0y"))
    assert store.sources.state("qualys") == whole(a="x\N{SYMBOL FOR NULL}y")


def test_only_what_changed_is_written(store):
    complete(store, whole(a="1", b="1", c="1"))
    complete(store, changed(NOW + DAY, a="1", b="2", c="1"), now=NOW + DAY)
    assert rows(store) == 4
    complete(store, changed(NOW + 2 * DAY, a="1", b="2", c="1"), now=NOW + 2 * DAY)
    assert store.sources.state("qualys") == changed(NOW + 2 * DAY, a="1", b="2", c="1")
    complete(store, whole(NOW + 3 * DAY, a="1", b="2"), now=NOW + 3 * DAY)
    assert store.sources.state("qualys") == whole(NOW + 3 * DAY, a="1", b="2")
    assert rows(store) == 4


def test_sources_are_apart(store):
    complete(store, whole(a="1"))
    complete(store, whole(NOW + DAY), source="qualys-eu", now=NOW + DAY)
    assert store.sources.state("qualys") == whole(a="1")
    assert store.sources.state("qualys-eu") == whole(NOW + DAY)


def test_a_run_that_reads_no_hosts_leaves_them(store):
    """Also their time: what changed since then is still to be asked for."""
    complete(store, whole(a="1"))
    complete(store, None, now=NOW + DAY)
    assert store.sources.state("qualys") == whole(a="1")


def test_a_run_that_is_broken_off_leaves_what_it_read_and_as_of_then(store):
    complete(store, whole(a="1", b="1"))
    begin(store, changed(NOW + HOUR, a="2", b="1"), now=NOW + HOUR).stop(now=NOW + HOUR)
    assert store.sources.state("qualys") == changed(NOW + HOUR, a="2", b="1")


def test_a_run_that_reads_nothing_says_nothing(store):
    complete(store, whole(a="1"))
    store.begin("qualys", now=NOW + DAY).stop(now=NOW + DAY)
    assert store.sources.state("qualys") == whole(a="1")


def test_a_run_that_is_gone_on_with_reads_again(store):
    complete(store, whole(a="1", b="1", c="1"))
    later, latest = NOW + DAY, NOW + DAY + HOUR
    first = begin(store, whole(later, a="2", b="2", d="2"), now=later)
    first.release()
    again = begin(store, changed(latest, later, a="3", b="2", c="3", d="2"), now=latest)
    assert (again.id, again.is_resumed) == (first.id, True)
    assert store.sources.state("qualys") == changed(latest, later, a="3", b="2", c="3", d="2")
    again.release()
    begin(store, whole(latest + HOUR, a="1"), now=latest + HOUR).release()
    assert store.sources.state("qualys") == whole(latest + HOUR, a="1")


def test_an_abandoned_run_leaves_what_it_read(store):
    complete(store, whole(a="1", b="1"))
    begin(store, whole(NOW + DAY, a="2"), now=NOW + DAY).release()
    run = store.begin("qualys", now=NOW + 2 * DAY, fresh=True)
    assert [row.state for row in store.runs.latest()] == ["running", "abandoned", "complete"]
    assert store.sources.state("qualys") == whole(NOW + DAY, a="2")
    run.release()


def test_an_inventory_that_contradicts_itself_says_nothing_of_hosts(store):
    complete(store, whole(a="1"))
    run = store.begin("qualys", now=NOW + DAY)
    wrong = inventory(device("d1", site="nowhere"), at=NOW + DAY)
    with pytest.raises(StoreError, match="nowhere"):
        run.inventory(msgspec.structs.replace(wrong, hosts=whole(NOW + DAY, a="2")))
    assert store.sources.state("qualys") == whole(a="1")


def test_they_are_copied_with_the_record(store, tmp_path):
    complete(store, whole(a="1", b="1"))
    complete(store, whole(NOW + DAY, a="2"), now=NOW + DAY)
    assert store.copy_to(tmp_path / "copy.db")["host"] == 3
    with Store.open(tmp_path / "copy.db") as other:
        assert other.sources.state("qualys") == whole(NOW + DAY, a="2")
        complete(other, changed(NOW + 2 * DAY, NOW + DAY, a="3"), now=NOW + 2 * DAY)
        assert other.sources.state("qualys") == changed(NOW + 2 * DAY, NOW + DAY, a="3")


@pytest.mark.slow
def test_a_record_of_before_remembers_nothing_and_keeps_the_rest(address):
    with Store.open(address) as store:
        complete(store, whole(a="1"))
        complete(store, None, now=NOW + DAY / 2)
        make_older(store, "0002")
    with Store.open(address) as store:
        assert store.sources.state("qualys") is None
        assert [run.state for run in store.runs.latest()] == ["complete"] * 2
        with store.snapshot() as snapshot:
            named = [what.partition("source=qualys/")[2] for what in snapshot.repaired]
        every = (*PARQUET, "begun", "ended", "struck")
        assert named == [
            f"{name}.parquet is outdated; it was rebuilt from the record"
            for name in ("run=1/findings", *(f"run=2/{name}" for name in every))
        ]
        assert store.publications.damaged() == []
        complete(store, whole(NOW + DAY, a="2"), now=NOW + DAY)
        assert store.sources.state("qualys") == whole(NOW + DAY, a="2")
