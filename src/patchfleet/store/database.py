"""The database of the record: opening it, transactions, and errors that people understand.

Law of this file: a database is ours, whole and of a revision we know before anything else looks at
it; every transaction ends in a commit or leaves no trace.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import ClauseElement, Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from patchfleet.errors import StoreError
from patchfleet.store import sqlite
from patchfleet.store.schema import REVISIONS, VERSION_TABLE, metadata

_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One open database; for one thread at a time."""

    def __init__(self, path: Path, wait_seconds: float) -> None:
        self.path = path
        self._wait_seconds = wait_seconds
        self._engine = sqlite.engine(path, wait_seconds)

    @classmethod
    def open(cls, path: Path, *, create: bool, wait_seconds: float) -> Self:
        """Open the database at `path`, creating or upgrading it where that is needed and allowed.

        Raises StoreError where it cannot be opened, is somebody else's, newer, or half-migrated.
        """
        sqlite.check_path(path, create=create)
        database = cls(path, wait_seconds)
        try:
            with database.read() as connection:
                revision = database._revision(connection)
            if revision != REVISIONS[-1]:
                database._upgrade(is_allowed=create or revision is not None)
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the database, whatever others write."""
        with self._explained(), self._engine.connect() as connection:
            connection.exec_driver_sql(sqlite.BEGIN_READ)
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """Give a connection whose work is committed at the end, or not at all.

        `durable` waits until the commit is on the disk and would survive a power failure.
        """
        with self._explained(), self._engine.connect() as connection:
            if durable:
                connection.exec_driver_sql(sqlite.DURABLE[0])
            try:
                connection.exec_driver_sql(sqlite.BEGIN_WRITE)
                yield connection
                connection.commit()
            finally:
                if durable:
                    connection.rollback()
                    connection.exec_driver_sql(sqlite.DURABLE[1])

    def spell(self, statement: ClauseElement) -> str:
        """Spell a statement for the driver, with its own marks for parameters.

        For the few statements that run once a device over many rows, where the cost of SQLAlchemy
        between us and the driver is a third of the whole.
        """
        return str(statement.compile(dialect=self._engine.dialect))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _revision(self, connection: Connection) -> str | None:
        """Read the revision, None of an empty file; raise StoreError where it is not ours.

        Cheap, since every command begins with it: Alembic is loaded only to change something.
        """
        present = set(inspect(connection).get_table_names())
        if not present:
            return None
        if VERSION_TABLE not in present:
            raise StoreError(
                f"{self.path} is a database, but not one of Patchfleet",
                hint="name another file: this one was left as it is",
            )
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()
        if len(found) != 1 or (found[0] == REVISIONS[-1] and set(metadata.tables) - present):
            raise StoreError(
                f"{self.path} was left half-way through a change of its tables",
                hint="restore it from a backup, or move it away and sync again",
            )
        if found[0] not in REVISIONS:
            raise StoreError(
                f"{self.path} was written by a newer Patchfleet (revision {found[0]}, "
                f"this one knows up to {REVISIONS[-1]})",
                hint="upgrade Patchfleet: pip install --upgrade patchfleet",
            )
        return str(found[0])

    def _upgrade(self, *, is_allowed: bool) -> None:
        """Bring the tables to the newest revision in one transaction, unless somebody just did."""
        if not is_allowed:
            raise sqlite.no_data(self.path)
        with self._explained(), self._engine.connect() as connection:
            connection.exec_driver_sql(sqlite.CREATE)
        with self.write() as connection:
            if self._revision(connection) != REVISIONS[-1]:
                _migrate(connection)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an error of the database into one line for a person."""
        drivers = self._engine.dialect.loaded_dbapi.Error
        try:
            yield
        except DBAPIError as error:
            raise sqlite.explain(error.orig or error, self.path, self._wait_seconds) from error
        except drivers as error:
            raise sqlite.explain(error, self.path, self._wait_seconds) from error


def _migrate(connection: Connection) -> None:
    """Run every migration up to the newest, in the transaction of `connection`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
