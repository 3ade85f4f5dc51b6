"""Publications of a store: opened as a snapshot, checked, and rewritten from the record."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Row, func, select

from patchfleet.errors import StoreError
from patchfleet.store.publication.chain import (
    PUBLICATIONS,
    PublicationRecord,
    all_publications,
    chain,
    is_on_record,
    pruned_meanwhile,
    row_of,
)
from patchfleet.store.publication.repair import Repair
from patchfleet.store.publication.storage import Storage
from patchfleet.store.record import gaps
from patchfleet.store.record.database import Database
from patchfleet.store.record.journal import Journal
from patchfleet.store.record.runs import Runs
from patchfleet.store.record.schema import micros, moment, publication, run, source
from patchfleet.store.snapshot import Snapshot
from patchfleet.store.types import JournalFilter, PublicationRow, RunGaps


class Publications:
    """The publications of one store: `store.publications`."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage
        self._repair = Repair(database, storage)

    def open(
        self,
        *,
        run_id: int | None = None,
        at: datetime | None = None,
        with_history: bool = False,
    ) -> Snapshot:
        """Open the current publication of every source, or that of one run, for queries.

        With `at`, each source is as it was known at that time: its last complete run as of then or
        earlier. `with_history` adds the history of findings. A missing or damaged file is rebuilt
        and named in `Snapshot.repaired`. Raises StoreError if nothing is published.
        """
        from patchfleet.store.queries.coverage import coverage

        chosen = self._current(at) if run_id is None else [self._publication(run_id)]
        if with_history:
            chosen = [self._with_history(row) for row, _ in chosen]
        runs = Runs(self._database).summaries() if with_history else ()
        rows = [row for row, _ in chosen]
        missed = self._gaps(rows, at, is_of_all=run_id is None)
        make = partial(
            Snapshot,
            rows,
            storage=self._storage,
            runs=runs,
            gaps=missed,
            changes=partial(Journal(self._database).changes, JournalFilter(known_at=at)),
            coverage=coverage,
        )
        snapshot = None
        with ThreadPoolExecutor(max_workers=1) as beside:
            checked = beside.submit(self._repair.find_damaged, chosen)
            # A damaged file may raise anything: it is repaired below. An intact file that cannot
            # be opened raises the same again below, where nothing is suppressed.
            with suppress(Exception):
                snapshot = make() if self._are_plain(chosen) else None
            broken = checked.result()
        if snapshot is not None:
            if not broken:
                return snapshot
            snapshot.close()
        self._repair.repair(broken)
        self._check_kept(chosen)
        repaired = [
            f"{what}; it was rebuilt from the record" for *_, found in broken for what in found
        ]
        return make(repaired=repaired)

    def rewrite(self, run_id: int) -> PublicationRow:
        """Rebuild the files of a complete run from the record, with the same rows.

        Raises StoreError if there is no such complete run, or the files cannot be written.
        """
        row, parts = self._publication(run_id)
        self._repair.repair(self._repair.find_damaged([(row, parts[:-1])]))
        self._repair.rewrite(row.source, parts[-1])
        return row

    def rewrite_all(self, on_run: Callable[[str, int], None] = lambda _source, _run: None) -> int:
        """Rebuild the files of every complete run; return how many. `on_run` is called for each."""
        with self._database.read() as connection:
            rows = connection.execute(PUBLICATIONS.order_by(publication.c.run)).all()
        for row in rows:
            _, parts = self._publication(row.run)
            self._repair.write(row.source, parts[-1])
            on_run(row.source, row.run)
        return len(rows)

    def damaged(self) -> list[str]:
        """List every published file, of any run, that is missing or not as it was written."""
        with self._database.read() as connection:
            rows = connection.execute(PUBLICATIONS.order_by(publication.c.run)).all()
            parts = [chain(connection, row.source_id, until=row.run)[-1] for row in rows]
        return [what for part in parts for what in self._storage.verify(part.folder, part.digests)]

    def _gaps(
        self, rows: Sequence[PublicationRow], at: datetime | None, *, is_of_all: bool
    ) -> list[RunGaps]:
        """Read the gaps of the runs behind these publications, and of later runs."""
        with self._database.read() as connection:
            found = gaps.missed_runs(connection, rows, at, is_of_all=is_of_all)
        return [
            replace(one, state="incomplete", gaps=(*one.gaps, gaps.KILLED))
            if one.state == "running" and not self._database.is_locked(one.source)
            else one
            for one in found
        ]

    def _are_plain(self, chosen: Sequence[tuple[PublicationRow, list[PublicationRecord]]]) -> bool:
        """Return whether files can be opened unchecked, without waiting for a writer."""
        return all(
            self._storage.is_plain(part.folder, part.digests)
            for _, parts in chosen
            for part in parts
        )

    def _with_history(self, row: PublicationRow) -> tuple[PublicationRow, list[PublicationRecord]]:
        """Return a publication with all earlier ones of its source."""
        of = select(publication.c.source).where(publication.c.run == row.run_id)
        with self._database.read() as connection:
            source_id = connection.scalar(of)
            if source_id is None:
                raise self._no_run(connection, row.run_id)
            parts = all_publications(connection, source_id, until=row.run_id)
        folders = tuple(part.folder for part in parts)
        return replace(row, all_publications=folders), parts

    def _current(self, at: datetime | None) -> list[tuple[PublicationRow, list[PublicationRecord]]]:
        latest = select(func.max(publication.c.run)).group_by(publication.c.source)
        if at is not None:
            latest = latest.join(run, publication.c.run == run.c.id).where(
                run.c.as_of <= micros(at)
            )
        statement = PUBLICATIONS.where(publication.c.run.in_(latest)).order_by(source.c.name)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            if at is not None:
                _check_not_pruned(connection, {row.source for row in rows}, at)
            if not rows:
                raise self._nothing_complete(at)
            return [self._whole(connection, row) for row in rows]

    def _nothing_complete(self, at: datetime | None) -> StoreError:
        if at is not None:
            return StoreError(
                f"no complete sync as of {at:%Y-%m-%d %H:%M} UTC or before "
                f"is in {self._database.name}",
                hint="`patchfleet runs` lists them",
            )
        return StoreError(
            f"no complete sync is on record in {self._database.name}",
            hint="run patchfleet sync; one that was broken off goes on from where it stopped",
        )

    def _publication(self, run_id: int) -> tuple[PublicationRow, list[PublicationRecord]]:
        with self._database.read() as connection:
            row = connection.execute(PUBLICATIONS.where(publication.c.run == run_id)).first()
            if row is not None:
                return self._whole(connection, row)
            raise self._no_run(connection, run_id)

    def _no_run(self, connection: Connection, run_id: int) -> StoreError:
        newest = select(publication.c.run).order_by(publication.c.run.desc()).limit(5)
        known = ", ".join(str(number) for number in connection.scalars(newest))
        state = connection.scalar(select(run.c.state).where(run.c.id == run_id))
        return StoreError(
            f"run {run_id} was pruned from {self._database.name}"
            if state == "pruned"
            else f"there is no complete run {run_id} in {self._database.name}",
            hint=f"the latest complete runs are {known}" if known else "no run is complete yet",
        )

    def _check_kept(self, chosen: Sequence[tuple[PublicationRow, list[PublicationRecord]]]) -> None:
        """Raise StoreError if a publication that is about to be opened was pruned meanwhile."""
        with self._database.read() as connection:
            for _, parts in chosen:
                for part in parts:
                    if not is_on_record(connection, part):
                        raise pruned_meanwhile(part)

    def _whole(
        self, connection: Connection, row: Row[Any]
    ) -> tuple[PublicationRow, list[PublicationRecord]]:
        parts = chain(connection, row.source_id, until=row.run)
        return row_of(row, parts), parts


def _check_not_pruned(connection: Connection, found: Collection[str], at: datetime) -> None:
    """Raise StoreError if a source had a complete run as of `at` and all such runs are pruned."""
    pruned = (
        select(source.c.name)
        .join_from(run, source, run.c.source == source.c.id)
        .where(run.c.state == "pruned", run.c.as_of <= micros(at))
        .distinct()
    )
    missing = sorted(set(connection.scalars(pruned)) - set(found))
    if missing:
        oldest = select(func.min(run.c.as_of)).join(publication, publication.c.run == run.c.id)
        since = connection.scalar(
            oldest.join(source, run.c.source == source.c.id).where(source.c.name == missing[0])
        )
        raise StoreError(
            f"the runs of {missing[0]} as of {at:%Y-%m-%d %H:%M} UTC and before were pruned",
            hint=f"the oldest one kept is as of {moment(since):%Y-%m-%d %H:%M} UTC"
            if since is not None
            else "`patchfleet runs` lists the runs",
        )
