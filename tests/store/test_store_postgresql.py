"""What goes wrong with a server: one line, a hint, and nothing that was committed is lost."""

import subprocess
import sys

import pytest
from small_fleet import DAY, NOW, device, finding, inventory, sync
from sqlalchemy import make_url
from test_store_journal import SENT

import postgresql
from patchfleet.errors import StoreError
from patchfleet.store import Store, queries


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


@pytest.fixture
def address(server, template, home):
    return server.new_database(template)


def refused(address, **options):
    with pytest.raises(StoreError) as caught:
        Store.open(address, wait_seconds=2, **options)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_a_server_that_is_not_there_is_named_without_the_password():
    message = refused("postgresql://fleet:s3cret@127.0.0.1:1/fleet")
    assert message == "postgresql://fleet:***@127.0.0.1:1/fleet cannot be reached"


def test_a_database_that_is_not_there_is_named(server):
    assert refused(server.address("nowhere")).endswith("/nowhere does not have that database")


def test_an_address_that_is_none_is_refused():
    assert "cannot be read" in refused("postgresql://fleet@host:port/fleet")
    assert refused("mysql://host/fleet") == "a store cannot be kept in mysql://"


def test_a_database_of_somebody_else_is_left_alone(server):
    address = server.new_database()
    name = address.rpartition("/")[2]
    server.execute("CREATE TABLE album (title text)", database=name)
    assert "not one of Patchfleet" in refused(address)
    server.execute("INSERT INTO album VALUES ('still here')", database=name)


def test_a_database_of_a_newer_patchfleet_and_one_half_way_are_left_alone(server, template):
    for harm, word in (
        ("UPDATE patchfleet_version SET version_num = '0099'", "newer Patchfleet (revision 0099"),
        ("DROP TABLE problem", "half-way through"),
        ("DELETE FROM patchfleet_version", "half-way through"),
    ):
        address = server.new_database(template)
        server.execute(harm, database=address.rpartition("/")[2])
        assert word in refused(address)


def test_nothing_was_recorded_yet(server):
    assert "there is no data" in refused(server.new_database(), create=False)


@pytest.mark.slow
def test_a_server_that_goes_away_in_mid_sync_costs_nothing_that_was_recorded(address, home):
    """Stop the server as a failure of power would, and begin again once it is back."""
    with postgresql.running(postgresql.or_skip()) as server:
        address = server.new_database()
        with Store.open(address) as store:
            sync(store, {"d1": [finding(1)], "d2": [finding(1)]})
            run = store.begin("nsight", now=NOW + DAY)
            run.inventory(inventory(device("d1"), device("d2")))
            run.record("d1", [finding(2)], now=NOW + DAY)
            store.journal.append(SENT)  # on the disk, and with it all that was committed before
            server.stop()
            with pytest.raises(StoreError) as caught:
                run.record("d2", [finding(2)], now=NOW + DAY)
            assert "goes on from there" in caught.value.hint
            assert "\n" not in caught.value.message
        server.start()
        with Store.open(address) as store:
            with store.snapshot() as snapshot:
                assert {row.finding_id for row in queries.findings(snapshot)} == {"1"}
            run = store.begin("nsight", now=NOW + DAY)
            assert run.is_resumed
            run.inventory(inventory(device("d1"), device("d2")))
            for number in ("d1", "d2"):
                run.record(number, [finding(2)], now=NOW + DAY)
            run.complete(now=NOW + DAY, as_of=NOW + DAY)
            with store.snapshot() as snapshot:
                assert {row.finding_id for row in queries.findings(snapshot)} == {"2"}


def test_a_server_without_a_free_connection_is_told_as_such(server, address):
    """A user that may have no connection is refused as all are when none is left."""
    server.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    crowded = make_url(address).set(username="crowded").render_as_string(hide_password=False)
    said = refused(crowded)
    assert "has no connection free" in said


def test_who_lost_the_right_to_write_does_not_write_on(server, address):
    with Store.open(address) as store:
        run = store.begin("nsight", now=NOW)
        run.inventory(inventory(device("d1")))
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        with pytest.raises(StoreError, match="ended the connection"):
            run.record("d1", [finding(1)], now=NOW)
        assert store.runs.latest()[0].findings == 0


def test_what_another_machine_published_is_made_anew(address, tmp_path):
    with Store.open(address, published=tmp_path / "here") as store:
        sync(store, {"d1": [finding(n) for n in range(30)]})
        with store.snapshot() as snapshot:
            rows = queries.findings(snapshot)
    with Store.open(address, published=tmp_path / "there") as store, store.snapshot() as snapshot:
        (told,) = snapshot.repaired
        assert told.endswith("run=1 is missing; it was rebuilt from the record")
        assert queries.findings(snapshot) == rows
    with Store.open(address, published=tmp_path / "here") as store, store.snapshot() as snapshot:
        assert (
            snapshot.repaired == ()
        )  # the same bytes: two machines do not take turns in repairing


def test_no_driver_is_said_with_what_to_install():
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from patchfleet.errors import StoreError\n"
        "from patchfleet.store import Store\n"
        "try: Store.open('postgresql://fleet@127.0.0.1/fleet')\n"
        "except StoreError as error: print(error.message, error.hint, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "psycopg, which is not installed" in done.stdout
    assert 'pip install "patchfleet[postgresql]"' in done.stdout
