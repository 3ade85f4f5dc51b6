"""The store of one installation: the record, what it published, and the journal of changes.

Law of this file: what is read is the publication of a complete run, whole and as it was written; a
file that is not is named and made again from the record, never skipped.
"""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from sqlalchemy import Row, Select, func, select, update

from patchfleet.errors import StoreError
from patchfleet.store.begin import begin
from patchfleet.store.database import Database
from patchfleet.store.facts import Facts
from patchfleet.store.journal import Journal
from patchfleet.store.publish import Digests, damage, write_files
from patchfleet.store.rows import ProblemRow, PublicationRow, RunRow
from patchfleet.store.run import Run
from patchfleet.store.schema import moment, problem, publication, run, scan, source

_SIX_HOURS = timedelta(hours=6)


class Store:
    """An open store; a context manager, for one thread at a time."""

    def __init__(self, database: Database, published: Path) -> None:
        self.name = database.name
        self.address = database.backend.address
        self.published = published
        self.journal = Journal(database)
        self._database = database
        self._runs: list[Run] = []

    @classmethod
    def open(
        cls,
        address: Path | str,
        *,
        published: Path | None = None,
        wait_seconds: float = 10.0,
        create: bool = True,
    ) -> Self:
        """Open the store whose database is a file, or `postgresql://…`, creating what is missing.

        Published runs stand in the folder `published`, by default `<name>.published` beside the
        database, for PostgreSQL below the user's own data. A lock is waited for `wait_seconds`.
        Raises StoreError with a hint where the database or its folder cannot be used, or, with
        `create=False`, where nothing was recorded yet.
        """
        database = Database.open(address, create=create, wait_seconds=wait_seconds)
        return cls(database, published or _published_of(database, address))

    def begin(
        self,
        source: str,
        *,
        now: datetime,
        resume_within: timedelta = _SIX_HOURS,
        fresh: bool = False,
    ) -> Run:
        """Begin a run of `source`, or go on with one that did not finish.

        A run that ended early, or whose process is gone, is resumed where it began no longer than
        `resume_within` ago; its problems are forgotten, since what they name is asked again. An
        older one, or any with `fresh`, is abandoned. Raises StoreError, naming the process, where a
        run of this source is being written.
        """
        lock, begun = begin(
            self._database, source, now=now, resume_within=resume_within, fresh=fresh
        )
        try:
            opened = Run(self._database, self.published, lock, begun, source)
        except BaseException:
            lock.release()
            raise
        self._runs.append(opened)
        return opened

    def runs(self, limit: int = 20) -> list[RunRow]:
        """List the latest runs of all sources, newest first.

        A run whose process is gone is shown as incomplete, which is what it is.
        """
        with self._database.read() as connection:
            rows = connection.execute(_RUNS.limit(limit)).all()
        return [self._run_row(row) for row in rows]

    def problems(self, run_id: int) -> list[ProblemRow]:
        """List what a run could not learn, in the order it was met."""
        statement = (
            select(problem.c.subject, problem.c.reason)
            .where(problem.c.run == run_id)
            .order_by(problem.c.id)
        )
        with self._database.read() as connection:
            return [ProblemRow(*row) for row in connection.execute(statement)]

    def publish(self, run_id: int) -> PublicationRow:
        """Write the files of a complete run again from the record: the same rows, any time later.

        Raises StoreError where there is no such complete run, or the files cannot be written.
        """
        row, _ = self._publication(run_id)
        digests = write_files(self._database, self.published / row.folder, run_id)
        written = msgspec.json.encode(digests).decode()
        with self._database.write() as connection:
            this = update(publication).where(publication.c.run == run_id)
            connection.execute(this.values(digests=written))
        return row

    def facts(self, *, run_id: int | None = None) -> Facts:
        """Open the current publication of every source, or that of one run, for questions.

        A file that is missing or damaged is rebuilt and named in `Facts.repaired`. Raises
        StoreError where nothing is published yet.
        """
        chosen = self._current() if run_id is None else [self._publication(run_id)]
        repaired = []
        for row, digests in chosen:
            broken = damage(self.published / row.folder, digests)
            if broken:
                self.publish(row.run_id)
                repaired += [f"{what}; it was rebuilt from the record" for what in broken]
        return Facts([row for row, _ in chosen], folder=self.published, repaired=repaired)

    def close(self) -> None:
        """Close the database; a run that is still open stays to be resumed."""
        for opened in self._runs:
            opened.release()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _current(self) -> list[tuple[PublicationRow, Digests]]:
        latest = select(func.max(publication.c.run)).group_by(publication.c.source)
        statement = _PUBLICATIONS.where(publication.c.run.in_(latest)).order_by(source.c.name)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            raise StoreError(
                f"no complete sync is on record in {self.name}",
                hint="run patchfleet sync; one that was broken off goes on from where it stopped",
            )
        return [_pointed(row) for row in rows]

    def _publication(self, run_id: int) -> tuple[PublicationRow, Digests]:
        with self._database.read() as connection:
            row = connection.execute(_PUBLICATIONS.where(publication.c.run == run_id)).first()
            newest = select(publication.c.run).order_by(publication.c.run.desc()).limit(5)
            known = ", ".join(str(number) for number in connection.scalars(newest))
        if row is None:
            raise StoreError(
                f"there is no complete run {run_id} in {self.name}",
                hint=f"the latest complete runs are {known}" if known else "no run is complete yet",
            )
        return _pointed(row)

    def _run_row(self, row: Row[Any]) -> RunRow:
        state = row.state
        if state == "running" and not self._database.backend.is_locked(row.source):
            state = "incomplete"
        return RunRow(
            row.id,
            row.source,
            state,
            moment(int(row.started_at)),
            moment(row.ended_at),
            moment(row.as_of),
            row.devices,
            row.findings,
            row.problems,
            row.is_current,
        )


