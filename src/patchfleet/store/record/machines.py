"""Machines on record: the matches found, and the decisions people made.

A match is an interval, written only when it changes. A decision is added and never edited, so the
record shows who decided what, and when.
"""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select, true

from patchfleet.errors import StoreError
from patchfleet.models.machine import DeviceRef, Identity, MatchDecision
from patchfleet.store.record import validity
from patchfleet.store.record.author import current_author
from patchfleet.store.record.database import Database
from patchfleet.store.record.journal import row_of
from patchfleet.store.record.nul_bytes import storable
from patchfleet.store.record.schema import (
    change,
    device,
    look_alike,
    membership,
    micros,
    moment,
    publication,
    source,
    verdict,
)
from patchfleet.store.types import Author, ChangeEntry, change_id

_INTERVAL = ("from_recognition", "to_recognition")


class Machines:
    """The machines and match decisions of one record: `store.machines`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ids(self) -> dict[DeviceRef, str]:
        """Return the current machine of each device, over all sources."""
        with self._database.read() as connection:
            return machine_ids(connection)

    def decisions(self) -> list[MatchDecision]:
        """List the decisions of people on pairs of devices, in the order they were made."""
        with self._database.read() as connection:
            return verdicts(connection)

    def decide(self, decision: MatchDecision, author: Author | None = None) -> None:
        """Record a decision of a person on two devices, also in the journal; syncs apply it.

        `author` is by default the user of the process. Raises StoreError for a device that is not
        on record.
        """
        with self._database.write(durable=True, alone=True) as connection:
            for of, number in unknown(connection, (decision.left, decision.right)):
                raise StoreError(
                    f"there is no device {number} of {of} on record",
                    hint="`patchfleet machines candidates` lists pairs with their ids",
                )
            add(connection, decision)
            by = replace(author or current_author(), person=storable(decision.by))
            connection.execute(insert(change), [row_of(_entry(decision), by)])


def _entry(decision: MatchDecision) -> ChangeEntry:
    """Return a decision as the journal has it: a change of two devices of no account."""
    return ChangeEntry(
        plan_id=change_id(decision.at),
        at=decision.at,
        source="",
        device_id="",
        finding_ids=(":".join(decision.left), ":".join(decision.right)),
        action="link" if decision.is_same else "unlink",
        outcome="confirmed",
        reason=decision.reason,
    )


def write(connection: Connection, identity: Identity) -> int:
    """Write the matches; return the number of this match run.

    The transaction must be `alone`: each number is then given once and is higher than all before
    it, even if another run ended with matches meanwhile.
    """
    number = newest(connection) + 1
    keys = _keys(connection)
    members = {
        (keys[member.ref],): (machine.id, member.score, _list(member.reasons))
        for machine in identity.machines
        for member in machine.members
    }
    pairs = {
        (keys[one.left], keys[one.right]): (
            one.kind,
            one.score,
            _list(one.reasons_for),
            _list(one.reasons_against),
        )
        for one in identity.look_alikes
    }
    for table, wanted in ((membership, members), (look_alike, pairs)):
        validity.set_valid(connection, table, true(), number, wanted)
        validity.close_absent(connection, table, true(), number, wanted.keys())
    return number


def newest(connection: Connection) -> int:
    """Return the number of the last match run, 0 before the first."""
    numbers = [
        *(table.c[name] for table in (membership, look_alike) for name in _INTERVAL),
        publication.c.recognition,
    ]
    highest = (connection.scalar(select(func.max(number))) for number in numbers)
    return max((number or 0 for number in highest), default=0)


def machine_ids(connection: Connection) -> dict[DeviceRef, str]:
    """Read the current machine of each device."""
    statement = (
        select(source.c.name, device.c.id, membership.c.machine)
        .join_from(membership, device, membership.c.device == device.c.key)
        .join(source, device.c.source == source.c.id)
        .where(membership.c.to_recognition.is_(None))
    )
    return {(of, number): machine for of, number, machine in connection.execute(statement)}


def verdicts(connection: Connection) -> list[MatchDecision]:
    """Read the decisions of people, in the order they were made."""
    return [
        MatchDecision(
            left=(row.left_source, row.left_id),
            right=(row.right_source, row.right_id),
            is_same=row.is_same,
            by=row.by,
            at=moment(int(row.at)),
            reason=row.reason,
        )
        for row in connection.execute(select(verdict).order_by(verdict.c.id))
    ]


def add(connection: Connection, decided: MatchDecision) -> None:
    """Add a decision of a person."""
    connection.execute(
        insert(verdict).values(
            left_source=decided.left[0],
            left_id=decided.left[1],
            right_source=decided.right[0],
            right_id=decided.right[1],
            is_same=decided.is_same,
            by=decided.by,
            at=micros(decided.at),
            reason=decided.reason,
        )
    )


def unknown(connection: Connection, refs: Iterable[DeviceRef]) -> list[DeviceRef]:
    """Return the devices of `refs` that are not on record."""
    keys = _keys(connection)
    return [ref for ref in refs if ref not in keys]


def _keys(connection: Connection) -> dict[DeviceRef, int]:
    statement = select(source.c.name, device.c.id, device.c.key).join_from(
        device, source, device.c.source == source.c.id
    )
    return {(of, number): key for of, number, key in connection.execute(statement)}


def _list(texts: tuple[str, ...]) -> str:
    return msgspec.json.encode(texts).decode()
