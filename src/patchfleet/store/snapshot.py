"""Published runs, opened for questions: an in-memory DuckDB over immutable Parquet.

Views: `publications`, `customers`, `sites`, `devices`, `patches`, `findings`, and `held`, which is
findings with the names and properties of device and patch and the age at `as_of`. What a finding is
is read from the last whole publication and what began and ended since.

Law of this file: nothing is written and no lock is taken, so any number of readers work beside a
sync. Times inside DuckDB are UTC without a zone and leave it as aware UTC.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, get_args, get_origin, get_type_hints

import duckdb
import msgspec
from msgspec import Struct

from patchfleet.errors import StoreError
from patchfleet.models import Selection
from patchfleet.store.publication import deletion_vectors
from patchfleet.store.publication.duckdb import connect
from patchfleet.store.publication.files import TIMES, files, run_of
from patchfleet.store.publication.storage import Storage
from patchfleet.store.types import PublicationRow, RunGaps, RunSummary, ViewColumn
from patchfleet.store.views.lifecycle import MILESTONES
from patchfleet.store.views.patch_history import DESCRIBED_EVER, DEVICES_THEN, standings
from patchfleet.store.views.scratch import Aside, Scratch

if TYPE_CHECKING:
    from patchfleet.store.queries.coverage import Coverage
    from patchfleet.store.views.user_sql import Answer

Row = TypeVar("Row", bound=Struct)

_ALL = Selection()

_MEMORY = "800MB"
"""What does not fit goes to the disk: the memory of a question does not grow with the fleet."""

_KEPT = "device_key, finding_id, patch_id, state, decision, first_seen_at, changed_at"
"""What is kept of a finding for further questions: a column more costs more than a question."""

_PUBLICATION_COLUMNS = {"source": "VARCHAR", "run_id": "BIGINT", "as_of": "TIMESTAMP"}
_RUN_COLUMNS = {
    "run_id": "BIGINT", "source": "VARCHAR", "state": "VARCHAR", "as_of": "TIMESTAMP"
}  # fmt: skip

_FINDINGS = """
    SELECT d.source, d.customer_id, d.site_id, d.device_id, f.finding_id, f.patch_id, f.state,
        f.decision, f.is_own_decision, f.vendor_status, f.vendor_decision, f.installed_at,
        f.first_seen_at, f.changed_at, d.scanned_at, f.device_key, f.from_run
    FROM {prefix}listed AS f JOIN {prefix}devices AS d USING (device_key)
    WHERE d.scanned_at IS NOT NULL
"""
_HELD = """
    SELECT f.* EXCLUDE (device_key), d.source, d.customer_id, d.site_id, d.device_id, d.scanned_at,
        d.customer, d.site, d.device, d.kind, d.device_key, p.patch, p.product, p.kb, p.severity,
        p.vendor_severity, p.released_at, p.url, p.is_installable, p.is_removable, p.vendor_id,
        p.cves, p.is_superseded, p.needs_reboot, p.as_of, p.age_days
    FROM {listed} AS f
        JOIN {prefix}devices AS d USING (device_key)
        JOIN {prefix}known_patches AS p USING (patch_id)
    WHERE d.scanned_at IS NOT NULL
"""
_INTERVALS = """
    SELECT i.source, d.customer_id, d.customer, d.site_id, d.site, d.device_id, d.device, d.kind,
        i.finding_id,
        p.patch, p.kb, p.severity, p.released_at, i.state, i.decision, i.is_own_decision,
        i.vendor_status, i.vendor_decision, i.installed_at, i.first_seen_at, i.changed_at,
        i.from_run, coalesce(i.to_run, d.left_with) AS to_run, began.as_of AS from_at,
        ended.as_of AS to_at, i.patch_id, i.device_key
    FROM ({of}) AS i
        JOIN patches_ever AS p USING (patch_id)
        LEFT JOIN devices_ever AS d USING (device_key)
        LEFT JOIN runs AS began ON began.run_id = i.from_run
        LEFT JOIN runs AS ended ON ended.run_id = coalesce(i.to_run, d.left_with)