def _published_of(database: Database, address: Path | str) -> Path:
    """Name the folder of what is published where none is set.

    What a PostgreSQL store published on another machine is not there: it is made anew.
    """
    if database.backend.address == str(address) and "://" in database.backend.address:
        from platformdirs import user_data_path

        key = hashlib.sha256(database.name.encode()).hexdigest()[:12]
        return user_data_path("patchfleet") / f"published-{key}"
    path = Path(address)
    return path.with_name(f"{path.stem}.published")


def _pointed(row: Row[Any]) -> tuple[PublicationRow, Digests]:
    pointer = PublicationRow(row.run, row.source, moment(int(row.as_of)), row.folder)
    return pointer, msgspec.json.decode(row.digests, type=Digests)


_PUBLICATIONS: Select[*tuple[Any, ...]] = (
    select(
        publication.c.run,
        source.c.name.label("source"),
        run.c.as_of,
        publication.c.folder,
        publication.c.digests,
    )
    .join(run, publication.c.run == run.c.id)
    .join(source, publication.c.source == source.c.id)
)

_scans = select(func.count(scan.c.scanned_at)).where(scan.c.run == run.c.id)
_findings = select(func.coalesce(func.sum(scan.c.findings), 0)).where(scan.c.run == run.c.id)
_problems = select(func.count()).where(problem.c.run == run.c.id)
_newest = select(func.max(publication.c.run)).where(publication.c.source == run.c.source)

_RUNS: Select[*tuple[Any, ...]] = (
    select(
        run.c.id,
        source.c.name.label("source"),
        run.c.state,
        run.c.started_at,
        run.c.ended_at,
        run.c.as_of,
        _scans.scalar_subquery().label("devices"),
        _findings.scalar_subquery().label("findings"),
        _problems.scalar_subquery().label("problems"),
        func.coalesce(run.c.id == _newest.scalar_subquery(), False).label("is_current"),
    )
    .join(source, run.c.source == source.c.id)
    .order_by(run.c.id.desc())
)
