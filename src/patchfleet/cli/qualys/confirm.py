"""Confirmation and journal of changes at Qualys.

Invariant: nothing is sent before it is shown and confirmed, or --yes is given
(tests/cli/test_cli_qualys_changes.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from patchfleet.cli.exit_codes import Exit
from patchfleet.cli.interrupted import remind, settle_earlier
from patchfleet.cli.session import Session
from patchfleet.config import QUALYS
from patchfleet.errors import PlanError, VendorError

if TYPE_CHECKING:
    from patchfleet.qualys import Qualys

F = TypeVar("F", bound=Callable[..., Any])
LONGEST_LIST = 20


def asking(command: F) -> F:
    """Add --dry-run and --yes."""
    command = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")(
        command
    )
    return click.option("--dry-run", is_flag=True, help="Show what would be sent and exit.")(
        command
    )


MADE = ("create_job", "create_mitigation_job")
"""Changes that are found by their marker: repeating the command finds them itself."""


looking = click.option(
    "--after-looking",
    is_flag=True,
    help="Confirm that you checked: what an earlier command left unknown was not created.",
)


@contextmanager
def changing(
    session: Session, *, dry_run: bool, makes: bool = False, after_looking: bool = False
) -> "Iterator[Qualys]":
    """Open a client for a change, with the journal of the record; a dry run needs none.

    Open changes of earlier commands are read back and reported before it, and after it if this one
    `makes` something. With `after_looking` the user has checked what cannot be read back.
    """
    from patchfleet.fleet.same_account import check_changes
    from patchfleet.models import Account
    from patchfleet.qualys.operations.resumed import made_again
    from patchfleet.store.types import change_id

    if dry_run:
        with session.qualys() as client:
            yield client
        return
    with ExitStack() as opened:
        account = session.account(QUALYS)
        store = opened.enter_context(session.store(create=True))
        journal = store.journal.of(change_id(_now()), before={}, now=_now, account=account.name)
        chosen = journal.after_looking() if after_looking else journal
        client = opened.enter_context(session.qualys(store, chosen, account))
        check_changes(store, account.name, Account(QUALYS, client.account_digest))
        left = MADE if makes else ()
        settle_earlier(session, store.journal, client, account.name, made_again, leaving=left)
        try:
            yield client
        except VendorError as error:
            if makes and error.is_in_doubt:
                error.hint = f"{error.hint}; if no job has it, repeat this with --after-looking"
            raise
        finally:
            if journal.is_used:
                session.info(f"journal {journal.plan_id}")
        if makes:
            settle_earlier(session, store.journal, client, account.name, made_again)
        remind(session, store.journal, but=(account.name,))


def _now() -> datetime:
    return datetime.now(UTC)


def confirm(session: Session, question: str, *, yes: bool) -> bool:
    """Ask for confirmation unless `yes`; raise `PlanError` without a terminal."""
    if yes:
        return True
    if not session.is_interactive:
        raise PlanError(
            "nothing was changed: there is no terminal to ask on", hint="--yes skips the question"
        )
    if click.confirm(question, default=False, err=True):
        return True
    session.info("nothing was changed")
    return False


def say_list(session: Session, lines: Sequence[str]) -> None:
    """Print the first lines, and how many more there are."""
    for line in lines[:LONGEST_LIST]:
        session.info(f"  {line}")
    if len(lines) > LONGEST_LIST:
        session.info(f"  and {len(lines) - LONGEST_LIST:,} more")


def outcome(changes: Sequence[Any], asked: Sequence[str], done: str) -> Exit:
    """Return the exit code of changes: `DONE` only if each id in `asked` has the status `done`."""
    reached = {str(change.id).lower() for change in changes if change.status == done}
    return Exit.DONE if {one.strip().lower() for one in asked} <= reached else Exit.INCOMPLETE
