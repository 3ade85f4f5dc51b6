"""Gaps of the published runs, and later runs that were not complete.

A run counts until the next complete run of its source. If a source has no complete run, all of its
runs count.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from patchfleet.models import Gap
from patchfleet.store.record.schema import micros, moment, problem, run, source
from patchfleet.store.types import PublicationRow, RunGaps

KILLED = Gap("sync", "the rest, since its process ended before it", is_general=True)
"""The gap of an unfinished run whose process has ended."""


def missed_runs(
    connection: Connection,
    publications: Sequence[PublicationRow],
    until: datetime | None,
    *,
    is_of_all: bool = True,
) -> list[RunGaps]:
    """Read each published run and the incomplete runs after it, oldest first.

    `until` excludes runs that began later. `is_of_all` includes sources without a published run.
    """
    published = {row.source: row.run_id for row in publications}
    names = select(source.c.name).order_by(source.c.name)
    others = [name for name in connection.scalars(names) if name not in published]
    begins = [*published.items(), *((name, 0) for name in others if is_of_all)]
    found = [
        row
        for name, run_id in begins
        for row in _since(connection, name, run_id)
        if row.id == run_id or until is None or row.started_at <= micros(until)
    ]
    missed = of_runs(connection, [row.id for row in found])
    return [
        RunGaps(
            row.id, row.name, row.state, moment(int(row.started_at)), tuple(missed.get(row.id, ()))
        )
        for row in found
    ]


def _since(connection: Connection, name: str, run_id: int) -> list[Any]:
    """Return the row of a published run, if any, and those up to the next complete run."""
    statement = (
        select(run.c.id, source.c.name, run.c.state, run.c.started_at)
        .join(source, run.c.source == source.c.id)
        .where(source.c.name == name, run.c.id >= run_id)
        .order_by(run.c.id)
    )
    rows = []
    for row in connection.execute(statement):
        if row.id != run_id and row.state == "complete":
            break
        rows.append(row)
    return rows


def of_runs(connection: Connection, runs: Sequence[int]) -> dict[int, list[Gap]]:
    """Return the gaps of each run, in the order in which they occurred."""
    columns = [problem.c[name] for name in Gap.__struct_fields__]
    statement = (
        select(problem.c.run, *columns).where(problem.c.run.in_(runs)).order_by(problem.c.id)
    )
    found: dict[int, list[Gap]] = {}
    for row in connection.execute(statement).mappings():
        gap = Gap(**{name: row[name] for name in Gap.__struct_fields__})
        found.setdefault(row["run"], []).append(gap)
    return found
