"""Nothing is sent to Qualys before it was shown and somebody, or --yes, said so."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.interrupted import settle_earlier
from patchfleet.cli.session import Session
from patchfleet.errors import PlanError, VendorError

if TYPE_CHECKING:
    from patchfleet.qualys import Qualys

QUALYS = "qualys"
F = TypeVar("F", bound=Callable[..., Any])
LONGEST_LIST = 20


def asking(command: F) -> F:
    """Add --dry-run and --yes."""
    command = click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)
    return click.option("--dry-run", is_flag=True, help="Show what would be sent, and stop.")(
        command
    )


MADE = ("create_job", "create_mitigation_job")
"""What is found by its marker: a command that makes the same again finds it itself."""


looking = click.option(
    "--after-looking",
    is_flag=True,
    help="You looked: what an earlier run left unknown was not created.",
)


@contextmanager
def changing(
    session: Session, *, dry_run: bool, makes: bool = False, after_looking: bool = False
) -> "Iterator[Qualys]":
    """Open a client for a change, with the journal of the record; a dry run needs none.

    What earlier commands left open is looked for and said, before it, and after it where this one
    `makes` something. `after_looking` takes a person's word for what cannot be read of it.
    """
    from patchfleet.qualys.operations.resumed import made_again

    if dry_run:
        with session.qualys() as client:
            yield client
        return
    with ExitStack() as opened:
        store = opened.enter_context(session.store(create=True))
        journal = store.journal.after_looking() if after_looking else store.journal
        client = opened.enter_context(session.qualys(store, journal))
        left = MADE if makes else ()
        settle_earlier(session, store.journal, client, QUALYS, made_again, leaving=left)
        try:
            yield client
        except VendorError as error:
            if makes and error.is_in_doubt:
                error.hint = f"{error.hint}; if no job has it, repeat this with --after-looking"
            raise
        if makes:
            settle_earlier(session, store.journal, client, QUALYS, made_again)


def confirm(session: Session, question: str, *, yes: bool) -> bool:
    """Ask, unless --yes was said; raise `PlanError` where there is nobody to ask."""
    if yes:
        return True
    if not session.is_interactive:
        raise PlanError(
            "nothing was changed: there is nobody to ask", hint="--yes goes on without asking"
        )
    if click.confirm(question, default=False, err=True):
        return True
    session.info("nothing was changed")
    return False


def say_list(session: Session, lines: Sequence[str]) -> None:
    """Say lines, and how many more there are."""
    for line in lines[:LONGEST_LIST]:
        session.info(f"  {line}")
    if len(lines) > LONGEST_LIST:
        session.info(f"  and {len(lines) - LONGEST_LIST:,} more")


def outcome(changes: Sequence[Any], asked: Sequence[str], done: str) -> Exit:
    """Return the exit code of changes: all was done only where each that was asked for is so."""
    so = {str(change.id).lower() for change in changes if change.status == done}
    return Exit.DONE if {one.strip().lower() for one in asked} <= so else Exit.INCOMPLETE
