"""`patchfleet sql`: SQL over the publications."""

import warnings
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from patchfleet.cli.options import output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.cli.time_type import Moment

if TYPE_CHECKING:
    from patchfleet.report import Table
    from patchfleet.store import Snapshot


@click.command()
@click.argument("statement", required=False)
@click.option("--views", is_flag=True, help="List the views and their columns.")
@click.option(
    "--at", type=Moment(), help="Query the state at this time: 2026-03-14, or with T08:00."
)
@output_options
@pass_session
def command(
    session: Session,
    *,
    statement: str | None,
    views: bool,
    at: datetime | None,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """Query the record in SQL, read-only.

    \b
    patchfleet sql "SELECT customer, count(*) FROM findings
                    WHERE state = 'failed' GROUP BY ALL ORDER BY 2 DESC"

    The dialect is DuckDB's. The view `findings` has a row for each patch on a device,
    `finding_history` one for each state it was ever in; --views lists them all.
    """  # noqa: D301 -- \b is what click wants, not a backslash
    from patchfleet.report.coverage import missing

    if (statement is None) is not views:
        raise click.UsageError("give one statement, or --views")
    with session.store() as store, store.snapshot(at=at, with_history=True) as snapshot:
        session.warn_repaired(snapshot)
        if statement:
            # Before the statement: it may change the views that coverage reads.
            for note in missing(snapshot.coverage()):
                session.info(f"* {note}")
        table = _result(session, snapshot, statement) if statement else _views(snapshot)
        session.show(table, as_json=as_json, outputs=outputs)


def _result(session: Session, snapshot: "Snapshot", statement: str) -> "Table":
    """Ask a statement; former views that it reads are a warning each."""
    from patchfleet.report.sql_result import sql_result_table

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeprecationWarning)
        answer = snapshot.ask(statement)
    for one in caught:
        session.info(f"warning: {one.message}")
    return sql_result_table(answer)


def _views(snapshot: "Snapshot") -> "Table":
    from patchfleet.report import Column, Table

    columns = (
        Column("view", "View"),
        Column("column", "Column"),
        Column("type", "Type"),
        Column("meaning", "Meaning"),
    )
    rows = [(one.view, one.column, one.kind, one.meaning) for one in snapshot.views()]
    return Table(name="views", title="Views", columns=columns, rows=rows)
