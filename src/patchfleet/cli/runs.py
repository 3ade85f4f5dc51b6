"""`patchfleet runs`: the syncs on record."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from patchfleet.cli.options import CommandLineError, output_options
from patchfleet.cli.session import Session, pass_session

if TYPE_CHECKING:
    from patchfleet.report import Table
    from patchfleet.store import Store


@click.command()
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Number of syncs."
)
@click.option(
    "--problems", "run_id", metavar="RUN", type=int, help="List the problems of this run."
)
@output_options
@pass_session
def command(
    session: Session, *, limit: int, run_id: int | None, as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the syncs on record and their problems."""
    with session.store() as store:
        table = _runs(store, limit) if run_id is None else _problems(store, run_id)
    session.show(table, as_json=as_json, outputs=outputs)


def _runs(store: "Store", limit: int) -> "Table":
    from patchfleet.report import Column, tabulate
    from patchfleet.report.tables import SHOWN_ACCOUNT

    columns = (
        Column("id", "Run", "integer"),
        *SHOWN_ACCOUNT,
        Column("state", "State", "state"),
        Column("is_current", "Current", "flag"),
        Column("started_at", "Started", "moment"),
        Column("ended_at", "Ended", "moment"),
        Column("as_of", "As of", "moment"),
        Column("devices", "Devices", "integer"),
        Column("findings", "Patches", "integer"),
        Column("problems", "Problems", "integer"),
    )
    return tabulate("runs", "Syncs on record, newest first", columns, store.runs.latest(limit))


def _problems(store: "Store", run_id: int) -> "Table":
    from patchfleet.report import Column, tabulate

    if not store.runs.exists(run_id):
        raise CommandLineError(f"there is no run {run_id}", hint="`patchfleet runs` lists them")
    columns = (Column("subject", "Subject"), Column("reason", "Problem"))
    title = f"Problems in run {run_id}"
    return tabulate("problems", title, columns, store.runs.gaps(run_id))