"""
_STANDING = "SELECT *, NULL AS to_run FROM listed"
_MOVED = "ended_ever USING (device_key, finding_id)"
"""Findings that stood otherwise once: these are few, and what is asked of time is about them."""

# What stood on a device that is gone ends with the first run that did not have it any more.
_DEVICES_EVER = """
    SELECT ever.*, (
        SELECT min(run_id) FROM published AS p WHERE p.source = ever.source AND run_id > last_run
    ) AS left_with
    FROM (
        SELECT device_key, any_value(source) AS source, max(run) AS last_run,
            arg_max(customer_id, run) AS customer_id, arg_max(customer, run) AS customer,
            arg_max(site_id, run) AS site_id, arg_max(site, run) AS site,
            arg_max(device_id, run) AS device_id, arg_max(device, run) AS device,
            arg_max(kind, run) AS kind
        FROM devices_then GROUP BY device_key
    ) AS ever
"""
# What is computed once a patch need not be computed once a finding.
_KNOWN_PATCHES = """
    SELECT p.*, b.as_of, CASE WHEN p.released_at IS NOT NULL THEN CAST(
        greatest(0, (epoch_us(b.as_of) - epoch_us(p.released_at)) // 86400000000) AS INTEGER
    ) END AS age_days
    FROM {prefix}described AS p JOIN {prefix}publications AS b USING (source)
"""
_PATCHES = """
    SELECT * EXCLUDE (as_of, age_days) FROM {prefix}known_patches
    WHERE patch_id IN (SELECT patch_id FROM {prefix}findings)
"""


class Snapshot:
    """What published runs say; a context manager, for one thread.

    `repaired` names every file that was missing or damaged and had to be rebuilt before opening.
    """

    def __init__(
        self,
        publications: Sequence[PublicationRow],
        *,
        shelf: Storage,
        repaired: Sequence[str] = (),
        runs: Sequence[RunSummary] = (),
        gaps: Sequence[RunGaps] = (),
    ) -> None:
        """Open the files of `publications`, one a source, on `shelf`.

        `runs` are all runs on record, where publications come with their history. `gaps` are what
        the published runs, and those after them, could not learn. Raises StoreError naming the file
        that cannot be read.
        """
        self.publications = tuple(publications)
        self.repaired = tuple(repaired)
        self.gaps = tuple(gaps)
        self.shelf = shelf
        self._spill = TemporaryDirectory(prefix="patchfleet-", ignore_cleanup_errors=True)
        self._connection = connect(memory_limit=_MEMORY, temp_directory=self._spill.name)
        self._compared: dict[Snapshot, str] = {}
        self._scratch = Aside(partial(self._run, self._connection))
        self._is_locked = False
        try:
            self._connection.execute("SET parquet_metadata_cache = true")
            shelf.connect(self._connection)
            self._create_views("", self)
            if any(p.all_publications for p in self.publications):
                self._create_history(runs)
        except BaseException:
            self.close()
            raise

    @property
    def as_of(self) -> datetime:
        """When the source said this; of several sources, the earliest."""
        return min(publication.as_of for publication in self.publications)

    def coverage(self, selection: Selection = _ALL) -> "Coverage":
        """Say what these facts cover of a selection, and above all what they do not."""
        from patchfleet.store.queries.coverage import coverage

        return coverage(self, selection)

    def rows(self, kind: type[Row], sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run one statement and build a row of `kind` of each result, fields in order."""
        return list(self.iter_rows(kind, sql, values))

    def iter_rows(
        self, kind: type[Row], sql: str, values: Sequence[object] = (), *, batch: int = 5000
    ) -> Iterator[Row]:
        """Run one statement and build its rows as they are asked for, `batch` at a time."""
        timed, listed = _conversions(kind)
        with self._cursor() as cursor:
            result = self._run(cursor, sql, values)
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

    def put(self, name: str, columns: Mapping[str, str], rows: Iterable[Struct]) -> Scratch:
        """Make rows a table beside the views, which lasts as long as what is returned.

        They arrive as a file, in a tenth of the time that a statement a row takes.
        """
        encoder = msgspec.json.Encoder()
        with TemporaryDirectory(prefix="patchfleet-") as folder:
            file = Path(folder) / "rows.json"
            with file.open("wb") as out:
                for row in rows:
                    out.write(encoder.encode(row) + b"\n")
            listed = ", ".join(f"{column}: '{kind}'" for column, kind in columns.items())
            read = "read_json(?, format = 'newline_delimited', columns = {" + listed + "})"
            return self._scratch.new(name, f"SELECT * FROM {read}", [str(file)])

    def keep(self, sql: str, values: Sequence[object] = ()) -> Scratch:
        """Keep what a statement chooses of `held`, for many questions, as a view; see `set_aside`.

        Of `held` it lacks what only a list of findings shows: the source's own words, whose
        decision it is, when it was installed and by which run.
        """
        rows = self.set_aside("kept_rows", f"SELECT {_KEPT} FROM ({sql})", values)
        view = _HELD.format(prefix="", listed=rows)
        return self._scratch.made("kept", view, kind="VIEW", holds=rows)

    def set_aside(self, name: str, sql: str, values: Sequence[object] = ()) -> Scratch:
        """Make what a statement says a table, which lasts as long as what is returned.

        The same statement again costs nothing while that is so, and until another one of this name.
        """
        return self._scratch.made(name, sql, values)

    def ask(self, sql: str) -> "Answer":
        """Ask a person's own statement over the views; see `store.sql`.

        From then on this connection reads what is published and nothing else. Raises StoreError
        where the statement does not read, or cannot be understood.
        """
        from patchfleet.store.views.user_sql import ask, lock

        if not self._is_locked:
            folders = {f for p in self.publications for f in (*p.folders, *p.all_publications)}
            lock(self._connection, [self.shelf.name_of(folder, "") for folder in sorted(folders)])
            self._is_locked = True
        return ask(self._connection, sql)

    def views(self) -> list[ViewColumn]:
        """List the columns of the views that statements may use, with what they mean."""
        from patchfleet.store.views.columns import VIEWS

        listed = []
        for view, meanings in VIEWS.items():
            described = self._run(self._connection, f"DESCRIBE {view}").fetchall()
            listed += [ViewColumn(view, name, kind, meanings[name]) for name, kind, *_ in described]
        return listed

    def beside(self, other: "Snapshot") -> str:
        """Make the findings of `other` readable here and return the name of their `held` view.

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
            self._compared[other] = f"{prefix}held"
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
        self._create_table(f"{prefix}publications", _PUBLICATION_COLUMNS, published)
        for name in ("customers", "sites", "devices", "jobs", "job_runs", "job_results"):
            latest = [p.folders[-1] for p in of.publications]
            self._create_view(f"{prefix}{name}", files(of.shelf, latest, name), name)
        newest = max(of.publications, key=lambda p: p.recognition)  # it knows of all sources
        for name in ("machines", "look_alikes"):
            self._create_view(f"{prefix}{name}", files(of.shelf, [newest.folders[-1]], name), name)
        folders = [folder for p in of.publications for folder in p.folders]
        patches = f"(SELECT DISTINCT * FROM {files(of.shelf, folders, 'patches')})"
        self._create_view(f"{prefix}described", patches, "patches")
        known = _KNOWN_PATCHES.format(prefix=prefix)
        self._connection.execute(f"CREATE TABLE {prefix}known_patches AS {known}")
        chains = [p.folders for p in of.publications]
        listed, steps = deletion_vectors.create(self._connection, prefix, of.shelf, chains)
        self._create_view(
            f"{prefix}listed", f"({listed})", "findings", f"EXCLUDE ({deletion_vectors.PLACE})"
        )
        self._connection.execute(f"CREATE VIEW {prefix}steps AS {steps}")
        for name, sql in (
            ("findings", _FINDINGS),
            ("patches", _PATCHES),
            ("held", _HELD),
        ):
            rows = f"(SELECT * EXCLUDE (source) FROM {prefix}listed)"
            view = sql.format(prefix=prefix, listed=rows)
            self._connection.execute(f"CREATE VIEW {prefix}{name} AS {view}")

    def _create_history(self, runs: Sequence[RunSummary]) -> None:
        """Make `runs`, `intervals`, `milestones`, `standings`: how all came to be what it is.

        `lasting` and `moving` are the intervals of findings with one and with several of them.
        An interval holds from a run to a run, whose times are those of the first run that was
        complete at or after them.
        """
        known: dict[str, datetime] = {}
        told = []
        for run in runs:  # the newest first: what was not complete became known with a later one
            if run.as_of is not None:
                known[run.source] = run.as_of
            told.append((run.id, run.source, run.state, _plain(known.get(run.source))))
        self._create_table("runs", _RUN_COLUMNS, told)
        ever = [folder for p in self.publications for folder in p.all_publications]
        later = [folder for p in self.publications for folder in p.all_publications[1:]]
        patches = f"(SELECT DISTINCT * FROM {files(self.shelf, ever, 'patches')})"
        self._create_view("patches_ever", patches, "patches")
        but = "EXCLUDE (file_run, file_row)"
        if later:
            self._create_view("ended_ever", files(self.shelf, later, "ended"), "ended", but)
        else:
            self._connection.execute(f"CREATE VIEW ended_ever AS {_STANDING} WHERE false")
        published = [(p.source, run_of(f)) for p in self.publications for f in p.all_publications]
        self._create_table("published", {"source": "VARCHAR", "run_id": "BIGINT"}, published)
        then = DEVICES_THEN.format(files=files(self.shelf, ever, "devices", ", filename = true"))
        self._connection.execute(f"CREATE VIEW devices_then AS {then}")
        self._connection.execute(f"CREATE VIEW devices_ever AS {_DEVICES_EVER}")
        held = f"FROM ended_ever UNION ALL BY NAME {_STANDING}"
        self._connection.execute(f"CREATE VIEW held_ever AS {held}")
        for name, of in (
            ("intervals", "FROM held_ever"),
            ("lasting", f"{_STANDING} ANTI JOIN {_MOVED}"),
            ("moving", f"{held} SEMI JOIN {_MOVED}"),
        ):
            sql = _INTERVALS.format(of=of)
            self._connection.execute(f"CREATE VIEW {name} AS {sql}")
        self._connection.execute(f"CREATE VIEW milestones AS {MILESTONES}")
        self._connection.execute(f"CREATE VIEW described_ever AS {DESCRIBED_EVER}")
        self._connection.execute(f"CREATE VIEW standings AS {standings('held_ever')}")

    def _create_table(
        self, name: str, columns: Mapping[str, str], rows: Sequence[tuple[object, ...]]
    ) -> None:
        """Make rows a table, in one statement however many they are."""
        made = ", ".join(f"unnest(?::{kind}[]) AS {column}" for column, kind in columns.items())
        values = [list(cells) for cells in zip(*rows, strict=True)] or [[]] * len(columns)
        self._connection.execute(f"CREATE TABLE {name} AS SELECT {made}", values)

    def _create_view(self, name: str, source: str, of: str, but: str = "") -> None:
        """Make rows of the files `of` a view whose times are plain UTC times, see the law above."""
        plain = ", ".join(f"make_timestamp(epoch_us({time})) AS {time}" for time in TIMES[of])
        times = plain and f"REPLACE ({plain})"
        self._run(self._connection, f"CREATE VIEW {name} AS SELECT * {but} {times} FROM {source}")

    def _run(
        self, connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] = ()
    ) -> duckdb.DuckDBPyConnection:
        try:
            return connection.execute(sql, list(values))
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
        "the facts are closed, and a list of a report was still to be read",
        hint="save the report before the facts are closed",
    )


def _plain(at: datetime | None) -> datetime | None:
    """Spell a moment as times are inside DuckDB, see the law above."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)


@cache
def _conversions(kind: type[Struct]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Find the places of the fields of `kind` that hold a time, and those that hold a tuple."""
    hints = list(get_type_hints(kind).values())
    timed = tuple(i for i, hint in enumerate(hints) if datetime in (hint, *get_args(hint)))
    listed = tuple(i for i, hint in enumerate(hints) if get_origin(hint) is tuple)
    return timed, listed
