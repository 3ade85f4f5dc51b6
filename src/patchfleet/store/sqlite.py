"""Everything that only SQLite needs: how it is opened, how a write begins, what its errors mean.

Law of this file: a database that is not ours is looked at and left exactly as it was.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, Engine, Text, create_engine, event, func, literal

from patchfleet.errors import StoreError
from patchfleet.store.locks import writers

BEGIN_READ = "BEGIN"
BEGIN_WRITE = "BEGIN IMMEDIATE"
"""Taken at once: a transaction that reads first and writes later is refused, not made to wait,
when somebody else wrote in between [https://www.sqlite.org/lang_transaction.html]."""

_PRAGMAS = (
    # In WAL mode NORMAL never tears a database and loses nothing when a process is killed; a power
    # failure may undo the last commits, which then are devices that the resumed run reads again.
    # What must not be undone so is written under FULL: see Database.write(durable=True).
    # [https://www.sqlite.org/pragma.html#pragma_synchronous]
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -4000",
)
CREATE = "PRAGMA journal_mode = WAL"
DURABLE = ("PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL")

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
"""What is known to go wrong, by the number of SQLite [https://www.sqlite.org/rescode.html]."""


def engine(path: Path, wait_seconds: float) -> Engine:
    """Build an engine that leaves transactions to us and waits `wait_seconds` for a lock."""
    made = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={
            "timeout": wait_seconds,
            "isolation_level": None,
            "check_same_thread": False,
        },
    )
    event.listen(made, "connect", _prepare)
    return made


def check_path(path: Path, *, create: bool) -> None:
    """Raise StoreError where no database can be: what stands there, or does not, and what to do."""
    folder = path.absolute().parent
    try:
        if path.is_dir():
            raise StoreError(f"{path} is a folder, not a database", hint="name a file in it")
        is_there, has_folder = path.exists(), folder.is_dir()
    except PermissionError as error:
        raise StoreError(f"{path} cannot be reached: {error.strerror}", hint=_RIGHTS) from error
    if not is_there and not create:
        raise no_data(path)
    if not has_folder:
        raise StoreError(
            f"there is no folder {folder} for the database", hint=f"create it: mkdir -p {folder}"
        )


def no_data(path: Path) -> StoreError:
    """Say that nothing was ever recorded here."""
    return StoreError(f"there is no data in {path} yet", hint="run patchfleet sync first")


def explain(error: Exception, path: Path, wait_seconds: float) -> StoreError:
    """Say what an error of SQLite means for a person, by its number."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        by = ", ".join(writers(path) or _running(path)) or "another process"
        return StoreError(
            f"{path} is locked by {by} and stayed so for {wait_seconds:g} s",
            hint="wait until that process is done, or end it, then try again",
        )
    if primary in _MEANINGS:
        what, hint = _MEANINGS[primary]
        return StoreError(f"{path} {what}", hint=hint)
    return StoreError(
        f"{path} cannot be read or written: {error}",
        hint="check the disk, then start again: what was recorded is kept",
    )


def _running(path: Path) -> list[str]:
    """Name the processes that say they write a run: a locked database can still be read."""
    statement = "SELECT DISTINCT pid, host FROM run WHERE state = 'running'"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as reader:
            return [f"pid {pid} on {host}" for pid, host in reader.execute(statement)]
    except sqlite3.Error:
        return []


def csv_line(text: ColumnElement[str], numbers: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """Spell a row as a line of CSV inside the database, a third faster than any way around it.

    The text, never NULL, is always quoted; a number that is NULL is nothing between two commas.
    `replace` keeps whatever is in a text, where `printf` alone would end it at a NUL
    [https://www.sqlite.org/printf.html].
    """
    quoted = literal('"') + func.replace(text, '"', '""') + literal('"')
    return quoted + func.printf(",%s" * len(numbers) + "\n", *numbers, type_=Text)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)
