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
"""The first half of our advisory locks, `pflt`: others may have locks in the same database."""
_ALONE = 0
"""The second half, for one writer of tables and runs at a time; for sources it is a checksum."""

_NOTICES_A_LOST_MACHINE = (
    "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
"""A lock whose holder lost its power or its network ends after a minute, not after hours."""

_KEPT = "what was recorded is kept: start again, and the sync goes on from there"
_FULL = ("too many clients", "too many connections", "remaining connection slots")
"""Message of a server without a free connection; at a login it has no number."""
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
"""What is known to go wrong, by SQLSTATE or its class
[https://www.postgresql.org/docs/current/errcodes-appendix.html]."""


class PostgreSQL:
    """A record that a team shares on one PostgreSQL server."""

    def __init__(self, address: str, wait_seconds: float) -> None:
        try:
            url = make_url(address if is_understood(address) else "")
        except (ArgumentError, ValueError):
            raise StoreError(
                "the address of the PostgreSQL store cannot be read",
                hint="it is postgresql://USER@HOST:PORT/DATABASE; in a password @ is spelled %40, "
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
            # Positional marks, as SQLite's: the few statements that the driver runs itself.
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
        """Do nothing: only connecting shows whether the server exists."""

    def only_reads(self) -> bool:
        """Say no: a server that only reads is read as any other."""
        return False

    def prepare(self, connection: Connection) -> None:
        """Do nothing: a database of PostgreSQL is ready when it is there."""

    def begin_read(self, connection: Connection) -> None:
        """Begin a transaction that sees one moment of the database."""
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_write(self, connection: Connection, *, alone: bool) -> None:
        """Begin a transaction that writes; the log is flushed soon after, not before it returns.

        A server that dies may lose the last commits, never tear one: they are devices that the
        resumed run reads again. What must stay is written under `lasting`.
        [https://www.postgresql.org/docs/current/wal-async-commit.html]
        """
        is_lasting = connection.info.get("patchfleet_lasting")
        soon = "" if is_lasting else "; SET LOCAL synchronous_commit = off"
        connection.exec_driver_sql(f"BEGIN{soon}")
        if alone:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCKS}, {_ALONE})")

    @contextmanager
    def lasting(self, connection: Connection) -> Iterator[None]:
        """Wait for the disk at the end of each transaction inside."""
        info = connection.info  # asked of a connection that was lost meanwhile it would raise
        info["patchfleet_lasting"] = True
        try:
            yield
        finally:
            info["patchfleet_lasting"] = False

    def no_data(self) -> StoreError:
        """Say that nothing was ever recorded here."""
        return StoreError(f"there is no data in {self.name} yet", hint="run patchfleet sync first")

    def explain(self, error: Exception) -> StoreError:
        """Say what an error of PostgreSQL means for a person, by its SQLSTATE."""
        state = getattr(error, "sqlstate", None) or self._guessed(error)
        for length in (5, 2):
            if state[:length] in _MEANINGS:
                what, hint = _MEANINGS[state[:length]]
                return StoreError(f"{self.name} {what}", hint=hint)
        said = (str(error).splitlines() or [""])[0]
        said = without_secrets(said, self.address) or type(error).__name__
        return StoreError(
            f"{self.name} cannot be read or written: {said}",
            hint="check the server's log; what was recorded is kept",
        )

    def clock(self, connection: Connection) -> float:
        """Return the server's time: the machines that share it may each think of another."""
        return float(connection.scalar(_CLOCK))

    def lock(self, source: str) -> "SessionLock | None":
        """Acquire the right to write runs of a source; return None if another process has it."""
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
        """Return whether a process on any machine is writing a run of this source."""
        with self.engine.connect() as connection:
            return bool(connection.scalar(_HELD, {"kind": _LOCKS, "source": _number(source)}))

    def as_json(self, columns: Iterable[ColumnElement[Any]]) -> ColumnElement[str]:
        """Spell one row as JSON."""
        pairs = chain.from_iterable((literal_column(f"'{c.key}'"), c) for c in columns)
        return cast(func.json_build_object(*pairs), Text)

    def as_array(
        self, columns: Iterable[ColumnElement[Any]], by: ColumnElement[Any]
    ) -> ColumnElement[str]:
        """Spell all rows as one JSON array of arrays."""
        rows = func.json_agg(aggregate_order_by(func.json_build_array(*columns), by))
        return func.coalesce(cast(rows, Text), literal_column("'[]'"))

    def is_among(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Say that a text is among those of a JSON array."""
        texts = select(func.json_array_elements_text(cast(bindparam(name), JSON)))
        return column == any_(func.array(texts.scalar_subquery()))

    def insertion(self, shared: Sequence[Column[Any]], own: Sequence[Column[Any]]) -> Insertion:
        """Prepare to insert rows, which the server reads out of one JSON array.

        One statement however many they are, so that it is prepared once; of as many parameters as
        there are values, each could be of another type, and a statement would be another each time.
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
            cursor: DBAPICursor, said: Sequence[object], rows: Sequence[Sequence[object]]
        ) -> None:
            if rows:
                cursor.execute(statement, (*said, msgspec.json.encode(rows).decode()))

        return insert

    def write_csv(
        self,
        connection: Connection,
        rows: Statement,
        by: Sequence[ColumnElement[int]],
        file: Path,
    ) -> None:
        """Write rows as lines of CSV by COPY, in the same order at any time."""
        asked = rows.order_by(*by).compile(
            dialect=self.engine.dialect, compile_kwargs={"literal_binds": True}
        )
        first = rows.selected_columns[0].name
        command = f'COPY ({asked}) TO STDOUT (FORMAT csv, FORCE_QUOTE ("{first}"))'
        with file.open("wb") as out, _cursor(connection).copy(command.encode()) as copy:
            for block in copy:
                out.write(block)

    def _guessed(self, error: Exception) -> str:
        """Give an error of reaching the server, which has no number, that of its class."""
        import psycopg

        if not isinstance(error, psycopg.OperationalError):
            return ""
        said = str(error)
        if any(words in said for words in _FULL):
            return "53300"
        refused = "password authentication failed" in said or "no password supplied" in said
        return "28" if refused else "3D000" if "does not exist" in said else "08"


class SessionLock:
    """The right to write runs of one source, which ends with the connection that took it."""

    def __init__(self, backend: PostgreSQL, connection: Connection) -> None:
        self._backend, self._connection = backend, connection
        self._lost: DBAPIError | None = None

    def check(self) -> None:
        """Raise StoreError if the server closed the connection: another process may write by now.

        What is lost stays so: a connection made anew would answer, and not hold the right.
        """
        if self._lost is None:
            try:
                self._connection.scalar(text("SELECT 1"))
            except DBAPIError as error:
                self._lost = error
        if self._lost is not None:
            raise self._backend.explain(self._lost.orig or self._lost) from self._lost

    def release(self) -> None:
        """Give the right back."""
        try:
            # Closing alone is not enough: the server notices the end of a session a little later.
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
    """Let the numbers that the server gives out go on behind those that were copied in."""
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
    """Give a source a number of 31 bits, never that of `_ALONE`."""
    return (zlib.crc32(source.encode()) & 0x7FFFFFFF) or 1


def _cursor(connection: Connection) -> "psycopg.Cursor[Any]":
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return driver.cursor()
