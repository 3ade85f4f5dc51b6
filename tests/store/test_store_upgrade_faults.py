"""An upgrade that is killed, or has no place for its copy, leaves the old record or the new one."""

import os
import resource
import sqlite3
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from old_records import REVISIONS, OldRecord
from sqlalchemy import Engine, create_engine, event, inspect, make_url, text

from patchfleet.errors import StoreError
from patchfleet.store import Store
from patchfleet.store.record import schema
from patchfleet.store.record.database import Database

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork, and limits of POSIX")


def opened(address, **options):
    return Database.open(address, create=False, wait_seconds=5, **options)


def url(address):
    if "://" not in str(address):
        return f"sqlite:///{address}"
    return str(address).replace("postgresql:", "postgresql+psycopg:")


def contents(address):
    """Read every table whole: its columns and its rows."""
    engine = create_engine(url(address))
    with engine.connect() as connection:
        found = {}
        for table in sorted(inspect(connection).get_table_names()):
            columns = [column["name"] for column in inspect(connection).get_columns(table)]
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            found[table] = (columns, sorted(map(repr, rows)))
    engine.dispose()
    return found


def killed_at(address, statement):
    """Upgrade in a child that ends at once before that statement; return whether it was done."""
    child = os.fork()
    if child == 0:
        kind, count = make_url(url(address)).get_backend_name(), 0

        def counted(connection, *_args):
            nonlocal count
            count += connection.dialect.name == kind  # not those of the copy of a server's rows
            if count > statement:
                os._exit(9)

        event.listen(Engine, "before_cursor_execute", counted)
        event.listen(Engine, "commit", counted)
        try:
            opened(address).close()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return request.getfixturevalue("server") if request.param == "postgresql" else None


@pytest.mark.parametrize("revision", ["0001", "0007"])
def test_an_upgrade_killed_at_any_statement_leaves_the_old_record_or_the_new(
    revision, place, tmp_path, is_full
):
    old = OldRecord(revision)
    address = old.place(tmp_path, place.new_database() if place else None)
    before = contents(address)
    statement, step, done = 0, 1 if is_full else 17, False
    while not done:
        statement += step
        done = killed_at(address, statement)
        now = contents(address)
        if now == before:
            assert not done
        else:
            assert now["patchfleet_version"][1] == [f"('{schema.REVISIONS[-1]}',)"]
            assert set(schema.metadata.tables) <= now.keys()
            assert len(now["finding"][1]) == len(before["finding"][1])
            done = True
    assert statement > 20
    opened(address).close()


@pytest.fixture
def path(tmp_path):
    return OldRecord("0006").unpack(tmp_path)


def refused(path):
    with pytest.raises(StoreError) as caught:
        opened(path)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


@contextmanager
def no_file_over(size):
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, was[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)


def test_a_full_disk_leaves_the_record_as_it_was(path):
    before = contents(path)
    listed = sorted(path.parent.iterdir())
    with no_file_over(path.stat().st_size // 2):
        message = refused(path)
    assert "no copy of it can be kept" in message
    assert contents(path) == before
    assert sorted(path.parent.iterdir()) == listed
    opened(path).close()
    assert contents(path) != before


def test_a_full_disk_beside_a_server_leaves_its_record_as_it_was(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    address = OldRecord("0006").place(tmp_path, server.new_database())
    before = contents(address)
    with no_file_over(65_536):
        assert "no copy of it can be kept" in refused(address)
    assert contents(address) == before
    assert not [file for file in (tmp_path / "data").rglob("*") if file.is_file()]


@contextmanager
def as_nobody():
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_record_that_cannot_be_written_to_is_not_upgraded(what):
    # The folders of pytest are closed to others.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = OldRecord("0006").unpack(folder)
        with closing(sqlite3.connect(path)) as record:
            record.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = path.read_bytes()
        path.chmod(0o444)
        folder.chmod(0o555 if what == "folder" else 0o777)
        with as_nobody():
            message = refused(path)
        folder.chmod(0o755)
        assert "cannot be" in message
        assert "upgraded where" in message or "upgrade of its tables" in message
        assert path.read_bytes() == before
        assert [file.name for file in folder.glob("fleet.0*")] == []


def test_a_record_of_a_newer_version_is_refused_on_both_databases(place, tmp_path):
    address = OldRecord(REVISIONS[-1]).place(tmp_path, place.new_database() if place else None)
    engine = create_engine(url(address))
    with engine.begin() as connection:
        connection.execute(text("UPDATE patchfleet_version SET version_num = '0099'"))
    engine.dispose()
    before = contents(address)
    assert "was written by a newer Patchfleet (revision 0099" in refused(address)
    assert contents(address) == before


def test_many_processes_that_open_an_old_record_upgrade_it_once(place, tmp_path):
    address = OldRecord("0004").place(tmp_path, place.new_database() if place else None)
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                Store.open(address, wait_seconds=60, create=False).close()
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children} == {0}
    kept = [*tmp_path.glob("fleet.0*.db"), *(tmp_path / "data").rglob("fleet.0*.db")]
    assert len(kept) == 1
