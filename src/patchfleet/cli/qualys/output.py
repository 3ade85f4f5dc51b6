"""What the commands that read from Qualys share: options, progress, and what is said at the end."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from patchfleet.cli.options import CommandLineError
from patchfleet.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

SHOWN_PROBLEMS = 10
SAID_EVERY = 500
"""Records between two words about progress: saying more would cost more than reading."""


def platform_option(default: str = "all", *, one_only: bool = False) -> Callable[[F], F]:
    """Add --platform, of which `all` asks both."""
    words = ("windows", "linux") if one_only else ("all", "windows", "linux")
    return click.option(
        "--platform",
        "-P",
        type=click.Choice(words, case_sensitive=False),
        default=default,
        show_default=True,
        help="Which platform.",
    )


def pages_option(command: F) -> F:
    """Add --pages, as `pages`: how many to read, all unless given."""
    return click.option(
        "--pages",
        type=click.IntRange(1),
        help="Read only so many pages of each platform.",
    )(command)


def attributes_option(command: F) -> F:
    """Add --attributes: which fields are asked for."""
    return click.option(
        "--attributes",
        metavar="NAMES",
        help="Ask only for these fields, for example id,name,status.",
    )(command)


def page_count(pages: int | None) -> Any:
    """Return how many pages the library is to read."""
    return "all" if pages is None else pages


def gathered(session: Session, what: str, records: Iterable[T]) -> list[T]:
    """Read all records, and say on a terminal how many there are so far."""
    if not session.stderr.is_terminal:
        return list(records)
    found: list[T] = []
    with session.stderr.status(f"reading {what}") as status:
        for record in records:
            found.append(record)
            if len(found) % SAID_EVERY == 0:
                status.update(f"{len(found):,} {what} so far")
    return found


def say_problems(session: Session, records: Sequence[Any]) -> None:
    """Say which values were not of their documented type; the records are whole all the same."""
    from patchfleet.qualys import BaseList

    problems = BaseList(records).problems
    for problem in problems[:SHOWN_PROBLEMS]:
        session.info(f"warning: {problem}")
    if len(problems) > SHOWN_PROBLEMS:
        session.info(f"warning: and {len(problems) - SHOWN_PROBLEMS:,} more of this kind")


def say_missing(session: Session, what: str, missing: Sequence[Any]) -> None:
    """Say what was looked up and had no answer."""
    for one in missing:
        session.info(f"warning: Qualys has no answer for {what} {one}")


def some(ids: Sequence[str], what: str) -> Sequence[str]:
    """Return the ids of a command line; refuse none and empty ones."""
    if not ids:
        raise CommandLineError(f"no {what} is named", hint=f"give one {what} id or several")
    return ids
