"""SQL view `changes`: the journal as a table, read when a statement names it.

The journal is in the record and not in the publications, so that a snapshot reads it only on
demand.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import duckdb
import msgspec

from patchfleet.store.types import Json, RecordedChange
from patchfleet.store.views.named_tables import tables_named

NAME = "changes"

COLUMNS = {
    "change_id": (
        "BIGINT",
        "the number of the change, as in patchfleet journal; one row for each item",
    ),
    "plan_id": ("VARCHAR", "the plan or command that it was part of"),
    "requested_at": ("TIMESTAMP", "when it was sent, or when it was decided not to send it"),
    "ended_at": (
        "TIMESTAMP",
        "when its outcome was recorded; NULL if it was not sent or has no outcome",
    ),
    "account": ("VARCHAR", "the account that was changed; NULL for a decision about machines"),
    "customer": ("VARCHAR", "the last name on record of the device's customer"),
    "device_id": ("VARCHAR", "the source's own id of the device; NULL for jobs"),
    "device": ("VARCHAR", "its last name on record"),
    "action": ("VARCHAR", "approve, ignore, do_nothing, inherit, retry, reprocess, create_job, …"),
    "item_id": (
        "VARCHAR",
        "what was changed: finding_id of a patch on the device, or the id of a job",
    ),
    "outcome": (
        "VARCHAR",
        "confirmed, failed, unknown, skipped, or unfinished: no outcome is on record",
    ),
    "reason": ("VARCHAR", "why it failed, was skipped, or is unknown"),
    "asked": ("VARCHAR", "the content of the request as JSON, for jobs"),
    "answer": ("VARCHAR", "what the vendor answered; NULL if no answer came or none is on record"),
    "state_before": ("VARCHAR", "the state before the change"),
    "state_after": ("VARCHAR", "the state as read back afterwards"),
    "person": ("VARCHAR", "who did it; NULL in records of earlier versions"),
    "os_user": ("VARCHAR", "the user of the operating system that the process ran as"),
    "host": ("VARCHAR", "the machine that it ran on"),
    "command": ("VARCHAR", "the command line, without values that may be secret"),
}
"""Columns of the view with their types and meanings."""


def create_changes(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    changes: Callable[[], Iterable[RecordedChange]],
) -> bool:
    """Create the table if `sql` reads it and it is absent; return whether it was created."""
    if not tables_named(connection, sql, {NAME}) or _is_there(connection):
        return False
    made = ", ".join(f"unnest(?::{kind}[]) AS {column}" for column, (kind, _) in COLUMNS.items())
    cells = list(zip(*_rows(changes()), strict=True)) or [()] * len(COLUMNS)
    connection.execute(f"CREATE TABLE {NAME} AS SELECT {made}", [list(one) for one in cells])
    return True


def _is_there(connection: duckdb.DuckDBPyConnection) -> bool:
    known = "SELECT 1 FROM duckdb_tables() WHERE table_name = ?"
    return bool(connection.execute(known, [NAME]).fetchall())


def _rows(changes: Iterable[RecordedChange]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each item of each change, in the order of `COLUMNS`."""
    for one in changes:
        for item in one.items or (None,):
            yield (
                one.number,
                one.plan_id,
                _plain(one.requested_at),
                _plain(one.ended_at),
                one.source or None,
                one.customer,
                one.device_id or None,
                one.device,
                one.action,
                item,
                one.outcome,
                one.reason,
                _text(one.asked),
                one.answer,
                _text(state_of(one.before, item)),
                _text(state_of(one.after, item)),
                one.author.person,
                one.author.os_user,
                one.author.host,
                one.author.command,
            )


def state_of(states: Json, item: str | None) -> Json:
    """Return the state of an item of a change, None if it is unknown."""
    return states.get(item) if isinstance(states, dict) and item is not None else None


def _text(value: Json) -> str | None:
    """Format a value as JSON, a text as it is."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _plain(at: datetime | None) -> datetime | None:
    """Convert a time to UTC without a zone, as times are inside DuckDB."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)
