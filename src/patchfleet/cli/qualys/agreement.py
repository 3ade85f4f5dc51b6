"""Nothing is sent to Qualys before it was shown and somebody, or --yes, said so."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from patchfleet.cli.exits import Exit
from patchfleet.cli.session import Session
from patchfleet.errors import PlanError

F = TypeVar("F", bound=Callable[..., Any])
LONGEST_LIST = 20


def asking(command: F) -> F:
    """Add --dry-run and --yes."""
    command = click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)
    return click.option("--dry-run", is_flag=True, help="Show what would be sent, and stop.")(
        command
    )


def is_agreed(session: Session, question: str, *, yes: bool) -> bool:
    """Ask, unless --yes was said; raise `PlanError` where there is nobody to ask."""
    if yes:
        return True
    if not session.is_attended:
        raise PlanError(
            "nothing was changed: there is nobody to ask", hint="--yes goes on without asking"
        )
    if click.confirm(question, default=False, err=True):
        return True
    session.say("nothing was changed")
    return False


def say_list(session: Session, lines: Sequence[str]) -> None:
    """Say lines, and how many more there are."""
    for line in lines[:LONGEST_LIST]:
        session.say(f"  {line}")
    if len(lines) > LONGEST_LIST:
        session.say(f"  and {len(lines) - LONGEST_LIST:,} more")


def outcome(changes: Sequence[Any]) -> Exit:
    """Return the exit code of changes of which each says what became of it."""
    done = all(str(change.status).casefold() == "success" for change in changes)
    return Exit.DONE if done else Exit.INCOMPLETE
