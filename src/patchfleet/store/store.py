"""The store of one installation: the record, its publications, and the journal of changes.

Readers get the publication of a complete run, exactly as it was written. A file that is missing or
damaged is reported and rebuilt from the record, never skipped.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace
from sqlalchemy import Connection, Row, Select, func, select

from patchfleet._renamed import warn_of_option
from patchfleet.errors import StoreError
from patchfleet.models import Gap, Inventory, JobRunRef, SourceState
from patchfleet.models.machine import DeviceRef, MatchDecision
from patchfleet.store.publication import gaps
from patchfleet.store.publication.chain import (
    PUBLICATIONS,
    PublicationRecord,
    all_publications,
    chain,
    row_of,
)
from patchfleet.store.publication.repair import Repair
from patchfleet.store.publication.storage import Storage, shelf_at
from patchfleet.store.record import intel, jobs, machines, source_state
from patchfleet.store.record import inventory as inventories
from patchfleet.store.record.database import Database
from patchfleet.store.record.dialect import RunLock
from patchfleet.store.record.journal import Journal
from patchfleet.store.record.rate_limit import SharedRateLimit
from patchfleet.store.record.run_start import begin
from patchfleet.store.record.schema import (
    condition,
    device,
    finding,
    micros,
    moment,
    patch,
    problem,
    publication,
    run,
    scan,
    source,
)
from patchfleet.store.run import Run
from patchfleet.store.snapshot import Snapshot
from patchfleet.store.types import IntelRow, PublicationRow, RunGaps, RunRow, RunState, RunSummary

_SIX_HOURS = timedelta(hours=6)


class Store:
    """An open store; a context manager, for one thread at a time."""

    def __init__(self, database: Database, shelf: Storage) -> None:
        self.name = database.name
        self.address = database.backend.address
        self.published = shelf.address
        self.journal = Journal(database)
        self._database = database
        self._shelf = shelf
        self._mending = Repair(database, shelf)
        self._runs: list[Run] = []

    @classmethod
    def open(
        cls,
        address: Path | str,
        *,
        published: Path | str | None = None,
        wait_seconds: float = 10.0,
        create: bool = True,
        is_private: bool = True,
    ) -> Self:
        """Open the store whose database is a file, or `postgresql://…`, creating what is missing.

        Published runs are stored in the folder `published`, or at an address that fsspec knows; by
        default in `<name>.published` beside the database, for PostgreSQL below the user's own data.
        A lock is awaited for `wait_seconds`. With `is_private`, new files are for their owner
        alone, otherwise the umask applies; existing files keep their mode.
        Raises StoreError with a hint if the database or its folder cannot be used, or, with
        `create=False`, if nothing is recorded yet.
        """
        database = Database.open(
            address, create=create, wait_seconds=wait_seconds, is_private=is_private
        )
        place = published or _published_of(database, address)
        return cls(database, shelf_at(place, is_private=is_private))

    def begin(
        self,
        source: str,
        *,
        now: datetime,
        resume_within: timedelta = _SIX_HOURS,
        fresh: bool = False,
    ) -> Run:
        """Begin a run of `source`, or resume an unfinished one.

        A run that ended early, or whose process is gone, is resumed if it began at most
        `resume_within` ago; its gaps are deleted, since their subjects are read again. An older
        run, or any with `fresh`, is abandoned. Raises StoreError, naming the process, while another
        run of this source is being written.
        """
        lock, begun = begin(
            self._database, source, now=now, resume_within=resume_within, fresh=fresh
        )
        try:
            opened = Run(self._database, self._shelf, lock, begun, source)
        except BaseException:
            lock.release()
            raise
        # A process may sync for days: an ended run, with all it holds of its devices, is released.
        self._runs = [*(run for run in self._runs if run.is_open), opened]
        return opened

    def pace(
        self,
        account: str,
        calls: int,
        *,
        seconds: float = 60.0,
        clock: Callable[[], float] | None = None,
    ) -> SharedRateLimit:
        """Return the rate limit shared by all processes that open this store.

        It allows `calls` in any window of `seconds`. `account` identifies an API key without
        revealing it; the same name means the same limit. `clock` defaults to the database's own.
        """
        return SharedRateLimit(self._database, account, calls, seconds=seconds, clock=clock)

    def hold(self, name: str) -> RunLock | None:
        """Acquire a named lock that this process holds until it ends; return None if it is held."""
        return self._database.lock(name)

    def is_held(self, name: str) -> bool:
        """Return whether a live process holds `name`: its own, or a source whose run it writes."""
        return self._database.is_locked(name)

    def explained(self) -> AbstractContextManager[None]:
        """Convert errors of the database driver inside the block to a one-line StoreError."""
        return self._database.explained()

    def runs(self, limit: int = 20) -> list[RunRow]:
        """List the latest runs of all sources, newest first.

        A run whose process is gone is listed as incomplete.
        """
        with self._database.read() as connection:
            rows = connection.execute(_RUNS.limit(limit)).all()
        return [self._run_row(row) for row in rows]

    def has_run(self, run_id: int) -> bool:
        """Return whether a run is on record, in any state."""
        with self._database.read() as connection:
            return connection.scalar(select(run.c.id).where(run.c.id == run_id)) is not None

    def problems(self, run_id: int) -> list[Gap]:
        """List the gaps of a run, in the order they were met."""
        with self._database.read() as connection:
            return gaps.of_runs(connection, [run_id]).get(run_id, [])

    def last_inventory(self, source_name: str) -> Inventory | None:
        """Return the inventory of the last complete run of a source, None without such a run."""
        last = (
            select(func.max(publication.c.run))
            .join(source, publication.c.source == source.c.id)
            .where(source.c.name == source_name)
        )
        with self._database.read() as connection:
            run_id = connection.scalar(last)
            return None if run_id is None else inventories.read(connection, run_id)

    def hosts(self, source_name: str) -> SourceState | None:
        """Return the state that a source keeps of its hosts, None if it never kept any."""
        with self._database.read() as connection:
            return source_state.read(connection, source_name)

    def jobs(self, source_name: str) -> dict[str, str]:
        """Return the names of a source's jobs that are on record now, by their ids."""
        with self._database.read() as connection:
            return jobs.names(connection, source_name)

    def runs_over(self, source_name: str, before: datetime) -> frozenset[JobRunRef]:
        """Return the job runs scheduled earlier than `before` that are final on every device."""
        with self._database.read() as connection:
            return jobs.runs_over(connection, source_name, before)

    def sources(self) -> list[str]:
        """List the names of all sources that have begun a run."""
        with self._database.read() as connection:
            return list(connection.scalars(select(source.c.name).order_by(source.c.name)))

    def machine_ids(self) -> dict[DeviceRef, str]:
        """Return the current machine of each device, over all sources."""
        with self._database.read() as connection:
            return machines.machine_ids(connection)

    def verdicts(self) -> list[MatchDecision]:
        """List the decisions of people on pairs of devices, in the order they were made."""
        with self._database.read() as connection:
            return machines.verdicts(connection)

    def decide(self, verdict: MatchDecision) -> None:
        """Record a decision of a person on two devices; the next sync applies it.

        Raises StoreError for a device that is not on record.
        """
        with self._database.write(durable=True, alone=True) as connection:
            for of, number in machines.unknown(connection, (verdict.left, verdict.right)):
                raise StoreError(
                    f"there is no device {number} of {of} on record",
                    hint="`patchfleet machines candidates` lists pairs with their ids",
                )
            machines.add(connection, verdict)

    def keep_intel(
        self,
        kind: str,
        content: bytes,
        *,
        dated: date,
        name: str,
        version: str | None,
        rows: int,
        now: datetime,
    ) -> IntelRow:
        """Store a file about vulnerabilities that was read as `kind`; see `policy.intel`."""
        row = intel.row_of(kind, dated, name, version, rows, now=now, content=content)
        with self._database.write(durable=True, alone=True) as connection:
            intel.add(connection, row, content)
        return row

    def intel(self, until: date | None = None) -> list[tuple[IntelRow, bytes]]:
        """Return the files in force, the newest of each kind dated `until` or earlier."""
        with self._database.read() as connection:
            return [(row, intel.content(connection, row)) for row in intel.known(connection, until)]

    def intel_known(self) -> list[IntelRow]:
        """List the files in force, without their content."""
        with self._database.read() as connection:
            return intel.known(connection)

    def moving_since(self, source_name: str, states: Collection[str]) -> dict[str, datetime]:
        """Return when a finding last changed to one of `states`, by device id.

        Patches that the source reports as not installable do not count.
        """
        statement = (
            select(device.c.id, func.max(finding.c.changed_at))
            .join_from(finding, device, finding.c.device == device.c.key)
            .join(condition, finding.c.condition == condition.c.key)
            .join(patch, finding.c.patch == patch.c.key)
            .join(source, device.c.source == source.c.id)
            .where(source.c.name == source_name, finding.c.to_run.is_(None))
            .where(condition.c.state.in_(sorted(states)), patch.c.is_installable.is_not(False))
            .group_by(device.c.id)
        )
        with self._database.read() as connection:
            return {number: moment(int(at)) for number, at in connection.execute(statement)}

    def publish(self, run_id: int) -> PublicationRow:
        """Rebuild the files of a complete run from the record, with the same rows.

        Raises StoreError if there is no such complete run, or the files cannot be written.
        """
        row, parts = self._publication(run_id)
        self._mending.mend(self._mending.broken([(row, parts[:-1])]))
        self._mending.rewrite(row.source, parts[-1])
        return row

    def publish_all(self, on_run: Callable[[str, int], None] = lambda _source, _run: None) -> int:
        """Rebuild the files of every complete run; return how many. `on_run` is called for each."""
        with self._database.read() as connection:
            rows = connection.execute(PUBLICATIONS.order_by(publication.c.run)).all()
        for row in rows:
            _, parts = self._publication(row.run)
            self._mending.write(row.source, parts[-1])
            on_run(row.source, row.run)
        return len(rows)

    def copy_to(
        self, target: Path | str, *, wait_seconds: float = 10.0, is_private: bool = True
    ) -> dict[str, int]:
        """Copy the whole record into an empty one; return the number of rows of each table.

        Raises StoreError if the target holds a record already, or a row did not arrive.
        """
        from patchfleet.store.record.copy import copy_record

        return copy_record(self._database, target, wait_seconds=wait_seconds, is_private=is_private)

    def damaged(self) -> list[str]:
        """List every published file, of any run, that is missing or not as it was written."""
        with self._database.read() as connection:
            rows = connection.execute(PUBLICATIONS.order_by(publication.c.run)).all()
            parts = [chain(connection, row.source_id, until=row.run)[-1] for row in rows]
        return [what for part in parts for what in self._shelf.damage(part.folder, part.digests)]

    def facts(self, **opened: Any) -> Snapshot:
        """Return `snapshot` under its former name, with a warning."""
        warn_of_option("Store.facts", "Store.snapshot")
        return self.snapshot(**opened)

    def snapshot(
        self,
        *,
        run_id: int | None = None,
        at: datetime | None = None,
        with_history: bool = False,
    ) -> Snapshot:
        """Open the current publication of every source, or that of one run, for queries.

        With `at`, each source is as it was known at that time: its last complete run as of then or
        earlier. `with_history` adds the history of findings. A missing or damaged
        file is rebuilt and named in `Snapshot.repaired`. Raises StoreError if nothing is published.
        """
        from patchfleet.store.queries.coverage import coverage

        chosen = self._current(at) if run_id is None else [self._publication(run_id)]
        if with_history:
            chosen = [self._with_history(row) for row, _ in chosen]
        runs = self._runs_told() if with_history else ()
        rows = [row for row, _ in chosen]
        missed = self._gaps(rows, at, is_of_all=run_id is None)
        make = partial(Snapshot, rows, shelf=self._shelf, runs=runs, gaps=missed, coverage=coverage)
        snapshot = None
        with ThreadPoolExecutor(max_workers=1) as beside:
            checked = beside.submit(self._mending.broken, chosen)
            # A damaged file may raise anything: it is repaired below. An intact file that cannot
            # be opened raises the same again below, where nothing is suppressed.
            with suppress(Exception):
                snapshot = make() if self._are_plain(chosen) else None
            broken = checked.result()
        if snapshot is not None:
            if not broken:
                return snapshot
            snapshot.close()
        self._mending.mend(broken)
        repaired = [
            f"{what}; it was rebuilt from the record" for *_, found in broken for what in found
        ]
        return make(repaired=repaired)

    def _gaps(
        self, rows: Sequence[PublicationRow], at: datetime | None, *, is_of_all: bool
    ) -> list[RunGaps]:
        """Read the gaps of the runs behind these publications, and of later runs."""
        with self._database.read() as connection:
            found = gaps.told(connection, rows, at, is_of_all=is_of_all)
        return [
            replace(one, state="incomplete", gaps=(*one.gaps, gaps.KILLED))
            if one.state == "running" and not self._database.is_locked(one.source)
            else one
            for one in found
        ]

    def _are_plain(self, chosen: Sequence[tuple[PublicationRow, list[PublicationRecord]]]) -> bool:
        """Return whether files can be opened unchecked, without waiting for a writer."""
        return all(
            self._shelf.is_plain(part.folder, part.digests) for _, parts in chosen for part in parts
        )

    def _with_history(self, row: PublicationRow) -> tuple[PublicationRow, list[PublicationRecord]]:
        """Return a publication with all earlier ones of its source."""
        of = select(publication.c.source).where(publication.c.run == row.run_id)
        with self._database.read() as connection:
            parts = all_publications(connection, connection.scalars(of).one(), until=row.run_id)
        folders = tuple(part.folder for part in parts)
        return replace(row, all_publications=folders), parts

    def close(self) -> None:
        """Close the database; a run that is still open can be resumed."""
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

    def _current(self, at: datetime | None) -> list[tuple[PublicationRow, list[PublicationRecord]]]:
        latest = select(func.max(publication.c.run)).group_by(publication.c.source)
        if at is not None:
            latest = latest.join(run, publication.c.run == run.c.id).where(
                run.c.as_of <= micros(at)
            )
        statement = PUBLICATIONS.where(publication.c.run.in_(latest)).order_by(source.c.name)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            if not rows:
                raise self._nothing_complete(at)
            return [self._whole(connection, row) for row in rows]

    def _nothing_complete(self, at: datetime | None) -> StoreError:
        if at is not None:
            return StoreError(
                f"no complete sync as of {at:%Y-%m-%d %H:%M} UTC or before is in {self.name}",
                hint="`patchfleet runs` lists them",
            )
        return StoreError(
            f"no complete sync is on record in {self.name}",
            hint="run patchfleet sync; one that was broken off goes on from where it stopped",
        )

    def _publication(self, run_id: int) -> tuple[PublicationRow, list[PublicationRecord]]:
        with self._database.read() as connection:
            row = connection.execute(PUBLICATIONS.where(publication.c.run == run_id)).first()
            newest = select(publication.c.run).order_by(publication.c.run.desc()).limit(5)
            known = ", ".join(str(number) for number in connection.scalars(newest))
            if row is not None:
                return self._whole(connection, row)
        raise StoreError(
            f"there is no complete run {run_id} in {self.name}",
            hint=f"the latest complete runs are {known}" if known else "no run is complete yet",
        )

    def _whole(
        self, connection: Connection, row: Row[Any]
    ) -> tuple[PublicationRow, list[PublicationRecord]]:
        parts = chain(connection, row.source_id, until=row.run)
        return row_of(row, parts), parts

    def _runs_told(self) -> list[RunSummary]:
        """Read all runs, newest first, without counting what they recorded."""
        with self._database.read() as connection:
            rows = connection.execute(_RUNS_TOLD).all()
        return [
            RunSummary(row.id, row.source, self._state_of(row), moment(row.as_of)) for row in rows
        ]

    def _state_of(self, row: Row[Any]) -> RunState:
        if row.state == "running" and not self._database.is_locked(row.source):
            return "incomplete"
        state: RunState = row.state
        return state

    def _run_row(self, row: Row[Any]) -> RunRow:
        return RunRow(
            row.id,
            row.source,
            self._state_of(row),
            moment(int(row.started_at)),
            moment(row.ended_at),
            moment(row.as_of),
            row.devices,
            row.findings,
            row.problems,
            row.is_current,
        )


