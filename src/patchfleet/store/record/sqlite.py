"""SQLite: opening, the start of a write, and error messages.

A database that is not ours is inspected and left unchanged.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.engine.interfaces import DBAPICursor

from patchfleet.errors import StoreError
from patchfleet.store.record.as_of import Statement
from patchfleet.store.record.dialect import Insertion
from patchfleet.store.record.file_locks import FileLock, lock_file, writers

_PRAGMAS = (
    # In WAL mode NORMAL never corrupts a database and loses nothing when a process is killed; a
    # power failure may undo the last commits, whose devices the resumed run reads again.
    # Commits that must survive it are written under FULL: see Database.write(durable=True).
    # [https://www.sqlite.org/pragma.html#pragma_synchronous]
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -4000",
)

_OLDEST = (3, 35)
"""The first version with DROP COLUMN [https://www.sqlite.org/lang_altertable.html]."""

_EFFECTIVE: dict[str, bool] = (
    {"effective_ids": True} if os.access in os.supports_effective_ids else {}
)

_ROWS_AT_ONCE = (50, 20, 5, 1)

_RIGHTS = "check that you may read and write the file and its folder"
_MEANINGS = {
    sqlite3.SQLITE_NOTADB: ("is not a database", "name another file, or move this one away"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "restore a backup, or move it away and sync again"),
    sqlite3.SQLITE_FULL: (
        "cannot grow: the disk is full",
        "free some space and start again: what was recorded is kept",
    ),
    sqlite3.SQLITE_READONLY: ("cannot be written to", _RIGHTS),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _RIGHTS),
    sqlite3.SQLITE_PERM: ("cannot be opened", _RIGHTS),
}
"""Known errors by SQLite's result code [https://www.sqlite.org/rescode.html]."""


