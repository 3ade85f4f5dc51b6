"""Files that cannot be used: each gets one line, a hint, and nothing that was committed is lost."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from small_fleet import DAY, NOW, device, finding, inventory, patch, sync

from patchfleet.errors import StoreError
from patchfleet.store import Store, queries
from patchfleet.store.record import file_locks

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def refused(path, **options):
    with pytest.raises(StoreError) as caught, Store.open(path, **options) as store:
        store.begin("nsight", now=NOW)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def execute(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def locked(path):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout.readline() == b"locked\n"
        yield child
        child.kill()


@pytest.fixture
def address(path):
    """Keep the record in a file: what goes wrong with a server is in test_store_postgresql.py."""
    return str(path)


@pytest.fixture
def folder():
    """Make a folder that others may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@contextmanager
def as_nobody():
    """Run without the powers of root, which no permission stops."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_nothing_was_recorded_yet(path):
    for missing in (path, path.parent / "no" / "fleet.db"):
        assert "there is no data" in refused(missing, create=False)
    path.touch()
    assert "there is no data" in refused(path, create=False)
    assert path.read_bytes() == b""


def test_an_sqlite_that_is_too_old_is_told_at_once(path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    said = refused(path)
    assert said == "this Python comes with SQLite 3.34.1, and 3.35 or newer is needed"
    assert not path.exists()


def test_a_file_that_is_no_database_is_left_alone(path):
    path.write_text("title,kb\n" * 1000)
    assert refused(path) == f"{path} is not a database"
    assert path.read_text() == "title,kb\n" * 1000


def test_a_database_of_somebody_else_is_left_alone(path):
    execute(path, "CREATE TABLE album (title TEXT)")
    before = path.read_bytes()
    assert "not one of Patchfleet" in refused(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_database_of_a_newer_patchfleet_is_left_alone(path):
    Store.open(path).close()
    execute(path, "UPDATE patchfleet_version SET version_num = '0099'")
    assert "newer Patchfleet (revision 0099, this one knows up to 0011)" in refused(path)


@pytest.mark.parametrize(
    "harm", ["DELETE FROM patchfleet_version", "DROP TABLE scan", "DROP TABLE publication"]
)
def test_a_database_left_half_way_is_named(path, harm):
    Store.open(path).close()
    execute(path, harm)
    assert "half-way through" in refused(path)


def test_a_damaged_database_is_named(path):
    with Store.open(path) as store:
        sync(store, {"d1": [finding(n, patch(f"Update {n}")) for n in range(500)]})
    execute(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    assert refused(path) == f"{path} is damaged"


def test_a_place_where_no_file_can_be_is_named(path, tmp_path):
    assert refused(tmp_path) == f"{tmp_path} is a folder, not a database"
    assert "there is no folder" in refused(tmp_path / "no" / "fleet.db")
    (tmp_path / "file").touch()
    assert "there is no folder" in refused(tmp_path / "file" / "fleet.db")


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
@pytest.mark.parametrize("mode", [0o555, 0o600])
def test_a_folder_that_cannot_be_written_to_is_named(folder, mode):
    folder.chmod(mode)
    with as_nobody():
        assert "cannot be" in refused(folder / "fleet.db")
        if mode == 0o555:
            assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
@pytest.mark.parametrize("is_folder_shut", [True, False])
def test_a_database_that_cannot_be_written_to_is_named(folder, is_folder_shut):
    Store.open(folder / "fleet.db").close()
    for path in folder.iterdir():
        path.chmod(0o444)
    if is_folder_shut:
        folder.chmod(0o555)
    else:
        folder.chmod(0o777)
    with as_nobody():
        assert "fleet.db cannot be" in refused(folder / "fleet.db")


def test_a_lock_is_waited_for_and_its_holder_named(path):
    with Store.open(path) as store:
        sync(store, {"d1": [finding()]})
    with locked(path) as child, Store.open(path, wait_seconds=0.05) as store:
        with pytest.raises(StoreError) as caught:
            store.begin("nsight", now=NOW)
        with store.snapshot() as snapshot:
            assert queries.count_findings(snapshot) == 1
    if Path("/proc/locks").exists():
        assert f"(pid {child.pid}) and stayed so for 0.05 s" in caught.value.message
        assert "python" in caught.value.message
    assert caught.value.hint


def test_a_lock_that_is_given_back_in_time_is_only_waited_for(path):
    Store.open(path).close()
    with locked(path) as child, Store.open(path, wait_seconds=30) as store:
        child.stdin.close()  # its end of input is its end
        store.begin("nsight", now=NOW)


def test_what_is_unchanged_is_not_forgotten_where_it_cannot_be_committed(path):
    listings = {"d1": [finding(1)], "d2": [finding(2)], "d3": [finding(3)]}
    later = NOW + DAY
    with Store.open(path, wait_seconds=0.05) as store:
        sync(store, listings)
        run = store.begin("nsight", now=later)
        run.inventory(inventory(*(device(number) for number in listings), at=later))
        run.record_unchanged("d1", now=later)
        refuse = "BEGIN SELECT RAISE(ABORT, 'no room'); END"
        execute(path, f"CREATE TRIGGER full BEFORE UPDATE OF fingerprint ON device {refuse}")
        with pytest.raises(StoreError, match="no room"):
            run.record("d2", listings["d2"], now=later)
        execute(path, "DROP TRIGGER full")
        run.record("d2", listings["d2"], now=later)
        run.record_unchanged("d3", now=later)
        with locked(path), pytest.raises(StoreError, match="is locked by"):
            run.complete(now=later, as_of=later)
        run.complete(now=later, as_of=later)
        with store.snapshot() as snapshot:
            held = queries.findings(snapshot)
    assert [(f.device_id, f.scanned_at) for f in held] == [(d, later) for d in listings]


def test_where_the_system_lists_no_locks_the_running_sync_is_named(path, store, tmp_path):
    assert file_locks.writers(path, tmp_path / "nothing") == []
    store.begin("nsight", now=NOW)
    from patchfleet.store.record import sqlite

    assert sqlite.SQLite(path, 1)._running()[0].startswith(f"pid {os.getpid()} on ")
    assert sqlite.SQLite(tmp_path / "nothing", 1)._running() == []


def test_a_full_disk_keeps_what_was_recorded(path, store):
    sync(store, {"d1": [finding()]})
    run = store.begin("nsight", now=NOW + DAY)
    run.inventory(inventory(device("d1"), device("d2")))
    run.record("d1", [finding(state="installed")], now=NOW + DAY)
    many = [finding(n, patch(f"Update {n}")) for n in range(2000)]
    with store._database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="is full") as caught:
        run.record("d2", many, now=NOW + DAY)
    assert "free some space" in caught.value.hint
    assert run.scanned == {"d1"}
    with store._database.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    run.stop(now=NOW + DAY)
    with store.snapshot() as snapshot:
        assert [row.state for row in queries.findings(snapshot)] == ["missing"]
    again = store.begin("nsight", now=NOW + DAY)
    assert again.scanned == {"d1"}
    again.inventory(inventory(device("d1"), device("d2")))
    again.record("d2", many, now=NOW + DAY)
    again.complete(now=NOW + DAY, as_of=NOW + DAY)
    with store.snapshot() as snapshot:
        assert queries.count_findings(snapshot) == 2001


def test_an_interrupt_in_the_middle_of_a_device_leaves_nothing_of_it(store):
    run = store.begin("nsight", now=NOW)
    run.inventory(inventory(device("d1"), device("d2")))
    run.record("d1", [finding(1)], now=NOW)

    def interrupt():
        with store._database.write() as connection:
            connection.exec_driver_sql("DELETE FROM finding")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    run.record("d2", [finding(1)], now=NOW)
    run.complete(now=NOW, as_of=NOW)
    with store.snapshot() as snapshot:
        assert queries.count_findings(snapshot) == 2


@pytest.mark.parametrize("said", ["{", "[1", "\\x", "", "[" * 3_000])
@pytest.mark.parametrize(
    ("table", "column"), [("publication", "digests"), ("description", "mac_addresses")]
)
def test_json_that_was_damaged_in_the_record_is_one_line(path, table, column, said):
    with Store.open(path) as store:
        sync(store, {"d1": [finding()]})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE {table} SET {column} = ?", (said,))
    with Store.open(path) as store, pytest.raises(StoreError, match="is damaged") as caught:
        store.snapshot() if table == "publication" else store.sources.last_inventory("nsight")
    assert "\n" not in caught.value.message
