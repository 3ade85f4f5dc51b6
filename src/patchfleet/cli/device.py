"""`patchfleet device`: patches of a device, now or at an earlier time."""

from datetime import datetime
from pathlib import Path

import click
from msgspec.structs import replace

from patchfleet.cli.options import check_names, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.cli.time_type import Moment
from patchfleet.models import STATES, Selection


@click.command()
@click.argument("device")
@click.option("--at", type=Moment(), help="As recorded then: 2026-03-14, or with T08:00.")
@click.option("--run", "run_id", type=int, metavar="RUN", help="As this sync found it.")
@click.option("--status", "states", type=click.Choice(STATES), multiple=True, help="Only these.")
@output_options
@pass_session
def command(
    session: Session,
    *,
    device: str,
    at: datetime | None,
    run_id: int | None,
    states: tuple[str, ...],
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """Show the patches of a device, now or at an earlier time.

    DEVICE is a name or an id; * and ? are wildcards. Reads the last sync that was complete then.
    """
    from patchfleet.report.coverage import sentences
    from patchfleet.report.tables import findings_table
    from patchfleet.store.queries import findings

    if at is not None and run_id is not None:
        raise click.UsageError("--at and --run name two different times: give one of them")
    selection = Selection(devices=(device,))
    with session.store() as store, store.snapshot(run_id=run_id, at=at) as snapshot:
        session.warn_repaired(snapshot)
        check_names(snapshot, selection)
        rows = findings(snapshot, selection)
        kept = [row for row in rows if not states or row.state in states]
        table = findings_table(kept, title=f"Patches on {device}")
        table = replace(table, notes=sentences(snapshot.coverage(selection)))
        session.show(table, as_json=as_json, outputs=outputs)
