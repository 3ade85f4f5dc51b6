"""Options, progress and warnings shared by the commands that read from Qualys."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from patchfleet.cli.options import CommandLineError
from patchfleet.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

SHOWN_PROBLEMS = 10
UPDATE_EVERY = 500
"""Records between two updates of the progress; more updates would cost more than reading."""


def platform_option(default: str = "all", *, one_only: bool = False) -> Callable[[F], F]:
    """Add --platform; `all` means both."""
    words = ("windows", "linux") if one_only else ("all", "windows", "linux")
    return click.option(
        "--platform",
        "-P",
        type=click.Choice(words, case_sensitive=False),
        default=default,
        show_default=True,
        help="Platform of the patches, assets or jobs.",
    )


def pages_option(command: F) -> F:
    """Add --pages: how many to read, by default all."""
    return click.option(
        "--pages",
        type=click.IntRange(1),
        help="Read at most this many pages per platform.",
    )(command)


def attributes_option(command: F) -> F:
    """Add --attributes: the fields to request."""
    return click.option(
        "--attributes",
        metavar="NAMES",
        help="Request only these fields, for example id,name,status.",
    )(command)


def page_count(pages: int | None) -> Any:
    """Return the number of pages in the library's form."""
    return "all" if pages is None else pages


def gathered(session: Session, what: str, records: Iterable[T]) -> list[T]:
    """Read all records; show the count so far on a terminal."""
    if not session.stderr.is_terminal:
        return list(records)
    found: list[T] = []
    with session.stderr.status(f"reading {what}") as status:
        for record in records:
            found.append(record)
            if len(found) % UPDATE_EVERY == 0:
                status.update(f"{len(found):,} {what} so far")
    return found


def say_problems(session: Session, records: Sequence[Any]) -> None:
    """Warn of values that are not of their documented type; the records are complete."""
    from patchfleet.qualys import BaseList

    problems = BaseList(records).problems
    for problem in problems[:SHOWN_PROBLEMS]:
        session.info(f"warning: {problem}")
    if len(problems) > SHOWN_PROBLEMS:
        session.info(f"warning: and {len(problems) - SHOWN_PROBLEMS:,} more of this kind")


def say_missing(session: Session, what: str, missing: Sequence[Any]) -> None:
    """Warn of ids that Qualys does not have."""
    for one in missing:
        session.info(f"warning: Qualys has no {what} {one}")


def some(ids: Sequence[str], what: str) -> Sequence[str]:
    """Return the ids given on the command line; refuse an empty list."""
    if not ids:
        raise CommandLineError(f"no {what} given", hint=f"give one or more {what} ids")
    return ids
