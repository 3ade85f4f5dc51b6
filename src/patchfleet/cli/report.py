"""`patchfleet report`: the fleet report."""

from pathlib import Path

import click

from patchfleet.cli.options import check_names, device_options, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.models import Selection


@click.command()
@device_options
@click.option("--overdue-after", type=click.IntRange(0), help="Days a critical patch may take.")
@output_options
@click.option("--table", metavar="NAME", help="Only this table of the report; a CSV holds one.")
@pass_session
def command(
    session: Session,
    *,
    selection: Selection,
    overdue_after: int | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    table: str | None,
) -> None:
    """Write the fleet report: XLSX, HTML, JSON or text.

    \b
    For example:
      patchfleet report --output fleet.xlsx --output fleet.html
      patchfleet report --customer "Acme*" --output acme.html
    """  # noqa: D301 -- \b is what click wants, not a backslash
    from patchfleet.report import fleet_report

    days = session.settings.today.overdue_after_days if overdue_after is None else overdue_after
    with session.facts_and_gaps() as (facts, gaps):
        check_names(facts, selection)
        report = fleet_report(facts, selection=selection, overdue_after_days=days, gaps=gaps)
        session.show(report, as_json=as_json, outputs=outputs, table=table)
