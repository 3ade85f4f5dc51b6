"""`patchfleet doctor`: checks of the set-up, and recordings of an account without its values."""

from pathlib import Path

import click

from patchfleet.cli.login import chosen
from patchfleet.cli.options import CommandLineError
from patchfleet.cli.session import Session, pass_session
from patchfleet.config import AccountSettings
from patchfleet.errors import ConfigError


@click.command()
@click.option(
    "--record",
    "record_to",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read a sample of the account and write the shapes of its answers to this new file.",
)
@click.option(
    "--compare",
    "compare_with",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Compare such a file with what the parsers and the emulator assume.",
)
@click.option(
    "--account",
    "names",
    metavar="NAME",
    multiple=True,
    help="Only this account; repeatable.",
)
@click.option(
    "--sample",
    type=click.IntRange(1, 50),
    default=3,
    show_default=True,
    help="Number of devices, sites, jobs and patches to read.",
)
@click.option(
    "--allow",
    "allowed",
    metavar="WORD",
    multiple=True,
    help="Record this name of a field, or word of a closed list, although it is not listed.",
)
@click.option("--dry-run", is_flag=True, help="Only show which calls a recording makes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@pass_session
def command(
    session: Session,
    *,
    record_to: Path | None,
    compare_with: Path | None,
    names: tuple[str, ...],
    sample: int,
    allowed: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Check the set-up, or record what a vendor's answers look like and compare that.

    Without --record and --compare it checks settings, key, rights, clock and rate limit of each
    account, the record and the disk, with one call for each account. The exit code is 3 if a check
    fails.

    A recording makes a limited number of calls that only read. Its file holds names of fields,
    formats, sizes, words of closed lists and durations, and no value of the account: no name, id,
    address or text. Read it, and send it to the project.

    A comparison names each difference, with the line of docs/honest-edges.md that it settles; it
    needs no account. The exit code is 3 if there are differences.
    """
    if record_to is not None and compare_with is not None:
        raise CommandLineError(
            "give either --record or --compare", hint="a comparison needs the written file"
        )
    if compare_with is not None:
        from patchfleet.cli.doctor.compare import compare_file

        return compare_file(session, compare_with, as_json=as_json)
    if record_to is None:
        from patchfleet.cli.doctor.checks import check_all

        named = [chosen(session, name).name for name in names]
        return check_all(session, named, as_json=as_json)
    from patchfleet.cli.doctor.record import record_file

    return record_file(
        session,
        record_to,
        accounts=_accounts(session, names),
        sample=sample,
        allowed=frozenset(allowed),
        dry_run=dry_run,
        as_json=as_json,
    )


def _accounts(session: Session, names: tuple[str, ...]) -> list[AccountSettings]:
    """Return the accounts of these names, else all that are set up."""
    every = [chosen(session, name) for name in names] or [*session.settings.accounts]
    if not every:
        raise ConfigError("no account is set up", hint="`patchfleet init` sets one up")
    return every
