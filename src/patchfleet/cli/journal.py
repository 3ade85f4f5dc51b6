"""`patchfleet journal`: changes on record, who made them, and their outcomes."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from patchfleet.cli.options import CommandLineError, customer_option, named, output_options
from patchfleet.cli.session import Session, pass_session
from patchfleet.cli.time_type import Moment, Since

if TYPE_CHECKING:
    from patchfleet.report import Table
    from patchfleet.store import Journal, JournalFilter, RecordedChange


@click.command()
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--since", type=Since(), help="Made since then: 7d, 12h, 2026-03-14.")
@click.option("--until", type=Moment(), help="Made until then: 2026-03-14, or with T08:00.")
@click.option(
    "--device",
    "-d",
    "devices",
    metavar="NAME",
    multiple=True,
    callback=named,
    help="Only this device, by name or id; * and ? are wildcards.",
)
@customer_option
@click.option(
    "--account",
    "accounts",
    metavar="NAME",
    multiple=True,
    callback=named,
    help="Only this account; * and ? are wildcards.",
)
@click.option("--plan", "plan_id", metavar="ID", help="Only this plan or command.")
@click.option(
    "--unfinished",
    "is_unfinished",
    is_flag=True,
    help="Only changes that were sent and have no outcome on record.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Number of changes on a terminal; files and JSON have all.",
)
@output_options
@pass_session
def command(
    session: Session,
    *,
    identifier: str | None,
    since: datetime | None,
    until: datetime | None,
    devices: tuple[str, ...],
    customers: tuple[str, ...],
    accounts: tuple[str, ...],
    plan_id: str | None,
    is_unfinished: bool,
    limit: int,
    as_json: bool,
    outputs: tuple[Path, ...],
) -> None:
    """Show who changed what, when, and the outcome.

    Lists the changes at all vendors and the decisions about machines, newest first. ID is the
    number of one change, whose details are shown, or an id that a command has printed: of a plan,
    a job or a patch.
    """
    from patchfleet.report.journal import change_table, changes_table
    from patchfleet.store import JournalFilter

    wanted = JournalFilter(
        since=since,
        until=until,
        devices=devices,
        customers=customers,
        accounts=accounts,
        plan_id=plan_id,
        is_unfinished=is_unfinished,
    )
    with session.store() as store:
        changes = _found(store.journal, wanted, identifier)
        if identifier is not None and changes and str(changes[0].number) == identifier:
            titles = [store.journal.titles(one) for one in changes]
            table = change_table(changes, titles)
        else:
            changes.reverse()
            table = changes_table(changes)
            if not as_json and not outputs:
                table = _shortened(table, limit)
    session.show(table, as_json=as_json, outputs=outputs)


def _found(
    journal: "Journal", wanted: "JournalFilter", identifier: str | None
) -> "list[RecordedChange]":
    """Return the selected changes; `identifier` is the number of a change, a plan, or an item."""
    if identifier is None:
        return journal.changes(wanted)
    text = identifier.strip()
    if text.isascii() and text.isdigit() and len(text) < 18:
        found = journal.changes(replace(wanted, number=int(text)))
        if found:
            return found
    if wanted.plan_id is None:
        found = journal.changes(replace(wanted, plan_id=text))
        if found:
            return found
    found = journal.changes(replace(wanted, item=text))
    if not found:
        raise CommandLineError(
            f"no change {identifier!r} is in the journal",
            hint="`patchfleet journal` lists the changes with their numbers and ids",
        )
    return found


def _shortened(table: "Table", limit: int) -> "Table":
    if len(table.rows) <= limit:
        return table
    note = (
        f"The newest {limit:,} of {len(table.rows):,}; --limit {len(table.rows)} shows all, "
        "--output writes all to a file."
    )
    return replace(table, rows=table.rows[:limit], note=f"{note} {table.note}".strip())
