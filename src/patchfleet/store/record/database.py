"""Database of the record: opening, transactions and error messages.

Before anything else reads a database, it is checked to be ours, complete and of a known revision.
Every transaction commits or has no effect.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Self

import msgspec
from sqlalchemy import ClauseElement, Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from patchfleet.addresses import is_keywords
from patchfleet.errors import StoreError
from patchfleet.store.record.dialect import Backend, RunLock
from patchfleet.store.record.schema import REVISIONS, VERSION_TABLE, metadata

ADDRESSES = ("postgresql://", "postgres://")
"""Prefixes of the address of a PostgreSQL server; everything else is a file."""


class Database:
    """One open database; for one thread at a time."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.name = backend.name
        self._only_reads = False

    @classmethod
    def open(
        cls,
        address: Path | str,
        *,
        create: bool,
        wait_seconds: float,
        is_private: bool = True,
        on_upgrade: Callable[[str], None] | None = None,
    ) -> Self:
        """Open the database at `address`, creating or upgrading it where needed and allowed.

        A copy is kept before an upgrade, and `on_upgrade` is called with a sentence about it.
        Raises StoreError if it cannot be opened, is not ours, newer, or half-migrated.
        """
        backend = _backend(address, wait_seconds, is_private=is_private)
        backend.check(create=create)
        database = cls(backend)
        try:
            revision = database._found(is_to_be_written=create)
            if revision != REVISIONS[-1]:
                database._upgrade(revision, on_upgrade, is_allowed=create or revision is not None)
        except BaseException:
            database.close()
            raise
        return database

    def _found(self, *, is_to_be_written: bool) -> str | None:
        """Read the revision, also of a file that is readable in a read-only folder."""
        try:
            with self.read() as connection:
                return self._revision(connection)
        except StoreError:
            if is_to_be_written or not self.backend.only_reads():
                raise
        self._only_reads = True
        with self.read() as connection:
            return self._revision(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that reads one consistent state, whatever other processes write."""
        with self.explained(), self.backend.engine.connect() as connection:
            self.backend.begin_read(connection)
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False, alone: bool = False) -> Iterator[Connection]:
        """Yield a connection whose work is committed at the end, or not at all.

        `durable` waits until the commit is on the disk and survives a power failure; only one write
        that is `alone` is open at a time.
        """
        with (
            self.explained(),
            self.backend.engine.connect() as connection,
            self.backend.lasting(connection) if durable else nullcontext(),
        ):
            self.backend.begin_write(connection, alone=alone)
            yield connection
            connection.commit()

    def lock(self, name: str) -> RunLock | None:
        """Acquire a lock that ends with this process at the latest; return None if it is held.

        The name is that of a source, whose runs its holder may write, or of a process.
        """
        with self.explained():
            return self.backend.lock(name)

    def is_locked(self, name: str) -> bool:
        """Return whether a process, on any machine, holds the lock of this name."""
        with self.explained():
            return self.backend.is_locked(name)

    def spell(self, statement: ClauseElement) -> str:
        """Compile a statement for the driver, with the driver's parameter style.

        For the few statements that run once per device over many rows, where SQLAlchemy is a large
        part of the cost.
        """
        return str(statement.compile(dialect=self.backend.engine.dialect))

    def close(self) -> None:
        """Close every connection."""
        self.backend.engine.dispose()

    def _revision(self, connection: Connection) -> str | None:
        """Read the revision, None for an empty file; raise StoreError if it is not ours.

        Cheap, since every command begins with it: Alembic is loaded only to change something.
        """
        present = set(inspect(connection).get_table_names())
        if not present:
            return None
        if VERSION_TABLE not in present:
            raise StoreError(
                f"{self.name} is a database, but not one of Patchfleet",
                hint="name another file: this one was left as it is",
            )
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()
        if len(found) != 1 or (found[0] == REVISIONS[-1] and set(metadata.tables) - present):
            raise StoreError(
                f"{self.name} was left half-way through a change of its tables",
                hint="restore it from a backup, or move it away and sync again",
            )
        if found[0] not in REVISIONS:
            raise StoreError(
                f"{self.name} was written by a newer Patchfleet (revision {found[0]}, "
                f"this one knows up to {REVISIONS[-1]})",
                hint="upgrade Patchfleet: pip install --upgrade patchfleet",
            )
        return str(found[0])

    def _upgrade(
        self, found: str | None, on_upgrade: Callable[[str], None] | None, *, is_allowed: bool
    ) -> None:
        """Upgrade the tables in one transaction, unless another process has just done so."""
        if not is_allowed:
            raise self.backend.no_data()
        if self._only_reads:
            raise StoreError(
                f"{self.name} was written by an earlier Patchfleet (revision {found}), and its "
                "tables cannot be upgraded where nothing can be written",
                hint="copy it into a folder of yours, and name the copy with --store",
            )
        from patchfleet.store.record.upgrade import migrate, upgrade

        with self.explained(), self.backend.engine.connect() as connection:
            self.backend.prepare(connection)
        with self.write(alone=True, durable=True) as connection:
            revision = self._revision(connection)
            if revision is None:
                migrate(connection)
            elif revision != REVISIONS[-1]:
                upgrade(connection, self.name, revision, self.backend.keep_copy, on_upgrade)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Convert an error of the database to a StoreError of one line."""
        drivers = self.backend.engine.dialect.loaded_dbapi.Error
        try:
            yield
        except DBAPIError as error:
            raise self.backend.explain(error.orig or error) from error
        except drivers as error:
            raise self.backend.explain(error) from error
        except (msgspec.DecodeError, RecursionError) as error:
            raise StoreError(
                f"{self.name} is damaged: something kept in it as JSON cannot be read",
                hint="restore a backup, or move it away and sync again",
            ) from error


def _backend(address: Path | str, wait_seconds: float, *, is_private: bool) -> Backend:
    """Return the backend for `address`: a PostgreSQL server, or a file."""
    if isinstance(address, str) and address.startswith(ADDRESSES):
        from patchfleet.store.record.postgresql import PostgreSQL

        return PostgreSQL(address, wait_seconds)
    if isinstance(address, str) and "://" in address:
        kind = address.partition("://")[0]
        raise StoreError(
            f"a store cannot be kept in {kind}://",
            hint="name a file, or postgresql://USER@HOST/DATABASE",
        )
    if is_keywords(str(address)):
        raise StoreError(
            "a store is named by a file or an address, not by words as libpq takes them",
            hint="name it as postgresql://USER@HOST/DATABASE",
        )
    from patchfleet.store.record.sqlite import SQLite

    return SQLite(Path(address), wait_seconds, is_private=is_private)
