"""Upgrade of an older record: a copy is kept first, then all migrations run in one transaction."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import (
    URL,
    Connection,
    MetaData,
    NullPool,
    Table,
    create_engine,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from patchfleet.errors import StoreError
from patchfleet.store.record.schema import REVISIONS, VERSION_TABLE, metadata

_MIGRATIONS = Path(__file__).parent / "migrations"
_ROWS_AT_ONCE = 5000
_JOBS = {"job", "job_run", "job_result"}


def migrate(connection: Connection, revision: str = "head") -> None:
    """Run every migration up to a revision, in the transaction of `connection`."""
    command.upgrade(_config(connection), revision)


def upgrade(
    connection: Connection,
    name: str,
    revision: str,
    keep: Callable[[Connection, str], Path],
    on_upgrade: Callable[[str], None] | None,
) -> None:
    """Bring a record from `revision` to the newest, after `keep` has made a copy of it.

    `on_upgrade` is called with one sentence that names the copy. Raises StoreError if no copy can
    be kept, or the tables are not those of the newest revision afterwards.
    """
    kept = keep(connection, revision)
    if on_upgrade is not None:
        on_upgrade(
            f"{name} was written by an earlier Patchfleet: upgrading its tables from revision "
            f"{revision} to {REVISIONS[-1]}; a copy from before is {kept}"
        )
    if revision == "0002":
        _complete_draft(connection)
    migrate(connection)
    if set(metadata.tables) - set(inspect(connection).get_table_names()):
        raise StoreError(
            f"{name} lacks tables that revision {revision} has",
            hint="it was left as it is: restore it from a backup, or move it away and sync again",
        )


def copy_file(path: Path, revision: str) -> Path:
    """Copy a record in a file to another one beside it, whose name has the revision and the time.

    Raises StoreError, and leaves nothing behind, if the copy cannot be written.
    """
    kept = _place(path.absolute().parent, path.stem, revision, path.suffix)
    partial = kept.with_name(f"{path.stem}.{revision}.partial")
    try:
        _clear(partial)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as target:
            source.backup(target)
        shutil.copymode(path, partial)
        _settle(partial, kept)
    except (OSError, sqlite3.Error) as error:
        raise _no_copy(str(path), kept.parent, error) from error
    finally:
        _clear(partial)
    return kept


def copy_rows(connection: Connection, name: str, revision: str, folder: Path) -> Path:
    """Copy all rows that `connection` reads into a record of the same revision, in a file.

    The file is a whole record in SQLite, for its owner alone: the version that wrote those tables
    can open it. Raises StoreError, and leaves nothing behind, if it cannot be written.
    """
    kept = _place(folder, "fleet", revision, ".db")
    partial = kept.with_name(f"fleet.{revision}.{os.getpid()}.partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear(partial)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _fill(connection, revision, partial)
        _settle(partial, kept)
    except (OSError, SQLAlchemyError) as error:
        orig = getattr(error, "orig", None)
        if isinstance(error, SQLAlchemyError) and not isinstance(orig, sqlite3.Error):
            raise
        raise _no_copy(name, folder, orig or error) from error
    finally:
        _clear(partial)
    return kept


def _fill(source: Connection, revision: str, path: Path) -> None:
    """Make a record of `revision` in an empty file, with the rows of another one."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"isolation_level": None},
        poolclass=NullPool,
    )
    with engine.connect() as target:
        target.exec_driver_sql("PRAGMA journal_mode = WAL")
        target.exec_driver_sql("PRAGMA synchronous = OFF")
        target.exec_driver_sql("BEGIN")
        migrate(target, revision)
        if revision == "0002":
            _complete_draft(source)
        for table in _tables(target):
            copy_table(source, target, table)
        target.commit()


def _tables(connection: Connection) -> list[Table]:
    """Read the tables of a record, each after those that it refers to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != VERSION_TABLE]


def copy_table(source: Connection, target: Connection, table: Table) -> int:
    """Copy all rows of a table to the empty one of the same name; return their number."""
    copied = 0
    every = select(table).execution_options(yield_per=_ROWS_AT_ONCE)
    rows = source.execute(every).mappings()
    for some in rows.partitions(_ROWS_AT_ONCE):
        target.execute(insert(table), [dict(row) for row in some])
        copied += len(some)
    return copied


def _complete_draft(connection: Connection) -> None:
    """Give a record that a draft of revision 0002 wrote the tables of its final text.

    Three commits had drafts of it. The tables that are dropped here were never filled by them.
    """
    present = set(inspect(connection).get_table_names())
    if present >= _JOBS:
        return
    context = MigrationContext.configure(connection)
    found = ScriptDirectory.from_config(_config(connection)).get_revision("0002")
    script = vars(found.module)
    with Operations.context(context):
        if "decision" in present:
            for table in ("decision", "membership", "look_alike"):
                connection.exec_driver_sql(f"DROP TABLE {table}")
            script["_create_machines"]()
        script["_create_jobs"]()
    if "starts" not in {column["name"] for column in inspect(connection).get_columns("pace")}:
        connection.exec_driver_sql("DELETE FROM pace")
        connection.exec_driver_sql("ALTER TABLE pace DROP COLUMN next_at")
        connection.exec_driver_sql("ALTER TABLE pace ADD COLUMN starts TEXT NOT NULL DEFAULT '[]'")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _place(folder: Path, stem: str, revision: str, suffix: str) -> Path:
    """Return the name of a copy: of which revision, and when it was made."""
    return folder / f"{stem}.{revision}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{suffix}"


def _settle(partial: Path, kept: Path) -> None:
    """Give a copy its name once it is on the disk."""
    with partial.open("r+b") as file:
        os.fsync(file.fileno())
    partial.replace(kept)


def _clear(partial: Path) -> None:
    """Remove what an earlier attempt left."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            partial.with_name(f"{partial.name}{suffix}").unlink()


def _no_copy(name: str, folder: Path, error: BaseException) -> StoreError:
    """Return the error that a record is not upgraded, since no copy of it can be kept."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return StoreError(
        f"{name} needs an upgrade of its tables, and no copy of it can be kept in {folder}: "
        f"{reason}",
        hint="free some space there, or let this user write to it: the record is unchanged",
    )
