"""`patchfleet history`: how patches of a device came to be what they are."""

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
    help="One line for each patch: when it was first missing, approved, failed, installed, gone.",
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
    """Show how patches of a device came to be what they are.

    DEVICE is a name or an id, PATCH a KB number or a part of a title; without it, all patches. A
    line is an interval: from the sync that saw it first to the one that saw it changed or gone.
    """
    from patchfleet.report.coverage import sentences
    from patchfleet.report.history_tables import history_table, milestones_table
    from patchfleet.store.queries import history, milestones

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
            milestones_table(milestones(snapshot, selection)) if is_summary else history_table(rows)
        )
        table = replace(table, notes=sentences(snapshot.coverage(selection)))
        session.show(table, as_json=as_json, outputs=outputs)
