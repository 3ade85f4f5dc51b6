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
"""Inserts rows: what is shared by all of them, and what each has of its own."""


class RunLock(Protocol):
    """The right to write runs of one source; held until `release` or the end of the process."""

    def check(self) -> None:
        """Raise StoreError where the right was lost in between."""
        ...

    def release(self) -> None:
        """Give the right back."""
        ...


class Backend(Protocol):
    """One database of one kind, opened by its engine."""

    @property
    def name(self) -> str:
        """How people are told which database is meant; never with a password."""
        ...

    @property
    def address(self) -> str:
        """What opens the same database again."""
        ...

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, which leaves transactions to us."""
        ...

    def check(self, *, create: bool) -> None:
        """Raise StoreError where no database can be, before anything is opened."""
        ...

    def only_reads(self) -> bool:
        """Turn to reading where nothing can be written beside the data; say whether that is so."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Set what must be set before the first tables are made; outside of any transaction."""
        ...

    def begin_read(self, connection: Connection) -> None:
        """Begin a transaction that sees one moment of the database."""
        ...

    def begin_write(self, connection: Connection, *, alone: bool) -> None:
        """Begin a transaction that writes; `alone` lets no other such one begin before its end."""
        ...

    def lasting(self, connection: Connection) -> AbstractContextManager[None]:
        """Make the transactions begun inside survive a power failure once they are committed."""
        ...

    def no_data(self) -> StoreError:
        """Say that nothing was ever recorded here."""
        ...

    def explain(self, error: Exception) -> StoreError:
        """Say in one line what an error of the driver means for a person."""
        ...

    def clock(self, connection: Connection) -> float:
        """Return the time, in seconds since 1970, on a clock that all who write here share."""
        ...

    def lock(self, source: str) -> RunLock | None:
        """Take the right to write runs of a source, or return None where somebody holds it."""
        ...

    def is_locked(self, source: str) -> bool:
        """Return whether any process is writing a run of this source."""
        ...

    def as_json(self, columns: Iterable[ColumnElement[Any]]) -> ColumnElement[str]:
        """Spell one row as a JSON object without line breaks."""
        ...

    def as_array(
        self, columns: Iterable[ColumnElement[Any]], by: ColumnElement[Any]
    ) -> ColumnElement[str]:
        """Spell all rows as one JSON array of arrays, in the order of `by`, that of an index."""
        ...

    def is_among(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Say that a text is among those of the JSON array that is handed over as `name`."""
        ...

    def insertion(self, shared: Sequence[Column[Any]], own: Sequence[Column[Any]]) -> Insertion:
        """Prepare to insert many rows of one table that have the same values in some columns."""
        ...

    def write_csv(
        self,
        connection: Connection,
        rows: Statement,
        by: Sequence[ColumnElement[int]],
        file: Path,
    ) -> None:
        """Write rows, a text first and whole numbers after it, as lines of CSV.

        The text is never NULL and always quoted; a number that is NULL is nothing between two
        commas. The rows come in the order of `by`, which is that of an index.
        """
        ...
