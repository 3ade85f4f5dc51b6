"""Erasure of a customer: rows first, then every published file is written again without it.

In the transaction that deletes the rows, all published files are marked as outdated, so that no
reader uses one that still holds the customer, also if the process ends in between.
"""

from collections.abc import Callable

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select, update

from patchfleet.errors import StoreError
from patchfleet.store.publication.retention import alone
from patchfleet.store.record.database import Database
from patchfleet.store.record.forget import Subject, erase, journal_mentions, subjects
from patchfleet.store.record.schema import publication
from patchfleet.store.record.vacuum import vacuum


class Forgotten(Struct, frozen=True):
    """What was erased, and what was not: `moved` devices, and journal lines that name it."""

    subjects: tuple[Subject, ...]
    rows: int
    files_of: int
    moved: tuple[str, ...]
    journal_lines: int


def forget(
    database: Database, rewrite_all: Callable[[], int], customer: str, account: str | None
) -> Forgotten:
    """Erase a customer from a record and its published files; see `Store.forget`."""
    with alone(database, "forgotten"):
        with database.write(durable=True, alone=True) as connection:
            found = subjects(connection, customer, account)
            check(found, customer, database.name)
            rows = sum(erase(connection, one) for one in found)
            _mark_outdated(connection)
            lines = journal_mentions(connection, found)
        many = rewrite_all()
        vacuum(database)
    moved = tuple(f"{one.source} {number}" for one in found for number in one.moved)
    return Forgotten(tuple(found), rows, many, moved, lines)


def check(found: list[Subject], customer: str, record: str) -> None:
    """Raise StoreError if no customer was found, or one is still listed by its source."""
    if not found:
        raise StoreError(
            f"no customer is or was called {customer} in {record}",
            hint="`patchfleet sql 'SELECT * FROM customers'` lists those of the last syncs",
        )
    for one in found:
        if one.is_listed:
            raise StoreError(
                f"{one.source} still lists {customer}: the next sync would record it again",
                hint=f"remove it at {one.source} and sync, then forget it here",
            )


def _mark_outdated(connection: Connection) -> None:
    """Empty the digests of all publications: their files are rebuilt before they are read."""
    for run, digests in connection.execute(select(publication.c.run, publication.c.digests)).all():
        empty = dict.fromkeys(msgspec.json.decode(digests), "")
        connection.execute(
            update(publication)
            .where(publication.c.run == run)
            .values(digests=msgspec.json.encode(empty).decode())
        )
