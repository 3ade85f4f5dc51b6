"""`patchfleet runs`: the syncs on record."""

from pathlib import Path

import click

from patchfleet.cli.options import output_options
from patchfleet.cli.session import Session, pass_session


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option("--problems", "run_id", type=int, help="List what this run could not learn.")
@output_options
@pass_session
def command(
    session: Session, *, limit: int, run_id: int | None, as_json: bool, outputs: tuple[Path, ...]
) -> None:
    """List the syncs on record and what each could not learn."""
    from patchfleet.report import Column, tabulate

    with session.store() as store:
        if run_id is not None:
            columns = (Column("subject", "What"), Column("reason", "Why"))
            rows = store.problems(run_id)
            table = tabulate("problems", f"What run {run_id} could not learn", columns, rows)
        else:
            table = tabulate(
                "runs",
                "Syncs on record, newest first",
                (
                    Column("id", "Run", "integer"),
                    Column("source", "Source"),
                    Column("state", "State", "state"),
                    Column("is_current", "Current", "flag"),
                    Column("started_at", "Started", "moment"),
                    Column("ended_at", "Ended", "moment"),
                    Column("as_of", "As of", "moment"),
                    Column("devices", "Devices", "integer"),
                    Column("findings", "Patches", "integer"),
                    Column("problems", "Problems", "integer"),
                ),
                store.runs(limit),
            )
    session.show(table, as_json=as_json, outputs=outputs)
