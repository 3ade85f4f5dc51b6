"""Published runs, opened for questions: an in-memory DuckDB over immutable Parquet.

Views are listed in `store.views.columns`. Findings are read from the last full publication and the
incremental ones after it. Nothing is written and no lock is taken, so that readers do not wait for
a sync. Times inside DuckDB are UTC without a zone and leave it as aware UTC.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, get_args, get_origin, get_type_hints

import duckdb
from msgspec import Struct

from patchfleet._renamed.lookup import warn
from patchfleet._renamed.members import FormerMembers
from patchfleet.errors import StoreError
from patchfleet.models import Selection
from patchfleet.store.publication import deletion_vectors
from patchfleet.store.publication.duckdb import connect
from patchfleet.store.publication.files import TIMES, files, run_of
from patchfleet.store.publication.storage import Storage
from patchfleet.store.types import PublicationRow, RecordedChange, RunGaps, RunSummary, ViewColumn
from patchfleet.store.views.change_rows import create_changes
from patchfleet.store.views.definitions import (
    DEVICES_ALL,
    FINDING_HISTORY,
    FINDINGS,
    FINDINGS_ALL,
    FINDINGS_CURRENT,
    FINDINGS_SCANNED,
    HISTORY_VIEWS,
    PATCHES,
    PATCHES_WITH_AGE,
)
from patchfleet.store.views.former import create_former_views
from patchfleet.store.views.lifecycle import FINDING_LIFECYCLE
from patchfleet.store.views.patch_history import DEVICES_BY_RUN, PATCHES_BY_KEY, patch_history
from patchfleet.store.views.scratch import Scratch, ScratchTables

if TYPE_CHECKING:
    from patchfleet.store.report_coverage import Coverage
    from patchfleet.store.views.user_sql import Answer

Row = TypeVar("Row", bound=Struct)

_ALL = Selection()

_MEMORY = "800MB"
"""What does not fit goes to the disk: the memory of a question does not grow with the fleet."""

_PUBLICATION_COLUMNS = {"source": "VARCHAR", "run_id": "BIGINT", "as_of": "TIMESTAMP"}
_ACCOUNT = ", source AS account"
_RUN_COLUMNS = {
    "run_id": "BIGINT", "source": "VARCHAR", "state": "VARCHAR", "as_of": "TIMESTAMP"
}  # fmt: skip


class Snapshot(FormerMembers):
    """What published runs say; a context manager, for one thread.

    `repaired` names every file that was missing or damaged and had to be rebuilt before opening.
    """

    def __init__(
        self,
        publications: Sequence[PublicationRow],
        *,
        storage: Storage,
        repaired: Sequence[str] = (),
        runs: Sequence[RunSummary] = (),
        gaps: Sequence[RunGaps] = (),
        changes: Callable[[], Iterable[RecordedChange]] = tuple,
        coverage: "Callable[[Snapshot, Selection], Coverage]",
    ) -> None:
        """Open the files of `publications`, one a source, on `storage`.

        `runs` are all runs on record, where publications come with their history. `gaps` are what
        the published runs, and those after them, could not read; `changes` reads the journal for
        the view of that name, and `coverage` answers for the method of that name. Raises StoreError
        naming the file that cannot be read.
        """
        self.publications = tuple(publications)
        self.repaired = tuple(repaired)
        self.gaps = tuple(gaps)
        self.storage = storage
        self._spill = TemporaryDirectory(prefix="patchfleet-", ignore_cleanup_errors=True)
        self._connection = connect(memory_limit=_MEMORY, temp_directory=self._spill.name)
        self._coverage = coverage
        self._changes = changes
        self._compared: dict[Snapshot, str] = {}
        self._scratch = ScratchTables(partial(self._run, self._connection))
        self._is_locked = False
        try:
            self._connection.execute("SET parquet_metadata_cache = true")
            storage.connect(self._connection)
            self._create_views("", self)
            if any(p.all_publications for p in self.publications):
                self._create_history(runs)
        except BaseException:
            self.close()
            raise

    @property
    def as_of(self) -> datetime:
        """Time of the data by the source's clock; with several sources, the earliest."""
        return min(publication.as_of for publication in self.publications)

    def coverage(self, selection: Selection = _ALL) -> "Coverage":
        """Return what this snapshot covers of a selection, and what it does not."""
        return self._coverage(self, selection)

    def rows(self, kind: type[Row], sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run one statement, whose columns are named as the fields of `kind`, and build its rows.

        Columns of other names are taken in their order, with a DeprecationWarning.
        """
        return list(self.iter_rows(kind, sql, values))

    def iter_rows(
        self, kind: type[Row], sql: str, values: Sequence[object] = (), *, batch: int = 5000
    ) -> Iterator[Row]:
        """Run one statement and build its rows as they are asked for, `batch` at a time."""
        timed, listed = _conversions(kind)
        _held = self.needed_by(sql)  # until the last row is read
        with self._cursor() as cursor:
            result = self._run(cursor, sql, values)
            _check_names(kind, [column[0] for column in result.description or ()])
            while rows := result.fetchmany(batch):
                for row in rows:
                    cells = list(row)
                    for place in timed:
                        if cells[place] is not None:
                            cells[place] = cells[place].replace(tzinfo=UTC)
                    for place in listed:
                        cells[place] = tuple(cells[place] or ())
                    yield kind(*cells)

    def count(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run a statement whose answer is one number."""
        row = self._run(self._connection, sql, values).fetchone()
        assert row is not None
        return int(row[0])

    def texts(self, sql: str, values: Sequence[object] = ()) -> list[str]:
        """Run a statement whose answer is one column of text."""
        return [str(text) for (text,) in self._run(self._connection, sql, values).fetchall()]

    def scratch(
        self, name: str, sql: str, values: Sequence[object] = (), *, is_view: bool = False
    ) -> Scratch:
        """Make the rows of a statement a table, or a view, whose own name begins with `name`.

        It lasts as long as the returned value, as rows that are read from it, and as views over it.
        The same statement again is the same table while it lasts. A view takes no `values`.
        """
        return self._scratch.make(name, sql, values, is_view=is_view)

    def needed_by(self, sql: str) -> tuple[Scratch, ...]:
        """Return the scratch tables that a statement reads: they last as long as this is held."""
        return self._scratch.named_in(sql)

    def ask(self, sql: str) -> "Answer":
        """Ask a person's own statement over the views; see `store.sql`.

        From then on this connection reads what is published and nothing else. Raises StoreError
        where the statement does not read, or cannot be understood.
        """
        from patchfleet.store.views.user_sql import ask, lock

        if not self._is_locked:
            folders = {f for p in self.publications for f in (*p.folders, *p.all_publications)}
            lock(self._connection, [self.storage.name_of(folder, "") for folder in sorted(folders)])
            self._is_locked = True
        with suppress(duckdb.Error):  # the statement itself fails for the same reason
            create_former_views(self._connection, sql)
        create_changes(self._connection, sql, self._changes)
        return ask(self._connection, sql)

    def views(self) -> list[ViewColumn]:
        """List the columns of the views that statements may use, with what they mean."""
        from patchfleet.store.views.columns import VIEWS

        listed = []
        for view, meanings in VIEWS.items():
            described = self._run(self._connection, f"DESCRIBE FROM {view}").fetchall()
            listed += [ViewColumn(view, name, kind, meanings[name]) for name, kind, *_ in described]
        return listed

    def beside(self, other: "Snapshot") -> str:
        """Make the findings of `other` readable here and return the name of their view.

        Raises StoreError when the two do not hold the same sources.
        """
        ours, theirs = (sorted(p.source for p in side.publications) for side in (self, other))
        if ours != theirs:
            raise StoreError(
                f"cannot compare a run of {', '.join(theirs)} with one of {', '.join(ours)}",
                hint="open two runs of the same source",
            )
        if other not in self._compared:
            prefix = f"other{len(self._compared)}_"
            self._create_views(prefix, other)
            self._compared[other] = f"{prefix}findings"
        return self._compared[other]

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()
        self._spill.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.cursor()
        except duckdb.ConnectionException:
            raise _closed() from None

    def _create_views(self, prefix: str, of: "Snapshot") -> None:
        published = [(p.source, p.run_id, _plain(p.as_of)) for p in of.publications]
        self._create_table(f"{prefix}publications", _PUBLICATION_COLUMNS, published, _ACCOUNT)
        latest = [p.folders[-1] for p in of.publications]
        for name in ("customers", "sites", "devices", "jobs", "job_results"):
            self._create_view(
                f"{prefix}{name}", files(of.storage, latest, name), name, more=_ACCOUNT
            )
        self._create_view(
            f"{prefix}job_runs",
            files(of.storage, latest, "job_runs"),
            "job_runs",
            "EXCLUDE (over_count)",
            f"{_ACCOUNT}, over_count AS finished_count, over_count",
        )
        newest = max(of.publications, key=lambda p: p.recognition)  # it knows of all sources
        folder = [newest.folders[-1]]
        self._create_view(
            f"{prefix}machines", files(of.storage, folder, "machines"), "machines", more=_ACCOUNT
        )
        self._create_view(
            f"{prefix}match_candidates",
            files(of.storage, folder, "look_alikes"),
            "look_alikes",
            "RENAME (reasons AS evidence_for, against AS evidence_against)",
            ", left_source AS left_account, right_source AS right_account",
        )
        folders = [folder for p in of.publications for folder in p.folders]
        patches = f"(SELECT DISTINCT * FROM {files(of.storage, folders, 'patches')})"
        self._create_view(f"{prefix}patches_raw", patches, "patches")
        with_age = PATCHES_WITH_AGE.format(prefix=prefix)
        self._connection.execute(f"CREATE TABLE {prefix}patches_with_age AS {with_age}")
        chains = [p.folders for p in of.publications]
        raw, deltas = deletion_vectors.create(self._connection, prefix, of.storage, chains)
        self._create_view(
            f"{prefix}findings_raw",
            f"({raw})",
            "findings",
            f"EXCLUDE ({deletion_vectors.ROW_ADDRESS})",
        )
        self._connection.execute(f"CREATE VIEW {prefix}finding_deltas AS {deltas}")
        for name, sql in (
            ("findings_scanned", FINDINGS_SCANNED),
            ("patches", PATCHES),
            ("findings", FINDINGS),
        ):
            rows = f"(SELECT * EXCLUDE (source) FROM {prefix}findings_raw)"
            view = sql.format(prefix=prefix, rows=rows)
            self._connection.execute(f"CREATE VIEW {prefix}{name} AS {view}")

    def _create_history(self, runs: Sequence[RunSummary]) -> None:
        """Create `runs`, `finding_history`, `finding_lifecycle` and `patch_history`.

        A row of history is valid from a run to a run. Their times are those of the first complete
        run at or after each.
        """
        known: dict[str, datetime] = {}
        listed = []
        for run in runs:  # the newest first: an incomplete run counts with the next complete one
            if run.as_of is not None:
                known[run.source] = run.as_of
            listed.append((run.id, run.source, run.state, _plain(known.get(run.source))))
        self._create_table("runs", _RUN_COLUMNS, listed, _ACCOUNT)
        every = [folder for p in self.publications for folder in p.all_publications]
        later = [folder for p in self.publications for folder in p.all_publications[1:]]
        patches = f"(SELECT DISTINCT * FROM {files(self.storage, every, 'patches')})"
        self._create_view("patches_all", patches, "patches")
        without = "EXCLUDE (file_run, file_row)"
        if later:
            ended = files(self.storage, later, "ended")
            self._create_view("findings_ended", ended, "ended", without)
        else:
            nothing = f"{FINDINGS_CURRENT} WHERE false"
            self._connection.execute(f"CREATE VIEW findings_ended AS {nothing}")
        published = [(p.source, run_of(f)) for p in self.publications for f in p.all_publications]
        self._create_table("published", {"source": "VARCHAR", "run_id": "BIGINT"}, published)
        devices = files(self.storage, every, "devices", ", filename = true")
        for name, sql in (
            ("devices_by_run", DEVICES_BY_RUN.format(files=devices)),
            ("devices_all", DEVICES_ALL),
            ("findings_all", FINDINGS_ALL),
            *((name, FINDING_HISTORY.format(of=of)) for name, of in HISTORY_VIEWS.items()),
            ("finding_lifecycle", FINDING_LIFECYCLE),
            ("patches_by_key", PATCHES_BY_KEY),
            ("patch_history", patch_history("findings_all")),
        ):
            self._connection.execute(f"CREATE VIEW {name} AS {sql}")

    def _create_table(
        self,
        name: str,
        columns: Mapping[str, str],
        rows: Sequence[tuple[object, ...]],
        more: str = "",
    ) -> None:
        """Make rows a table, in one statement however many they are; `more` adds columns."""
        made = ", ".join(f"unnest(?::{kind}[]) AS {column}" for column, kind in columns.items())
        values = [list(cells) for cells in zip(*rows, strict=True)] or [[]] * len(columns)
        self._connection.execute(
            f"CREATE TABLE {name} AS SELECT *{more} FROM (SELECT {made})", values
        )

    def _create_view(self, name: str, source: str, of: str, but: str = "", more: str = "") -> None:
        """Create a view over the files `of` whose times are UTC without a zone.

        `but` changes the columns of the files, `more` adds some.
        """
        plain = ", ".join(f"make_timestamp(epoch_us({time})) AS {time}" for time in TIMES[of])
        # DuckDB's order: EXCLUDE, REPLACE, RENAME.
        before, after = ("", but) if but.startswith("RENAME") else (but, "")
        columns = f"* {before} {plain and f'REPLACE ({plain})'} {after} {more}"
        self._run(self._connection, f"CREATE VIEW {name} AS SELECT {columns} FROM {source}")

    def _run(
        self, connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] = ()
    ) -> duckdb.DuckDBPyConnection:
        try:
            return connection.execute(sql, list(values))
        except duckdb.CatalogException:
            if create_former_views(self._connection, sql) | create_changes(
                self._connection, sql, self._changes
            ):
                return connection.execute(sql, list(values))
            raise
        except duckdb.ConnectionException:
            raise _closed() from None
        except duckdb.OutOfMemoryException as error:
            raise StoreError(
                f"a question does not fit into {_MEMORY} of memory and the disk behind "
                f"{self._spill.name}: {str(error).splitlines()[0]}",
                hint="free some space there, or set TMPDIR to a folder with room",
            ) from error
        except duckdb.IOException as error:
            raise StoreError(
                f"a published file cannot be read: {str(error).splitlines()[0]}",
                hint="it is rebuilt from the record when the facts are opened again",
            ) from error


def _closed() -> StoreError:
    return StoreError(
        "the snapshot is closed, and rows of a report were not read yet",
        hint="save the report before closing the snapshot",
    )


def _plain(at: datetime | None) -> datetime | None:
    """Return a time as DuckDB holds it: naive, in UTC."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)


def _check_names(kind: type[Struct], columns: Sequence[str]) -> None:
    """Warn of a statement whose columns are not named as the fields of its rows, in their order."""
    if tuple(columns) != kind.__struct_fields__:
        warn(
            f"a statement for {kind.__name__} with the columns {', '.join(columns)}",
            f"the columns {', '.join(kind.__struct_fields__)}",
            level=4,
        )


@cache
def _conversions(kind: type[Struct]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Find the places of the fields of `kind` that hold a time, and those that hold a tuple."""
    hints = list(get_type_hints(kind).values())
    timed = tuple(i for i, hint in enumerate(hints) if datetime in (hint, *get_args(hint)))
    listed = tuple(i for i, hint in enumerate(hints) if get_origin(hint) is tuple)
    return timed, listed
