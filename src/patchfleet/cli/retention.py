"""`patchfleet store prune`, `forget` and `vacuum`: the retention of a record."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.session import Session, pass_session
from patchfleet.errors import PlanError

if TYPE_CHECKING:
    from patchfleet.store.publication.retention import PrunedSource

_DAYS = {"d": 1, "w": 7, "y": 365}
_MOST_DAYS = 36_500


class Keep(click.ParamType[int | timedelta]):
    """A number of syncs, or an age such as 90d, 26w or 2y."""

    name = "KEEP"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | timedelta:
        """Parse a number of syncs, or of days, weeks or years."""
        if isinstance(value, int | timedelta):
            return value
        found = re.fullmatch(r"(\d{1,9})([dwy]?)", str(value).strip(), re.ASCII)
        if not found or not int(found[1]):
            self.fail(
                f"{value!r} is neither an age nor a number of syncs: use 90d or 30", param, ctx
            )
        if not found[2]:
            return int(found[1])
        days = int(found[1]) * _DAYS[found[2]]
        if days > _MOST_DAYS:
            self.fail(f"{value!r} is more than 100 years: use 90d or 2y", param, ctx)
        return timedelta(days=days)


@click.command()
@click.option(
    "--keep",
    type=Keep(),
    required=True,
    metavar="KEEP",
    help="Age or number to keep: 90d, 26w, 2y, or 30 for the last 30 syncs of each account.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@pass_session
def prune(session: Session, *, keep: int | timedelta, dry_run: bool) -> int:
    """Delete complete syncs older than a bound.

    The rows that only they need go from the record, and their published files. Every sync that is
    kept answers as before. The last complete sync of an account is always kept, and so are the
    syncs that the files of a kept one build on, at most 30. The journal is kept whole.
    """
    with session.store() as store:
        done = store.prune(keep, dry_run=dry_run)
    for one in done.sources:
        click.echo(f"{one.source}: {_sentence(one, 'would be deleted' if dry_run else 'deleted')}")
        if one.needed_runs:
            session.info(
                f"{one.source}: {_syncs(len(one.needed_runs))} older than that "
                f"{'is' if len(one.needed_runs) == 1 else 'are'} kept: later files build on them"
            )
    rows = sum(done.rows.values())
    click.echo(f"{rows:,} rows of the record {'would be deleted' if dry_run else 'deleted'}")
    if rows and not dry_run:
        session.info("the journal is kept; `patchfleet store vacuum` returns the space to the disk")
    return Exit.DONE


def _sentence(one: "PrunedSource", done: str) -> str:
    since = f"run {one.oldest_run} as of {one.oldest_at:%Y-%m-%d %H:%M} UTC"
    which = f"{_syncs(len(one.runs))} {done}" if one.runs else "nothing is old enough"
    return f"{which}; {_syncs(one.kept)} kept, the oldest is {since}"


def _syncs(number: int) -> str:
    return _many(number, "sync")


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@click.command()
@pass_session
def vacuum(session: Session) -> int:
    """Return the space of deleted rows to the disk.

    The tables are written again, which needs as much free space as they take. No sync may run
    meanwhile; with PostgreSQL, readers wait.
    """
    with session.store() as store:
        before, after = store.vacuum()
    click.echo(f"{before:,} bytes before, {after:,} bytes after")
    return Exit.DONE


@click.command()
@click.argument("customer", metavar="CUSTOMER")
@click.option("--account", metavar="NAME", help="Only the customer of this account.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@pass_session
def forget(session: Session, *, customer: str, account: str | None, yes: bool) -> int:
    """Erase a customer that left.

    CUSTOMER is a name or an id. Its devices, findings, gaps, decisions and journal lines are
    deleted from the record, and every published file is written again without them. This cannot be
    undone. What is not erased is listed.
    """
    from patchfleet.store.publication.erasure import check

    with session.store() as store:
        found = store.customers_named(customer, account)
        check(found, customer, store.name)
        devices = sum(len(one.devices) for one in found)
        of = ", ".join(f"{one.names[0]} of {one.source}" for one in found)
        if not yes:
            if not session.is_interactive:
                raise PlanError(
                    "nothing was changed: there is no terminal to ask on",
                    hint="--yes skips the question",
                )
            what = f"Erase {of}, with {_many(devices, 'device')}, for ever?"
            if not click.confirm(what, default=False, err=True):
                session.info("nothing was changed")
                return Exit.DECLINED
        done = store.forget(customer, account)
    click.echo(f"erased {of}: {_many(devices, 'device')}, {done.rows:,} rows")
    click.echo(f"published files of {done.files_of:,} syncs were written again")
    for number in done.moved:
        click.echo(f"not erased: device {number}, which another customer had too")
    if done.journal_lines:
        click.echo(f"not erased: {done.journal_lines:,} journal lines that name it in their text")
    click.echo("not erased: names of jobs and machines, backups, copies, and reports saved before")
    return Exit.DONE
