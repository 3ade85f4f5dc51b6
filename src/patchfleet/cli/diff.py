"""`patchfleet diff`: changes between two syncs."""

from pathlib import Path

import click

from patchfleet.cli.options import finding_options, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.models import Selection


@click.command()
@click.argument("before", type=int)
@click.argument("after", type=int)
@finding_options
@output_options
@click.option("--table", metavar="NAME", help="Only this table of the report; a CSV holds one.")
@pass_session
def command(
    session: Session,
    *,
    before: int,
    after: int,
    selection: Selection,
    as_json: bool,
    outputs: tuple[Path, ...],
    table: str | None,
) -> None:
    """Show what changed between two syncs.

    BEFORE and AFTER are numbers of complete syncs of one source; `patchfleet runs` lists them.
    """
    from patchfleet.report import changes_report

    with (
        session.store() as store,
        store.snapshot(run_id=before) as earlier,
        store.snapshot(run_id=after) as later,
    ):
        session.warn_repaired(earlier)
        session.warn_repaired(later)
        report = changes_report(earlier, later, selection=selection)
        session.show(report, as_json=as_json, outputs=outputs, table=table)