class SQLite:
    """A record in one file, in WAL mode: any number of readers beside one writer."""

    def __init__(self, path: Path, wait_seconds: float, *, is_private: bool = True) -> None:
        self.path = path
        self.name = self.address = str(path)
        self._wait_seconds, self._is_private = wait_seconds, is_private
        self.engine = self._engine(URL.create("sqlite", database=str(path)))

    def _engine(self, url: URL) -> Engine:
        engine = create_engine(
            url,
            connect_args={
                "timeout": self._wait_seconds,
                "isolation_level": None,
                "check_same_thread": False,
            },
        )
        event.listen(engine, "connect", _prepare)
        return engine

    def check(self, *, create: bool) -> None:
        """Raise StoreError if no database file can be opened or created at the path."""
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StoreError(
                f"this Python comes with SQLite {sqlite3.sqlite_version}, and "
                f"{'.'.join(map(str, _OLDEST))} or newer is needed",
                hint="use a Python with a newer one, or keep the record in PostgreSQL",
            )
        path = self.path
        folder = path.absolute().parent
        try:
            if path.is_dir():
                raise StoreError(f"{path} is a folder, not a database", hint="name a file in it")
            is_there, has_folder = path.exists(), folder.is_dir()
        except PermissionError as error:
            raise StoreError(f"{path} cannot be reached: {error.strerror}", hint=_RIGHTS) from error
        if not is_there and not create:
            raise self.no_data()
        if not has_folder:
            raise StoreError(
                f"there is no folder {folder} for the database",
                hint=f"create it: mkdir -p {folder}",
            )
        if not is_there and self._is_private:
            # SQLite gives the files that it creates beside the database the mode of the database.
            with suppress(OSError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def only_reads(self) -> bool:
        """Switch to read-only if the file exists and nothing can be written beside it.

        Without a log the file is complete and is read as immutable. A log may hold the last commits
        and cannot be read in such a folder: raises StoreError.
        """
        path, log = self.path, self.path.with_name(f"{self.path.name}-wal")
        try:
            if not path.is_file() or not os.access(path, os.R_OK, **_EFFECTIVE):
                return False
            if self._can_be_written(path.absolute().parent):
                return False
            if log.exists() and log.stat().st_size:
                raise StoreError(
                    f"{path} cannot be read without {log.name}, where nothing can be written",
                    hint="copy both into a folder of yours, and name the copy with --store",
                )
        except OSError:
            return False
        self.engine.dispose()
        self.engine = self._engine(
            URL.create(
                "sqlite",
                database=path.absolute().as_uri(),
                query={"immutable": "1", "mode": "ro", "uri": "true"},
            )
        )
        return True

    def _can_be_written(self, folder: Path) -> bool:
        return os.access(folder, os.W_OK, **_EFFECTIVE)

    def prepare(self, connection: Connection) -> None:
        """Switch the file to WAL mode, which is permanent."""
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")

    def keep_copy(
        self,
        connection: Connection,  # noqa: ARG002 -- what it has not committed is not copied
        revision: str,
    ) -> Path:
        """Copy the file to one beside it."""
        # SQLite itself notices a file that it may only read when something is first written.
        if not os.access(self.path, os.W_OK, **_EFFECTIVE):
            raise StoreError(
                f"{self.path} needs an upgrade of its tables and cannot be written to", hint=_RIGHTS
            )
        from patchfleet.store.record.upgrade import copy_file

        return copy_file(self.path, revision)

    def begin_read(self, connection: Connection) -> None:
        """Begin a transaction that reads one consistent state of the database."""
        connection.exec_driver_sql("BEGIN")

    def begin_write(self, connection: Connection, *, alone: bool) -> None:  # noqa: ARG002 -- always
        """Begin a transaction that takes the write lock immediately.

        One that reads first and writes later fails, without waiting, if another process wrote in
        between [https://www.sqlite.org/lang_transaction.html].
        """
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @contextmanager
    def lasting(self, connection: Connection) -> Iterator[None]:
        """Wait for the disk at each commit inside."""
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            connection.rollback()
            connection.exec_driver_sql("PRAGMA synchronous = NORMAL")

    def no_data(self) -> StoreError:
        """Return the error that nothing is recorded here yet."""
        return StoreError(f"there is no data in {self.path} yet", hint="run patchfleet sync first")

    def explain(self, error: Exception) -> StoreError:
        """Return a one-line message for an error of SQLite, by its result code."""
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            by = ", ".join(writers(self.path) or self._running()) or "another process"
            return StoreError(
                f"{self.path} is locked by {by} and stayed so for {self._wait_seconds:g} s",
                hint="wait until that process is done, or end it, then try again",
            )
        if primary in _MEANINGS:
            what, hint = _MEANINGS[primary]
            return StoreError(f"{self.path} {what}", hint=hint)
        return StoreError(
            f"{self.path} cannot be read or written: {error}",
            hint="check the disk, then start again: what was recorded is kept",
        )

    def clock(self, connection: Connection) -> float:  # noqa: ARG002 -- a file is on one machine
        """Return this machine's time."""
        return time.time()

    def lock(self, source: str) -> FileLock | None:
        """Acquire the lock on runs of a source; return None if another process holds it."""
        try:
            return FileLock.take(self.path, source)
        except OSError as error:
            raise StoreError(
                f"{lock_file(self.path, source)} cannot be locked: {error.strerror}",
                hint="check the disk and the permissions of the folder",
            ) from error

    def is_locked(self, source: str) -> bool:
        """Return whether a process is writing a run of this source."""
        return FileLock.is_held(self.path, source)

    def as_json(self, columns: Iterable[ColumnElement[Any]]) -> ColumnElement[str]:
        """Format one row as JSON."""
        return func.json_object(*chain.from_iterable((c.key, c) for c in columns), type_=Text)

    def as_array(
        self,
        columns: Iterable[ColumnElement[Any]],
        by: ColumnElement[Any],  # noqa: ARG002 -- as they come, which is by the index
    ) -> ColumnElement[str]:
        """Format all rows as one JSON array of arrays."""
        return func.json_group_array(func.json_array(*columns), type_=Text)

    def is_among(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """Return the condition that `column` is in the JSON array of the parameter `name`."""
        return column.in_(select(func.json_each(bindparam(name)).table_valued("value")))

    def insertion(self, shared: Sequence[Column[Any]], own: Sequence[Column[Any]]) -> Insertion:
        """Prepare an insertion with many rows per statement.

        Each execution releases the interpreter's lock and each bound value has a cost, so shared
        values are bound once; inserting from JSON is slower.
        """
        statements = [(rows, _insertion(shared, own, rows)) for rows in _ROWS_AT_ONCE]

        def insert(
            cursor: DBAPICursor, common: Sequence[object], rows: Sequence[Sequence[object]]
        ) -> None:
            start = 0
            for size, statement in statements:
                while len(rows) - start >= size:
                    values = chain(common, *rows[start : start + size])
                    cursor.execute(statement, tuple(values))
                    start += size

        return insert

    def write_csv(
        self,
        connection: Connection,
        rows: Statement,
        by: Sequence[ColumnElement[int]],
        file: Path,
    ) -> None:
        """Write rows as lines of CSV, formatted inside the database, which is faster.

        `%w` doubles the quotes in a text [https://www.sqlite.org/printf.html]; it would end the
        text at a NUL, of which the record has none, see `nul_bytes`.
        """
        text, *numbers = rows.selected_columns
        form = '"%w"' + ",%s" * len(numbers) + "\n"
        line = func.printf(form, text, *numbers, type_=Text)
        lines = rows.with_only_columns(
            func.aggregate_strings(line, ""), maintain_column_froms=True
        ).group_by(by[0])
        with file.open("w", encoding="utf-8", newline="") as out:
            for some in connection.execute(lines).yield_per(50).scalars():
                out.write(some)

    def _running(self) -> list[str]:
        """List processes recorded as writing a run: a locked database can still be read."""
        statement = "SELECT DISTINCT pid, host FROM run WHERE state = 'running'"
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as reader:
                return [f"pid {pid} on {host}" for pid, host in reader.execute(statement)]
        except sqlite3.Error:
            return []


def _insertion(shared: Sequence[Column[Any]], own: Sequence[Column[Any]], rows: int) -> str:
    """Format an INSERT of `rows` rows, with the shared values bound once."""
    names = ", ".join(column.name for column in (*shared, *own))
    said = ["?"] * len(shared) + [f"column{place}" for place, _ in enumerate(own, 1)]
    values = ", ".join([f"({', '.join('?' * len(own))})"] * rows)
    return (
        f"INSERT INTO {own[0].table.name} ({names}) SELECT {', '.join(said)} FROM (VALUES {values})"
    )


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)