def _published_of(database: Database, address: Path | str) -> Path:
    """Return the default folder of publications.

    Publications of a PostgreSQL store from another machine are not in it: they are built again.
    """
    if database.backend.address == str(address) and "://" in database.backend.address:
        from platformdirs import user_data_path

        key = hashlib.sha256(database.name.encode()).hexdigest()[:12]
        return user_data_path("patchfleet") / f"published-{key}"
    path = Path(address)
    return path.with_name(f"{path.stem}.published")


_scans = select(func.count(scan.c.scanned_at)).where(scan.c.run == run.c.id)
_findings = select(func.coalesce(func.sum(scan.c.findings), 0)).where(scan.c.run == run.c.id)
_problems = select(func.count()).where(problem.c.run == run.c.id)
_newest = select(func.max(publication.c.run)).where(publication.c.source == run.c.source)

_RUNS_TOLD: Select[*tuple[Any, ...]] = (
    select(run.c.id, source.c.name.label("source"), run.c.state, run.c.as_of)
    .join(source, run.c.source == source.c.id)
    .order_by(run.c.id.desc())
)
_RUNS = _RUNS_TOLD.add_columns(
    run.c.started_at,
    run.c.ended_at,
    _scans.scalar_subquery().label("devices"),
    _findings.scalar_subquery().label("findings"),
    _problems.scalar_subquery().label("problems"),
    func.coalesce(run.c.id == _newest.scalar_subquery(), False).label("is_current"),
)
