"""`patchfleet today`: what waits for somebody."""

from pathlib import Path

import click

from patchfleet.cli.options import check_names, device_options, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.models import Selection


@click.command()
@device_options
@click.option("--items", is_flag=True, help="Also list every patch that waits, one by one.")
@click.option("--overdue-after", type=click.IntRange(0), help="Days a critical patch may take.")
@output_options
@click.option("--table", metavar="NAME", help="Only this table of the report; a CSV holds one.")
@pass_session
def command(
    session: Session,
    *,
    selection: Selection,
    items: bool,
    overdue_after: int | None,
    as_json: bool,
    outputs: tuple[Path, ...],
    table: str | None,
) -> None:
    """Show what waits for somebody, by customer, worst first.

    Failed patches with how often and the likely cause, devices that wait for a reboot or were not
    heard of, what contradicts itself, critical patches that are new or overdue, and what cannot be
    judged because the vendor does not say enough. From the last complete syncs.
    """
    from patchfleet.report import today_report

    days = session.settings.today.overdue_after_days if overdue_after is None else overdue_after
    with session.snapshot(with_history=True) as snapshot:
        check_names(snapshot, selection)
        report = today_report(
            snapshot,
            selection=selection,
            overdue_after_days=days,
            silent_after_days=session.settings.today.silent_after_days,
            with_items=items,
            most_rows=None if items or as_json or outputs or table else 10,
        )
        session.show(report, as_json=as_json, outputs=outputs, table=table)
