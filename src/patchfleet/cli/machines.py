"""`patchfleet machines`: which devices are one machine, and what people decided."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from patchfleet.cli.lazy_group import LazyGroup
from patchfleet.cli.options import (
    CommandLineError,
    check_names,
    device_options,
    output_options,
)
from patchfleet.cli.session import Session, pass_session
from patchfleet.models import Selection

if TYPE_CHECKING:
    from patchfleet.models.machine import DeviceRef

COMMANDS = {
    "list": ("patchfleet.cli.machines:listed", "List machines with their devices everywhere."),
    "look-alikes": ("patchfleet.cli.machines:alike", "List pairs that a person must decide."),
    "same": ("patchfleet.cli.machines:same", "Decide that two devices are one machine."),
    "different": ("patchfleet.cli.machines:different", "Decide that two devices are not one."),
    "verdicts": ("patchfleet.cli.machines:verdicts", "List what people decided."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Show which devices are one machine, and decide.

    A device is what one vendor lists, a machine is what stands on the desk. They are joined by what
    is theirs alone (serial number, network card), never by a name; what only looks alike is listed
    for a person, whose word wins.
    """


@click.command()
@device_options
@click.option("--joined", is_flag=True, help="Only machines that several sources know.")
@output_options
@pass_session
def listed(
    session: Session,
    *,
    selection: Selection,
    joined: bool,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """List machines with their devices everywhere."""
    from patchfleet.report.coverage import sentences
    from patchfleet.report.machines import machines_table
    from patchfleet.store.queries import machines

    with session.snapshot() as snapshot:
        check_names(snapshot, selection)
        rows = machines(snapshot, selection)
        kept = [row for row in rows if not joined or len(row.sources) > 1]
        table = replace(machines_table(kept), notes=sentences(snapshot.coverage(selection)))
        session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@output_options
@pass_session
def alike(session: Session, *, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """List pairs that a person must decide.

    Decide with `patchfleet machines same` or `different`, by the two ids.
    """
    from patchfleet.report.coverage import sentences
    from patchfleet.report.machines import look_alikes_table
    from patchfleet.store.queries import look_alikes

    with session.snapshot() as snapshot:
        table = replace(
            look_alikes_table(look_alikes(snapshot)), notes=sentences(snapshot.coverage())
        )
        session.show(table, as_json=as_json, outputs=outputs)


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--reason", default="", help="Why, for whoever asks later.")
@click.option("--by", default="", help="Who decides; by default whoever is logged in.")
@pass_session
def same(session: Session, *, first: str, second: str, reason: str, by: str) -> None:
    """Decide that two devices are one machine.

    FIRST and SECOND are ids such as nsight:4711 and qualys:09dd45d6-…; the next sync follows.
    """
    _decide(session, (first, second), is_same=True, reason=reason, by=by)


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--reason", default="", help="Why, for whoever asks later.")
@click.option("--by", default="", help="Who decides; by default whoever is logged in.")
@pass_session
def different(session: Session, *, first: str, second: str, reason: str, by: str) -> None:
    """Decide that two devices are not one.

    FIRST and SECOND are ids such as nsight:4711 and qualys:09dd45d6-…; the next sync follows.
    """
    _decide(session, (first, second), is_same=False, reason=reason, by=by)


@click.command()
@output_options
@pass_session
def verdicts(session: Session, *, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """List what people decided."""
    from patchfleet.report.machines import verdicts_table

    with session.store() as store:
        table = verdicts_table(store.verdicts())
    session.show(table, as_json=as_json, outputs=outputs)


def _decide(
    session: Session, named: tuple[str, str], *, is_same: bool, reason: str, by: str
) -> None:
    from patchfleet.models.machine import MatchDecision

    left, right = (_ref(text) for text in named)
    if left == right:
        raise CommandLineError("a device is always itself", hint="name two devices")
    verdict = MatchDecision(
        left=left,
        right=right,
        is_same=is_same,
        by=by or getpass.getuser(),
        at=datetime.now(UTC),
        reason=reason,
    )
    with session.store() as store:
        store.decide(verdict)
    session.say(f"decided by {verdict.by}; the next sync follows it")


def _ref(text: str) -> "DeviceRef":
    source, colon, number = text.partition(":")
    if not (source and colon and number):
        raise CommandLineError(
            f"{text!r} names no device", hint="name it as nsight:4711, source and id"
        )
    return source, number
