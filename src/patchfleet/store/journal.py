"""The journal of changes: what was asked of a source, and what came of it, in order.

Law of this file: a line that `append` returned from survives a power failure, so that nothing is
ever sent a second time because its first time was forgotten; no line is changed afterwards.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, func, insert, select

from patchfleet.store.database import Database
from patchfleet.store.rows import ChangeEntry
from patchfleet.store.schema import change, micros, moment

_AS_JSON = ("finding_ids", "before", "after")


class Journal:
    """The journal of one record: `store.journal`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, *entries: ChangeEntry) -> None:
        """Write entries, all or none of them, and return when they are on the disk."""
        rows = [_spell(entry) for entry in entries]
        if rows:
            with self._database.write(durable=True) as connection:
                connection.execute(insert(change), rows)

    def read(self, plan_id: str) -> list[ChangeEntry]:
        """Read all entries of a plan in the order they were written."""
        statement = select(change).where(change.c.plan_id == plan_id).order_by(change.c.id)
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(statement)]

    def last_changes(self, source: str) -> dict[str, datetime]:
        """Return when a change was last sent to each device of a source, by its id."""
        statement = (
            select(change.c.device_id, func.max(change.c.at))
            .where(change.c.source == source)
            .group_by(change.c.device_id)
        )
        with self._database.read() as connection:
            return {device: moment(int(at)) for device, at in connection.execute(statement)}

    def times_sent(
        self, source: str, actions: Collection[str], *, since: datetime
    ) -> dict[tuple[str, str], int]:
        """Count how often some actions were sent for each device and finding since a time.

        It is counted on record, so that a restart does not begin anew.
        """
        statement = select(change.c.device_id, change.c.finding_ids).where(
            change.c.source == source,
            change.c.action.in_(sorted(actions)),
            change.c.outcome == "sent",
            change.c.at >= micros(since),
        )
        counts: Counter[tuple[str, str]] = Counter()
        with self._database.read() as connection:
            for device, findings in connection.execute(statement):
                counts.update((device, finding) for finding in msgspec.json.decode(findings))
        return dict(counts)


def _spell(entry: ChangeEntry) -> dict[str, object]:
    row: dict[str, object] = msgspec.structs.asdict(entry)
    for name in _AS_JSON:
        row[name] = msgspec.json.encode(row[name]).decode()
    return {**row, "at": micros(entry.at)}


def _read(row: Row[*tuple[Any, ...]]) -> ChangeEntry:
    return ChangeEntry(
        plan_id=row.plan_id,
        at=moment(int(row.at)),
        source=row.source,
        device_id=row.device_id,
        finding_ids=tuple(msgspec.json.decode(row.finding_ids)),
        action=row.action,
        outcome=row.outcome,
        before=msgspec.json.decode(row.before),
        after=msgspec.json.decode(row.after),
        reason=row.reason,
    )
