"""`patchfleet machines`: devices matched to machines, and people's decisions about them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from patchfleet.cli.interrupted import remind
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
    "list": ("patchfleet.cli.machines:listed", "List machines and their devices in each source."),
    "candidates": (
        "patchfleet.cli.machines:candidates",
        "List pairs of devices that may be one machine.",
    ),
    "link": ("patchfleet.cli.machines:link", "Decide that two devices are the same machine."),
    "unlink": ("patchfleet.cli.machines:unlink", "Decide that two devices are different machines."),
    "decisions": ("patchfleet.cli.machines:decisions", "List the decisions people have made."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Show which devices are the same machine, and decide.

    A device is an entry in one vendor's inventory; a machine is one physical or virtual computer.
    Devices are matched by unique identifiers such as serial number and MAC address, never by name
    alone. Pairs that may match are listed as candidates, and a person's decision overrides the
    match.
    """


@click.command()
@device_options
@click.option("--joined", is_flag=True, help="Only machines that are in several sources.")
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
    """List machines and their devices in each source."""
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
def candidates(session: Session, *, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """List pairs of devices that may be one machine.

    Decide with `patchfleet machines link` or `unlink` and the two ids.
    """
    from patchfleet.report.coverage import sentences
    from patchfleet.report.machines import candidates_table
    from patchfleet.store.queries import match_candidates

    with session.snapshot() as snapshot:
        table = replace(
            candidates_table(match_candidates(snapshot)), notes=sentences(snapshot.coverage())
        )
        session.show(table, as_json=as_json, outputs=outputs)


def _decision(summary: str, *, is_same: bool) -> click.Command:
    """Return the command that decides about two devices."""

    @click.command(
        help=f"{summary}\n\nFIRST and SECOND are ids such as nsight:4711 and qualys:09dd45d6-…. "
        "The decision takes effect with the next sync."
    )
    @click.argument("first")
    @click.argument("second")
    @click.option("--reason", default="", help="Why; kept with the decision.")
    @click.option(
        "--by",
        default="",
        help="Who decides; by default PATCHFLEET_OPERATOR, or the user who is logged in.",
    )
    @pass_session
    def decide(session: Session, *, first: str, second: str, reason: str, by: str) -> None:
        _decide(session, (first, second), is_same=is_same, reason=reason, by=by)

    return decide


link = _decision("Decide that two devices are the same machine.", is_same=True)
unlink = _decision("Decide that two devices are different machines.", is_same=False)


@click.command()
@output_options
@pass_session
def decisions(session: Session, *, as_json: bool, outputs: tuple[Path, ...]) -> None:
    """List the decisions people have made."""
    from patchfleet.report.machines import decisions_table

    with session.store() as store:
        table = decisions_table(store.machines.decisions())
    session.show(table, as_json=as_json, outputs=outputs)


def _decide(
    session: Session, named: tuple[str, str], *, is_same: bool, reason: str, by: str
) -> None:
    from patchfleet.models.machine import MatchDecision

    left, right = (_ref(text) for text in named)
    if left == right:
        raise CommandLineError("both ids are the same device", hint="give two different devices")
    with session.store() as store:
        author = store.journal.author
        verdict = MatchDecision(
            left=left,
            right=right,
            is_same=is_same,
            by=by or author.person or "unknown",
            at=datetime.now(UTC),
            reason=reason,
        )
        store.machines.decide(verdict, author)
        remind(session, store.journal)
    session.info(f"decided by {verdict.by}; takes effect with the next sync")


def _ref(text: str) -> "DeviceRef":
    source, colon, number = text.partition(":")
    if not (source and colon and number):
        raise CommandLineError(
            f"{text!r} names no device", hint="give source and id, such as nsight:4711"
        )
    return source, number
