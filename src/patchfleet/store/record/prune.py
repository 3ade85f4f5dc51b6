"""Outdated rows of a record: what no run from a given one on refers to.

A row is outdated if its interval ended at or before the oldest kept run, so the state as of every
kept run is the same without it. Runs stay as one row each, in the state `pruned`: what is still
valid refers to the run that began it. Journal, decisions and patch descriptions are never outdated.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, update

from patchfleet.store.record.schema import (
    customer,
    description,
    device,
    finding,
    host,
    interval,
    job,
    job_result,
    job_run,
    look_alike,
    membership,
    problem,
    publication,
    run,
    scan,
    site,
)

Outdated = tuple[Table, ColumnElement[bool]]
"""A table, and the condition of its outdated rows."""

_OF_SOURCE = (customer, site, job, job_run, job_result, host)
_OF_DEVICE = (description, finding)


def outdated_of_source(source_id: int, oldest: int) -> Iterator[Outdated]:
    """Return the rows of a source that no run from `oldest` on refers to."""
    earlier = select(run.c.id).where(run.c.source == source_id, run.c.id < oldest)
    yield publication, and_(publication.c.source == source_id, publication.c.run < oldest)
    yield scan, scan.c.run.in_(earlier)
    yield problem, problem.c.run.in_(earlier)
    for table in _OF_SOURCE:
        _, end = interval(table)
        yield table, and_(table.c.source == source_id, end <= oldest)
    devices = select(device.c.key).where(device.c.source == source_id)
    for table in _OF_DEVICE:
        _, end = interval(table)
        yield table, and_(end <= oldest, table.c.device.in_(devices))


def outdated_matches(oldest: int) -> Iterator[Outdated]:
    """Return the rows of machines that no match run from `oldest` on refers to."""
    for table in (membership, look_alike):
        _, end = interval(table)
        yield table, end <= oldest


def count(connection: Connection, rows: Iterator[Outdated]) -> dict[str, int]:
    """Count rows by table."""
    return {
        table.name: connection.scalar(select(func.count()).select_from(table).where(where)) or 0
        for table, where in rows
    }


def erase(connection: Connection, rows: Iterator[Outdated]) -> dict[str, int]:
    """Delete rows; return their number by table."""
    return {
        table.name: connection.execute(delete(table).where(where)).rowcount for table, where in rows
    }


def mark_pruned(connection: Connection, source_id: int, oldest: int) -> None:
    """Mark the complete runs of a source before `oldest` as pruned."""
    earlier = update(run).where(
        run.c.source == source_id, run.c.id < oldest, run.c.state == "complete"
    )
    connection.execute(earlier.values(state="pruned"))


def oldest_match_run(connection: Connection, without: ColumnElement[bool] | None = None) -> int:
    """Return the oldest match run that a publication refers to; `without` leaves some out."""
    statement = select(func.min(publication.c.recognition))
    if without is not None:
        statement = statement.where(~without)
    return connection.scalar(statement) or 0
