"""`patchfleet today`: open work by customer."""

from pathlib import Path

import click

from patchfleet.cli.options import check_names, device_options, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.models import Selection


@click.command()
@device_options
@click.option("--items", is_flag=True, help="Also list every patch that needs attention.")
@click.option(
    "--overdue-after",
    type=click.IntRange(0),
    help="Days allowed for a critical patch, instead of the deadlines of the standard.",
)
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
    """Show what needs attention, by customer, worst first.

    Lists failed patches with their likely cause, devices that wait for a reboot or were not seen,
    contradictions, critical patches that are new or overdue, and patches for which the vendor gives
    too little data to check a deadline. Reads the last complete syncs.
    """
    from patchfleet.report import today_report
    from patchfleet.report.deadlines import rules_in_force

    days = session.settings.today.overdue_after_days if overdue_after is None else overdue_after
    with session.store() as store, store.snapshot(with_history=True) as snapshot:
        session.warn_repaired(snapshot)
        check_names(snapshot, selection)
        report = today_report(
            snapshot,
            selection=selection,
            overdue_after_days=days or 0,
            rules=rules_in_force(session.settings.deadlines, store.intel.read)
            if days is None
            else None,
            silent_after_days=session.settings.today.silent_after_days,
            with_items=items,
            most_rows=None if items or as_json or outputs or table else 10,
        )
        session.show(report, as_json=as_json, outputs=outputs, table=table)
