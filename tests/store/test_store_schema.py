"""The tables: migrations make what the code expects, once, and opening stays cheap."""

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
