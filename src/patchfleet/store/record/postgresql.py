"""PostgreSQL: connections, write locks and error messages.

A password is never part of a message. A database that holds other tables and none of ours is left
unchanged.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Integer,
    NullPool,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    create_engine,
    func,
    inspect,
    literal_column,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from patchfleet.addresses import is_understood, shown, without_secrets
from patchfleet.errors import StoreError
from patchfleet.store.record.as_of import Statement
from patchfleet.store.record.dialect import Insertion

if TYPE_CHECKING:
    import psycopg

_LOCKS = 0x70666C74
"""The first half of our advisory lock keys, `pflt`, apart from locks of other programs."""
_ALONE = 0
"""The second half of the key for writes that are `alone`; for sources it is a checksum."""

_NOTICES_A_LOST_MACHINE = (
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
"""Ends the lock of a holder that lost power or network after a minute, not after hours."""

_KEPT = "what was recorded is kept: start again, and the sync goes on from there"
_FULL = ("too many clients", "too many connections", "remaining connection slots")
"""Messages of a server without a free connection; at a login they come without SQLSTATE."""
_MEANINGS = {
    "28": ("refuses the login", "check user and password: ~/.pgpass or PGPASSWORD holds it best"),
    "3D000": ("does not have that database", "create it: createdb NAME"),
    "42501": ("does not let this user do that", "grant it CREATE on the schema, once"),
    "53100": ("cannot grow: its disk is full", f"free some space; {_KEPT}"),
    "53300": ("has no connection free", "wait, or raise max_connections"),
    "55P03": ("is locked by another process", "wait until it is done, then try again"),
    "25006": ("is read-only", "name the primary server, not a standby"),
    "57P01": ("was shut down or ended the connection", _KEPT),
    "57P03": ("is starting up or shutting down", "try again in a moment"),
    "08": ("cannot be reached", f"check host and port, and that it runs; {_KEPT}"),
}
"""Known errors by SQLSTATE or its class
[https://www.postgresql.org/docs/current/errcodes-appendix.html]."""


class PostgreSQL:
    """A record that a team shares on one PostgreSQL server."""

    def __init__(self, address: str, wait_seconds: float) -> None:
        try:
            url = make_url(address if is_understood(address) else "")
        except (ArgumentError, ValueError):
            raise StoreError(
                "the address of the PostgreSQL store cannot be read",
                hint="it is postgresql://USER@HOST:PORT/DATABASE; in a password write @ as %40, "
                "/ %2F, ? %3F, # %23",
            ) from None
        self.address = address
        self.name = shown(address)
        options = {
            "connect_timeout": max(2, round(wait_seconds)),
            "application_name": "patchfleet",
            "options": f"-c lock_timeout={round(wait_seconds * 1000)} -c timezone=UTC",
        }
        try:
            # Positional parameters as in SQLite, for the few statements the driver runs itself.
            self.engine = create_engine(
                url.set(drivername="postgresql+psycopg"),
                connect_args=options,
                paramstyle="format",
                isolation_level="AUTOCOMMIT",
            )
        except ModuleNotFoundError as error:
            raise StoreError(
                "a PostgreSQL store needs the driver psycopg, which is not installed",
                hint='pip install "patchfleet[postgresql]"',
            ) from error
        self._lock_engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                **options,
                "keepalives_idle": 30,
                "options": f"{options['options']} {_NOTICES_A_LOST_MACHINE}",
            },
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
        )

    def check(self, *, create: bool) -> None:
        """Do nothing: only a connection shows whether a server exists."""

    def only_reads(self) -> bool:
        """Return False: a read-only server is read like any other."""
        return False

    def prepare(self, connection: Connection) -> None:
        """Do nothing: an existing database of PostgreSQL needs no settings."""

    def keep_copy(self, connection: Connection, revision: str) -> Path:
        """Copy all rows to a file of SQLite below the user's own data, while no other writes.

        A dump of the server is the better copy; this one is for a server without a dump.
        """
        from platformdirs import user_data_path

        from patchfleet.store.record.upgrade import copy_rows

        names = inspect(connection).get_table_names()
        tables = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in names)
        connection.exec_driver_sql(f"LOCK TABLE {tables} IN EXCLUSIVE MODE")
        return copy_rows(connection, self.name, revision, user_data_path("patchfleet"))

    def begin_read(self, connection: Connection) -> None:
        """Begin a transaction that reads one consistent state of the database."""
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_write(self, connection: Connection, *, alone: bool) -> None:
        """Begin a write transaction whose commit returns before the log is flushed.

        A server crash may lose the last commits, each as a whole; the resumed run reads their
        devices again. Commits that must survive are written under `lasting`.
        [https://www.postgresql.org/docs/current/wal-async-commit.html]
        """
        is_lasting = connection.info.get("patchfleet_lasting")
        soon = "" if is_lasting else "; SET LOCAL synchronous_commit = off"
        connection.exec_driver_sql(f"BEGIN{soon}")
        if alone:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCKS}, {_ALONE})")

    @contextmanager
    def lasting(self, connection: Connection) -> Iterator[None]:
        """Wait for the disk at each commit inside."""
        info = connection.info  # read before: it raises once the connection is lost
        info["patchfleet_lasting"] = True
        try:
            yield
        finally:
            info["patchfleet_lasting"] = False

    def no_data(self) -> StoreError:
        """Return the error that nothing is recorded here yet."""
        return StoreError(f"there is no data in {self.name} yet", hint="run patchfleet sync first")

    def explain(self, error: Exception) -> StoreError:
        """Return a one-line message for an error of PostgreSQL, by its SQLSTATE."""
        state = getattr(error, "sqlstate", None) or self._guessed(error)
        for length in (5, 2):
            if state[:length] in _MEANINGS:
                what, hint = _MEANINGS[state[:length]]
                return StoreError(f"{self.name} {what}", hint=hint)
        reason = (str(error).splitlines() or [""])[0]
        reason = without_secrets(reason, self.address) or type(error).__name__
        return StoreError(
            f"{self.name} cannot be read or written: {reason}",
            hint="check the server's log; what was recorded is kept",
        )

    def clock(self, connection: Connection) -> float:
        """Return the server's time: the clocks of the machines that share it may differ."""
        return float(connection.scalar(_CLOCK))

    def lock(self, source: str) -> "SessionLock | None":
        """Acquire the lock on runs of a source; return None if another process holds it."""
        connection = self._lock_engine.connect()
        try:
            taken = connection.scalar(_TRY, {"kind": _LOCKS, "source": _number(source)})
        except BaseException:
            connection.close()
            raise
        if taken:
            return SessionLock(self, connection)
        connection.close()
        return None

    def is_locked(self, source: str) -> bool:
        """Return whether a process, on any machine, is writing a run of this source."""
        with self.engine.connect() as connection:
            return bool(connection.scalar(_HELD, {"kind": _LOCKS, "source": _number(source)}))

    def as_json(self, columns: Iterable[ColumnElement[Any]]) -> ColumnElement[str]:
        """Format one row as JSON."""
        pairs = chain.from_iterable((literal_column(f"'{c.key}'"), c) for c in columns)
        return cast(func.json_build_object(*pairs), Text)

    def as_array(
        self, columns: Iterable[ColumnElement[Any]], by: ColumnElement[Any]
    ) -> ColumnElement[str]:
        """Format all rows as one JSON array of arrays."""
        rows = func.json_agg(aggregate_order_by(func.json_build_array(*columns), by))
        return func.coalesce(cast(rows, Text), literal_column("'[]'"))

    def is_among(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Return the condition that `column` is in the JSON array of the parameter `name`."""
        texts = select(func.json_array_elements_text(cast(bindparam(name), JSON)))
        return column == any_(func.array(texts.scalar_subquery()))

    def insertion(self, shared: Sequence[Column[Any]], own: Sequence[Column[Any]]) -> Insertion:
        """Prepare an insertion of rows that the server reads from one JSON array.

        The statement is the same for any number of rows, so it is prepared once. With one parameter
        per value, the types could differ, and each would be another statement.
        """
        names = ", ".join(column.name for column in (*shared, *own))
        read = [
            f"row->>{place}" if isinstance(kind, Text) else f"CAST(row->>{place} AS {kind})"
            for place, kind in enumerate(column.type for column in own)
        ]
        statement = (
            f"INSERT INTO {own[0].table.name} ({names}) "
            f"SELECT {', '.join(['%s'] * len(shared) + read)} "
            "FROM json_array_elements(CAST(%s AS json)) AS row"
        )

        def insert(
            cursor: DBAPICursor, common: Sequence[object], rows: Sequence[Sequence[object]]
        ) -> None:
            if rows:
                cursor.execute(statement, (*common, msgspec.json.encode(rows).decode()))

        return insert

    def write_csv(
        self,
        connection: Connection,
        rows: Statement,
        by: Sequence[ColumnElement[int]],
        file: Path,
    ) -> None:
        """Write rows as lines of CSV by COPY, always in the same order."""
        asked = rows.order_by(*by).compile(
            dialect=self.engine.dialect, compile_kwargs={"literal_binds": True}
        )
        first = rows.selected_columns[0].name
        command = f'COPY ({asked}) TO STDOUT (FORMAT csv, FORCE_QUOTE ("{first}"))'
        with file.open("wb") as out, _cursor(connection).copy(command.encode()) as copy:
            for block in copy:
                out.write(block)

    def _guessed(self, error: Exception) -> str:
        """Return the SQLSTATE class of a connection error, which has none of its own."""
        import psycopg

        if not isinstance(error, psycopg.OperationalError):
            return ""
        reason = str(error)
        if any(words in reason for words in _FULL):
            return "53300"
        refused = "password authentication failed" in reason or "no password supplied" in reason
        return "28" if refused else "3D000" if "does not exist" in reason else "08"


class SessionLock:
    """Lock on the runs of one source, which ends with the connection that acquired it."""

    def __init__(self, backend: PostgreSQL, connection: Connection) -> None:
        self._backend, self._connection = backend, connection
        self._lost: DBAPIError | None = None

    def check(self) -> None:
        """Raise StoreError if the connection was lost: another process may be writing by now.

        The loss is permanent: a new connection would answer, but not hold the lock.
        """
        if self._lost is None:
            try:
                self._connection.scalar(text("SELECT 1"))
            except DBAPIError as error:
                self._lost = error
        if self._lost is not None:
            raise self._backend.explain(self._lost.orig or self._lost) from self._lost

    def release(self) -> None:
        """Release the lock."""
        try:
            # Closing alone is not enough: the server notices the end of a session with a delay.
            self._connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
        except SQLAlchemyError:  # the server is gone, and the lock with it
            self._connection.invalidate()
        finally:
            self._connection.close()


_CLOCK = text("SELECT EXTRACT(EPOCH FROM clock_timestamp())")
_TRY = text("SELECT pg_try_advisory_lock(:kind, :source)")
_HELD = text(
    """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = :kind AND objid = CAST(CAST(:source AS bigint) & 4294967295 AS oid)"""
)


def continue_numbers(connection: Connection, tables: Sequence[Table]) -> None:
    """Set the server's sequences to continue after the copied rows."""
    for table in tables:
        (key, *others) = table.primary_key
        is_given = isinstance(key.type, Integer) and key.autoincrement and not key.foreign_keys
        if not others and is_given:
            sequence = f"pg_get_serial_sequence('{table.name}', '{key.name}')"
            highest = f'(SELECT coalesce(max("{key.name}"), 0) + 1 FROM "{table.name}")'
            connection.exec_driver_sql(
                f"SELECT setval({sequence}, {highest}, false) WHERE {sequence} IS NOT NULL"
            )


def _number(source: str) -> int:
    """Return a 31-bit number for a source, never that of `_ALONE`."""
    return (zlib.crc32(source.encode()) & 0x7FFFFFFF) or 1


def _cursor(connection: Connection) -> "psycopg.Cursor[Any]":
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return driver.cursor()
