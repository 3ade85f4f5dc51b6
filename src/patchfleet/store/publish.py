"""A complete run as immutable Parquet: what every question is asked of.

Files of one run stand in `<source>/run-<number>`, one each for customers, sites, devices, patches
and findings, and hold all there is, so that any engine reads them without the record. They are
derived: the same run gives the same rows again at any time.

Law of this file: a file has its name only when it is whole and on the disk, and it holds as many
rows as the record says. Memory does not grow with the findings.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import msgspec
from sqlalchemy import Connection, func, select

from patchfleet.errors import StoreError
from patchfleet.store import asof
from patchfleet.store.database import Database
from patchfleet.store.layout import COLUMNS, FINDING_COLUMNS, PARQUET
from patchfleet.store.schema import scan

Digests = dict[str, str]
"""SHA-256 of each file of a publication, by its name."""

_MEMORY = "300MB"
"""Without a bound DuckDB reads ahead of what it writes, and takes more the more there is."""

_ROWS_A_GROUP = 40960
"""A group is built in memory; DuckDB's own 122,880 rows take three times as much of it."""

_CSV = """auto_detect = false, buffer_size = 4194304, max_line_size = 65536,
    header = false, delim = ',', quote = '"', escape = '"', nullstr = '',
    allow_quoted_nulls = false, new_line = '\\n'"""
"""How `Backend.write_csv` writes: nothing is NULL, "" is an empty text."""


def folder_of(source: str, run_id: int) -> str:
    """Name the folder of a run below the folder of all publications."""
    return f"{source}/run-{run_id}"


def write_files(database: Database, folder: Path, run_id: int) -> Digests:
    """Write the files of a run into `folder` and return their digests; what was there is replaced.

    Raises StoreError where the disk is full or the folder cannot be written to; no file that had
    its name before is harmed then.
    """
    with _explained(folder, run_id):
        folder.mkdir(parents=True, exist_ok=True)
        work = folder / f".partial-{os.getpid()}"
        work.mkdir(exist_ok=True)
        try:
            with database.read() as connection:
                expected = _export(database, connection, work, run_id)
            _convert(work, expected)
            return _put_in_place(work, folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def damage(folder: Path, digests: Digests) -> list[str]:
    """Name each file of a publication that is missing or damaged, and which of the two."""
    found = []
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{path} is missing")
        elif _digest(path) != digest:
            found.append(f"{path} is damaged")
    return found


def _export(database: Database, connection: Connection, work: Path, run_id: int) -> dict[str, int]:
    """Write what a run says as text for DuckDB; return how many rows each file is to have."""
    expected = {}
    for name, statement in asof.tables(run_id).items():
        with (work / f"{name}.json").open("wb") as file:
            rows = 0
            for row in connection.execute(statement).mappings():
                file.write(msgspec.json.encode(dict(row)) + b"\n")
                rows += 1
        if name in {"customers", "sites", "devices"}:
            expected[name] = rows
    listings = asof.listings(run_id)
    database.backend.write_csv(connection, listings, asof.LISTED_BY, work / "findings.csv")
    recorded = select(func.coalesce(func.sum(scan.c.findings), 0)).where(scan.c.run == run_id)
    return {**expected, "findings": connection.execute(recorded).scalar_one()}


def _convert(work: Path, expected: dict[str, int]) -> None:
    """Turn the text into Parquet beside it; raise StoreError where rows went missing."""
    with duckdb.connect(
        ":memory:", config={"memory_limit": _MEMORY, "temp_directory": str(work), "threads": 1}
    ) as connection:
        for name, columns in COLUMNS.items():
            text = _literal(work, name, "json")
            connection.execute(
                f"CREATE TABLE raw_{name} AS SELECT * FROM read_json({text}, "
                f"format = 'newline_delimited', columns = {columns})"
            )
        listings = _literal(work, "findings", "csv")
        # A join over the text itself reads far ahead: measured, 200 MB more at a million findings.
        raw = _literal(work, "raw_findings", "parquet")
        connection.execute(
            f"COPY (SELECT * FROM read_csv({listings}, {_CSV}, columns = {FINDING_COLUMNS})) "
            f"TO {raw} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {_ROWS_A_GROUP})"
        )
        connection.execute(f"CREATE VIEW raw_findings AS SELECT * FROM read_parquet({raw})")
        for name, query in PARQUET.items():
            if name == "patches":  # only those in use, told from what was just written
                findings = _literal(work, "findings", "parquet")
                connection.execute(
                    f"CREATE VIEW used AS SELECT patch_id FROM read_parquet({findings})"
                )
            copied = connection.execute(
                f"COPY ({query}) TO {_literal(work, name, 'parquet')} "
                f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_A_GROUP})"
            ).fetchall()
            if name in expected and copied != [(expected[name],)]:
                raise StoreError(
                    f"{copied[0][0]} {name} would be published and {expected[name]} are recorded",
                    hint="the record contradicts itself: keep the database and report this",
                )


def _put_in_place(work: Path, folder: Path) -> Digests:
    """Give every file its name once all are on the disk; return their digests."""
    names = [f"{name}.parquet" for name in PARQUET]
    for name in names:
        with (work / name).open("r+b") as file:
            os.fsync(file.fileno())
    digests = {name: _digest(work / name) for name in names}
    for name in names:
        (work / name).replace(folder / name)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and need not be
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return digests


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _literal(folder: Path, name: str, suffix: str) -> str:
    """Spell a path as a text of SQL."""
    path = str(folder / f"{name}.{suffix}")
    return "'" + path.replace("'", "''") + "'"


@contextmanager
def _explained(folder: Path, run_id: int) -> Iterator[None]:
    try:
        yield
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(
            f"run {run_id} cannot be published in {folder}: {reason}",
            hint="free some space or change the permissions, then sync again: what was recorded "
            "is kept, and the last published run stays current",
        ) from error
