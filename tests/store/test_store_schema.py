"""The tables: migrations make what the code expects, once, and opening stays cheap."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from patchfleet.store import Store
from patchfleet.store.record import database as module
from patchfleet.store.record import schema

# A released migration has run on records that nobody can call back, so it is never edited again,
# not even its comments. A new one is added here with `sha256sum` of its file once it is on main;
# before the next one is begun, the record that it fills is packed, see revisions/README.md.
RELEASED = {
    "0001_record.py": "de371058a5b14ee42c995c086297c89426239dd200066c5bed75b5e6482cf6f3",
    "0002_memory.py": "be39c646b5f7355e0bd95d4a7be84348c8e1d9f56f50763e3f859055c41fd539",
    "0003_hosts.py": "d450d6ee1adfb5539b9e47a6709c8fc8da32db55420ed5267994a649c4443d9c",
    "0004_words.py": "6b46dd83a4ee7d24d395cfa91d35182553cb95203a84b7ccaa842d749ffc1782",
    "0005_whose.py": "7684d95b7bfdb85a428a086966463dcaface1b97fb7653c8b7cb287651a6d1e4",
    "0006_journal.py": "51f8308c0c8d455b780fb3036269d6d3c0124b4622196d16f9945543480d60d6",
    "0007_unread.py": "1fb000667d607e19813fbd8c384cc2aa0f4485cc02f9fa4107997d2ad113415c",
    "0008_recognition.py": "452cb111f91b5172d37344c5122e52c5a594c2a3d13a7806da968eb49aa36bf8",
    "0009_accepted.py": "9a0e1c123b0569641e44c98a0c820ffd44a32e923aa74693ff2891a1b4552e3e",
    "0010_authors.py": "20bf8d030a9fa87d7bcd22592b9155f1cbff3bfd127e0f36137bbff580188516",
    "0011_accounts.py": "0f55f80d63c0dd0cf2dddaba36b30f6c2f439d78fbbbc4fcfe36ff97278ef9cc",
}


def test_a_released_migration_is_never_edited():
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    for name, digest in RELEASED.items():
        content = (folder / name).read_bytes().replace(b"\r\n", b"\n")
        assert hashlib.sha256(content).hexdigest() == digest, f"{name} was edited"
    missing = {file.name for file in folder.glob("0*.py")} - RELEASED.keys()
    assert not missing, f"add the digest of {missing} to RELEASED"


def test_migrations_make_the_tables_of_the_schema(store):
    options = {"compare_type": True, "version_table": schema.VERSION_TABLE}
    with store._database.read() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []


def test_the_large_tables_are_kept_in_the_order_of_their_keys(path):
    with Store.open(path) as store, store._database.read() as connection:
        statement = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        made = dict(connection.exec_driver_sql(statement).all())
    for name in ("scan", "finding"):
        assert "WITHOUT ROWID" in made[name]


def test_the_revisions_we_know_are_those_there_are():
    folder = Path(module.__file__).parent / "migrations"
    revisions = [script.revision for script in ScriptDirectory(str(folder)).walk_revisions()]
    assert tuple(reversed(revisions)) == schema.REVISIONS


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, path):
    """Where no table is yet."""
    if request.param == "sqlite":
        return str(path)
    return request.getfixturevalue("server").new_database()


@pytest.mark.slow
def test_many_processes_may_open_a_new_store_at_once(empty):
    code = "import sys; from patchfleet.store import Store; Store.open(sys.argv[1]).close()"
    children = [subprocess.Popen([sys.executable, "-c", code, empty]) for _ in range(4)]
    assert [child.wait() for child in children] == [0, 0, 0, 0]
    Store.open(empty, create=False).close()


def loaded(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)", *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_store_loads_no_database():
    heavy = {"sqlalchemy", "duckdb", "alembic", "sqlite3", "psycopg"}
    assert not heavy & loaded("import patchfleet.store, patchfleet.store.queries")


def test_opening_a_store_that_is_there_loads_no_migrations(empty):
    Store.open(empty).close()
    code = "from patchfleet.store import Store; Store.open(sys.argv[1]).close()"
    assert "alembic" not in loaded(code, empty)


def test_every_name_of_the_room_arrives():
    import patchfleet.store

    for name in patchfleet.store.__all__:
        assert getattr(patchfleet.store, name) is not None
    assert not hasattr(patchfleet.store, "nothing")
