"""Publication of a complete run as immutable Parquet, the source of every query.

The files of a run are in `source=<source>/run=<number>`: customers, sites, devices, the patches of
its findings, and either all findings or the differences from the run published before. A reader
takes the last full publication and those after it, so an unchanged fleet costs a few small files.
Ended rows are named by file and row number, so readers compare no texts. All files are derived: the
same run always yields the same rows.

Memory use does not grow with the number of findings.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from sqlalchemy import Connection

from patchfleet.addresses import shown, without_secrets
from patchfleet.errors import StoreError
from patchfleet.store.publication import deletion_vectors
from patchfleet.store.publication.duckdb import connect
from patchfleet.store.publication.files import (
    COLUMNS,
    ENDED,
    FINDING_COLUMNS,
    FINDINGS,
    MOVED_COLUMNS,
    NO_PLACES,
    NUMBERED,
    PARQUET,
    PLACE_KEYS,
    STRUCK,
    WORDS,
    files,
    folder_of,
    numbered_rows,
)
from patchfleet.store.publication.storage import Digests, LocalStorage, Storage
from patchfleet.store.record import as_of
from patchfleet.store.record.database import Database
from patchfleet.version import __version__

VERSION_KEY = "patchfleet.version"
"""Key, among the metadata of each published file, of the version that wrote it."""

_MEMORY = "300MB"
"""Without a limit DuckDB reads ahead of its writes, and memory grows with the fleet."""

_ROWS_A_GROUP = 65_536
"""Smaller groups slow down queries over all findings; DuckDB's default, nearly twice the size,
speeds them up little and takes 15 MB more memory to write."""

_NO_WORDS = "(SELECT NULL::BIGINT AS word, NULL::UBIGINT AS bits WHERE false)"

_CSV = """auto_detect = false, buffer_size = 524288, max_line_size = 65536,
    header = false, delim = ',', quote = '"', escape = '"', nullstr = '',
    allow_quoted_nulls = false, hive_partitioning = false, new_line = '\\n'"""
"""The format of `Backend.write_csv`: an empty field is NULL, "" is an empty text. A larger
buffer takes more memory and no less time."""


def write_files(
    database: Database,
    storage: Storage,
    run_id: int,
    *,
    source: str,
    recognition: int,
    previous: int | None,
    chain: Sequence[str],
    folder: str | None = None,
) -> Digests:
    """Write the files of a run to `storage`, replacing earlier ones, and return their digests.

    `recognition` is the match run that maps devices to machines. `previous` is the run published
    before it, None for the first. `chain` are the folders that an incremental publication builds
    on, the full one first; empty for a full publication. Raises StoreError if the disk is full or
    the folder is not writable, with earlier files unchanged, and if readers would see other
    findings than are recorded.
    """
    folder = folder or folder_of(source, run_id)
    with (
        _explained(storage, folder, run_id),
        _beside(storage, folder) as name,
        closing(_Work(Path(name), source, storage)) as written,
    ):
        with database.read() as connection:
            recorded = connection.scalars(as_of.listed(run_id)).one()
            written.tables(database, connection, as_of.tables(run_id, recognition))
            if previous is not None:
                is_counted = not connection.scalar(as_of.is_uncounted(previous))
                changes = as_of.moved(run_id, previous, is_counted=is_counted)
                written.load(database, connection, [changes], MOVED_COLUMNS)
                written.moved(previous, chain)
            if not chain:
                written.load(database, connection, as_of.findings(run_id), FINDING_COLUMNS)
                written.findings()
        written.small_files()
        digests = storage.put(Path(name), folder, written.names)
        written.check(recorded, (*chain, folder))
        return digests


class _Work:
    """Conversion of exported rows to Parquet in one folder."""

    def __init__(self, work: Path, source: str, storage: Storage) -> None:
        self.names: list[str] = []
        self._work, self._source, self._storage = work, source, storage
        self._connection = connect(memory_limit=_MEMORY, temp_directory=str(work), threads=1)
        storage.connect(self._connection)

    def tables(
        self, database: Database, connection: Connection, tables: Mapping[str, as_of.Statement]
    ) -> None:
        """Load customers, sites, devices, and the patches and conditions of the source.

        The database formats the rows as JSON, which takes half the time of doing it here.
        """
        for name, rows in tables.items():
            line = database.backend.as_json(rows.selected_columns)
            lines = rows.with_only_columns(line, maintain_column_froms=True)
            with (self._work / f"{name}.json").open("w", encoding="utf-8", newline="") as file:
                for text in connection.execute(lines).yield_per(1000).scalars():
                    file.write(text + "\n")
            self._connection.execute(
                f"CREATE TABLE raw_{name} AS SELECT * FROM read_json({self._file(name, 'json')}, "
                f"format = 'newline_delimited', hive_partitioning = false, "
                f"columns = {COLUMNS[name]})"
            )
        self._number_words()

    def _number_words(self) -> None:
        """Make the few texts that all findings share enums.

        The files hold texts all the same; formatting them for each row would be a quarter of the
        work. The empty text is there because an enum needs at least one value.
        """
        self._connection.execute(f"CREATE TYPE source AS ENUM ('{self._source}')")
        for word in WORDS:
            self._connection.execute(
                f"CREATE TYPE {word} AS ENUM (SELECT {word} FROM raw_conditions UNION SELECT ''); "
                f"ALTER TABLE raw_conditions ALTER {word} TYPE {word}"
            )

    def load(
        self,
        database: Database,
        connection: Connection,
        parts: Sequence[as_of.Statement],
        columns: Mapping[str, str],
    ) -> None:
        """Load findings as the view `rows`, replacing it; each part is by device and id."""
        texts = []
        for number, part in enumerate(parts):
            text = self._work / f"rows{number}.csv"
            database.backend.write_csv(connection, part, as_of.ORDER, text)
            texts.append(self._file(text.stem, "csv"))
        self._connection.execute(
            "CREATE OR REPLACE VIEW rows AS SELECT * FROM "
            f"read_csv([{', '.join(texts)}], {_CSV}, columns = {dict(columns)})"
        )

    def findings(self) -> None:
        """Write all findings in their order: open ones first, so that they can be read alone."""
        self._numbered("findings", "rows")

    def moved(self, previous: int, chain: Sequence[str]) -> None:
        """Write begun and ended findings since `previous`, the ended ones with their row addresses.

        Raises StoreError if an ended finding is not in the chain exactly once.
        """
        self._connection.execute("CREATE TABLE moved AS FROM rows")
        began = f"(FROM moved WHERE from_run > {previous})"
        ended = f"(FROM moved WHERE from_run <= {previous})"
        words = self._words(chain)
        begun = self._numbered("begun", began, first_word=words)
        if chain:
            self._place(ended, chain)
            before = files(self._storage, chain[-1:], "struck") if len(chain) > 1 else _NO_WORDS
            deletion_vectors = STRUCK.format(
                words=words + _words(begun), before=before, ended="placed"
            )
            self._copy("struck", deletion_vectors)
            self._copy("ended", "SELECT * EXCLUDE (word) FROM placed")
            self._connection.execute("DROP TABLE placed")
        else:
            nowhere = self._formatted(ENDED, rows=ended, places=NO_PLACES, key=PLACE_KEYS[0])
            self._copy("ended", f"SELECT * EXCLUDE (word) FROM ({nowhere})")
        self._connection.execute("DROP TABLE moved")

    def _words(self, chain: Sequence[str]) -> int:
        """Count the words of the deletion vector of a chain."""
        if len(chain) > 1:
            return self._count(f"FROM {files(self._storage, chain[-1:], 'struck')}")
        return (
            _words(self._count(f"FROM {files(self._storage, chain, 'findings')}")) if chain else 0
        )

    def _numbered(self, name: str, rows: str, *, first_word: int = 0) -> int:
        """Write findings, each with the number of its word; return the number of findings.

        Raises StoreError if they are not written in the order in which they were numbered.
        """
        numbered = NUMBERED.format(rows=rows)
        self._copy(name, self._formatted(FINDINGS, rows=numbered, first_word=first_word))
        written = f"FROM read_parquet({self._file(name, 'parquet')}, file_row_number = true)"
        number = f"{first_word} + (file_row_number >> 6)"
        if self._count(f"{written} WHERE word IS DISTINCT FROM {number}"):
            raise StoreError(
                f"the rows of {name} were not written in the order in which they were numbered",
                hint="another version of duckdb may do so: report this",
            )
        return self._count(written)

    def _place(self, ended: str, chain: Sequence[str]) -> None:
        """Create the table `placed`: ended findings with their row addresses in the chain.

        Raises StoreError if one is not in the chain exactly once.
        """
        places = " UNION ALL ".join(numbered_rows(self._storage, chain))
        rows, found = self._count(ended), -1
        for key in PLACE_KEYS:
            placed = self._formatted(ENDED, rows=ended, places=places, key=key)
            self._connection.execute(f"CREATE OR REPLACE TABLE placed AS {placed}")
            found = self._count("FROM placed WHERE file_row IS NOT NULL")
            if rows == found == self._count("FROM placed"):
                return
        raise StoreError(
            f"{rows} findings ended and {found} of them are in the files published before",
            hint="patchfleet store publish --all writes these again from the record",
        )

    def _count(self, rows: str) -> int:
        counted = self._connection.execute(f"SELECT count(*) FROM ({rows})").fetchone()
        assert counted is not None
        return int(counted[0])

    def _formatted(self, query: str, **names: object) -> str:
        return query.replace("?", f"CAST('{self._source}' AS source)").format(**names)

    def small_files(self) -> None:
        """Write the files that full and incremental publications have."""
        listed = [name for name in self.names if name in ("begun.parquet", "findings.parquet")]
        rows = ", ".join(self._file(name.removesuffix(".parquet"), "parquet") for name in listed)
        self._connection.execute(f"CREATE VIEW used AS SELECT patch_id FROM read_parquet([{rows}])")
        for name, query in PARQUET.items():
            self._copy(name, query)

    def check(self, recorded: int, folders: Sequence[str]) -> None:
        """Raise StoreError if a reader of the chain would not see `recorded` findings."""
        listed, _ = deletion_vectors.create(self._connection, "read_", self._storage, [folders])
        devices = files(self._storage, folders[-1:], "devices")
        read = f"(SELECT device_key FROM {devices} WHERE scanned_at IS NOT NULL)"
        published = self._count(f"FROM ({listed}) SEMI JOIN {read} USING (device_key)")
        if published != recorded:
            raise StoreError(
                f"{published} findings would be published and {recorded} are recorded",
                hint="the record contradicts itself: keep the database and report this",
            )

    def close(self) -> None:
        """Close the database and its files."""
        self._connection.close()

    def _copy(self, name: str, query: str) -> None:
        self._connection.execute(
            f"COPY ({query}) TO {self._file(name, 'parquet')} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_A_GROUP}, "
            f"KV_METADATA {{'{VERSION_KEY}': '{__version__}'}})"
        )
        if f"{name}.parquet" not in self.names:
            self.names.append(f"{name}.parquet")

    def _file(self, name: str, suffix: str) -> str:
        """Return a path as a string literal of SQL."""
        path = str(self._work / f"{name}.{suffix}")
        return "'" + path.replace("'", "''") + "'"


def _words(rows: int) -> int:
    """Return the number of words for `rows` rows."""
    return (rows + 63) >> 6


@contextmanager
def _beside(storage: Storage, folder: str) -> Iterator[str]:
    """Yield a temporary folder, on the same disk as the files if their storage is local."""
    near: Path | None = None
    if isinstance(storage, LocalStorage):
        near = storage.make(folder)
    with TemporaryDirectory(prefix=".work-", dir=near) as name:
        yield name


@contextmanager
def _explained(storage: Storage, folder: str, run_id: int) -> Iterator[None]:
    try:
        yield
    except (OSError, duckdb.Error) as error:
        place = os.fspath(storage.address)
        reason = (str(error).splitlines() or [""])[0]
        reason = without_secrets(reason, place) or type(error).__name__
        raise StoreError(
            f"run {run_id} cannot be published in {shown(place)}/{folder}: {reason}",
            hint="free some space or change the permissions, then sync again: what was recorded "
            "is kept, and the last published run stays current",
        ) from error
