"""`patchfleet history`: patch history of a device."""

from pathlib import Path

import click
from msgspec.structs import replace

from patchfleet.cli.options import CommandLineError, check_names, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.models import Selection


@click.command()
@click.argument("device")
@click.argument("patch", required=False)
@click.option(
    "--summary",
    "is_summary",
    is_flag=True,
    help="One line for each patch: first missing, approved, failed, installed, removed.",
)
@output_options
@pass_session
def command(
    session: Session,
    *,
    device: str,
    patch: str | None,
    is_summary: bool,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """Show the patch history of a device.

    DEVICE is a name or an id, PATCH a KB number or a part of a title; without it, all patches. Each
    line is an interval: from the first sync with this state to the sync that saw it changed or
    removed.
    """
    from patchfleet.report.coverage import sentences
    from patchfleet.report.history_tables import history_table, lifecycle_table
    from patchfleet.store.queries import finding_lifecycle, history

    selection = Selection(devices=(device,), patches=(patch,) if patch else ())
    with session.store() as store, store.snapshot(with_history=True) as snapshot:
        session.warn_repaired(snapshot)
        rows = history(snapshot, selection)
        if not rows:
            check_names(snapshot, Selection(devices=(device,)))
            raise CommandLineError(
                f"no patch of {device} is called {patch!r}",
                hint=f"`patchfleet history {device}` lists all of them",
            )
        table = (
            lifecycle_table(finding_lifecycle(snapshot, selection))
            if is_summary
            else history_table(rows)
        )
        table = replace(table, notes=sentences(snapshot.coverage(selection)))
        session.show(table, as_json=as_json, outputs=outputs)
