"""`patchfleet store`: the record and its publications."""

from pathlib import Path

import click

from patchfleet.addresses import shown
from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.lazy_group import LazyGroup
from patchfleet.cli.session import Session, pass_session

COMMANDS = {
    "publish": ("patchfleet.cli.store:publish", "Rewrite published files from the record."),
    "check": ("patchfleet.cli.store:check", "Compare published files with the record's digests."),
    "copy": ("patchfleet.cli.store:copy", "Copy the whole record to an empty one."),
    "prune": ("patchfleet.cli.retention:prune", "Delete complete syncs older than a bound."),
    "forget": ("patchfleet.cli.retention:forget", "Erase a customer that left."),
    "vacuum": ("patchfleet.cli.retention:vacuum", "Return the space of deleted rows to the disk."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Copy the record, republish it, check it, delete what is old."""


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False, type=int)
@click.option("--all", "everything", is_flag=True, help="Every complete sync on record.")
@pass_session
def publish(session: Session, *, run_id: int | None, everything: bool) -> None:
    """Rewrite published files from the record.

    The rows are the same whenever it is done. RUN is a number from `patchfleet runs`.
    """
    if (run_id is None) is not everything:
        raise click.UsageError("give a run or --all")
    with session.store() as store:
        if run_id is not None:
            store.publications.rewrite(run_id)
            session.info(f"republished run {run_id}")
        else:
            many = store.publications.rewrite_all()
            session.info(f"republished {many:,} run{'' if many == 1 else 's'}")


@click.command()
@pass_session
def check(session: Session) -> int:
    """Compare published files with the record's digests.

    Files that are missing or differ are listed, and the exit code is 3. Nothing is changed: a
    damaged file is rebuilt when it is next read, or by `store publish`, and so is one that an
    earlier version wrote, which is no damage.
    """
    with session.store() as store:
        found = store.publications.damaged()
    damaged = [sentence for sentence in found if not sentence.endswith(" is outdated")]
    for sentence in damaged:
        click.echo(sentence)
    if len(found) > len(damaged):
        session.info(
            f"{len(found) - len(damaged):,} published files of an earlier version: "
            "rewritten when next read, or by `patchfleet store publish --all`"
        )
    elif not damaged:
        session.info("every published file matches the record")
    if damaged:
        session.info(f"{len(damaged):,} damaged")
    return Exit.INCOMPLETE if damaged else Exit.DONE


@click.command()
@click.argument("destination")
@pass_session
def copy(session: Session, *, destination: str) -> None:
    """Copy the whole record to an empty one.

    DESTINATION is a file or postgresql://USER@HOST/DATABASE.
    Its publications are rebuilt when they are first read.
    """
    target: Path | str = destination if "://" in destination else Path(destination)
    with session.store() as store:
        copied = store.copy_to(
            target,
            wait_seconds=session.settings.lock_timeout_seconds,
            is_private=session.settings.is_private,
        )
    rows = sum(copied.values())
    session.info(f"copied {rows:,} rows of {len(copied)} tables")
    session.info(f'to use it: store = "{shown(destination)}" in patchfleet.toml', bold=True)
