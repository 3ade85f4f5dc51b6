"""Interface of a database that holds the record: the differences of SQLite and PostgreSQL.

Everything else in this room is written once for both.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Column, ColumnElement, Connection, Engine
from sqlalchemy.engine.interfaces import DBAPICursor

from patchfleet.errors import StoreError
from patchfleet.store.record.as_of import Statement

Insertion = Callable[[DBAPICursor, Sequence[object], Sequence[Sequence[object]]], None]
"""Inserts rows, given the values that all of them share and the values of each."""


class RunLock(Protocol):
    """Lock on the runs of one source; held until `release` or the end of the process."""

    def check(self) -> None:
        """Raise StoreError if the lock was lost meanwhile."""
        ...

    def release(self) -> None:
        """Release the lock."""
        ...


class Backend(Protocol):
    """One database of one kind, opened by its engine."""

    @property
    def name(self) -> str:
        """Name of the database in messages; never with a password."""
        ...

    @property
    def address(self) -> str:
        """Address that opens the same database again."""
        ...

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, without transactions of its own."""
        ...

    def check(self, *, create: bool) -> None:
        """Raise StoreError if no database can be opened or created at the address."""
        ...

    def only_reads(self) -> bool:
        """Switch to read-only if nothing can be written beside the data; return whether so."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Apply settings needed before the first tables exist; outside of any transaction."""
        ...

    def keep_copy(self, connection: Connection, revision: str) -> Path:
        """Copy the record of `revision` to a file, inside the write transaction that upgrades it.

        Raises StoreError, and leaves no file behind, if it cannot be written.
        """
        ...

    def begin_read(self, connection: Connection) -> None:
        """Begin a transaction that reads one consistent state of the database."""
        ...

    def begin_write(self, connection: Connection, *, alone: bool) -> None:
        """Begin a write transaction; only one that is `alone` is open at a time."""
        ...

    def lasting(self, connection: Connection) -> AbstractContextManager[None]:
        """Make transactions begun inside survive a power failure once committed."""
        ...

    def no_data(self) -> StoreError:
        """Return the error that nothing is recorded here yet."""
        ...

    def explain(self, error: Exception) -> StoreError:
        """Return a one-line message for an error of the driver."""
        ...

    def clock(self, connection: Connection) -> float:
        """Return the time, in seconds since 1970, on a clock shared by all writers."""
        ...

    def lock(self, source: str) -> RunLock | None:
        """Acquire the lock on runs of a source; return None if another process holds it."""
        ...

    def is_locked(self, source: str) -> bool:
        """Return whether a process, on any machine, is writing a run of this source."""
        ...

    def as_json(self, columns: Iterable[ColumnElement[Any]]) -> ColumnElement[str]:
        """Format one row as a JSON object without line breaks."""
        ...

    def as_array(
        self, columns: Iterable[ColumnElement[Any]], by: ColumnElement[Any]
    ) -> ColumnElement[str]:
        """Format all rows as one JSON array of arrays, in the order of `by`, that of an index."""
        ...

    def is_among(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Return the condition that `column` is in the JSON array of the parameter `name`."""
        ...

    def insertion(self, shared: Sequence[Column[Any]], own: Sequence[Column[Any]]) -> Insertion:
        """Prepare an insertion of many rows of one table that share values in some columns."""
        ...

    def write_csv(
        self,
        connection: Connection,
        rows: Statement,
        by: Sequence[ColumnElement[int]],
        file: Path,
    ) -> None:
        """Write rows, a text first and whole numbers after it, as lines of CSV.

        The text is never NULL and always quoted; a NULL number is an empty field. The rows are in
        the order of `by`, which is that of an index.
        """
        ...
