"""`patchfleet patch`: history of one patch in all sources."""

from pathlib import Path

import click
from msgspec.structs import replace

from patchfleet.cli.options import CommandLineError, named, output_options
from patchfleet.cli.session import Session, pass_session


@click.command()
@click.argument("patch", callback=lambda ctx, param, term: named(ctx, param, (term,))[0])
@output_options
@pass_session
def command(session: Session, *, patch: str, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """Show the history of one patch in all sources.

    PATCH is a KB number, a part of a title, or the source's own number. Each line is an interval in
    which a source described the patch this way on at least one device. The last columns count the
    devices that have it now.
    """
    from patchfleet.report.coverage import sentences
    from patchfleet.report.history_tables import patch_history_table
    from patchfleet.store.queries import patch_history

    with session.store() as store, store.snapshot(with_history=True) as snapshot:
        session.warn_repaired(snapshot)
        rows = patch_history(snapshot, patch)
        if not rows:
            raise CommandLineError(
                f"no patch is called {patch!r}",
                hint="give a KB number or a part of a title; * and ? are wildcards",
            )
        table = replace(patch_history_table(patch, rows), notes=sentences(snapshot.coverage()))
        session.show(table, as_json=as_json, outputs=outputs)
