"""Runs on record: the syncs of all sources, their states and their gaps."""

from typing import Any

from sqlalchemy import Row, Select, func, select

from patchfleet._renamed.members import FormerMethod
from patchfleet.models import Gap
from patchfleet.store.record import gaps
from patchfleet.store.record.database import Database
from patchfleet.store.record.schema import moment, problem, publication, run, scan, source
from patchfleet.store.types import RunRow, RunState, RunSummary


class Runs(FormerMethod):
    """The runs of one record: `store.runs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, limit: int = 20) -> list[RunRow]:
        """List the latest runs of all sources, newest first.

        A run whose process is gone is listed as incomplete.
        """
        with self._database.read() as connection:
            rows = connection.execute(_RUNS.limit(limit)).all()
        return [self._run_row(row) for row in rows]

    def exists(self, run_id: int) -> bool:
        """Return whether a run is on record, in any state."""
        with self._database.read() as connection:
            return connection.scalar(select(run.c.id).where(run.c.id == run_id)) is not None

    def gaps(self, run_id: int) -> list[Gap]:
        """List the gaps of a run, in the order they were met."""
        with self._database.read() as connection:
            return gaps.of_runs(connection, [run_id]).get(run_id, [])

    def summaries(self) -> list[RunSummary]:
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
