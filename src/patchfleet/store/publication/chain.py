"""Chains of publications: a full one and the incremental ones that follow it.

A reader needs a whole chain: an incremental publication is never read without those before it, back
to the last full one.
"""

from itertools import takewhile
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, Select, func, select

from patchfleet.decodable import decodable
from patchfleet.errors import StoreError
from patchfleet.store.publication.files import PARQUET
from patchfleet.store.publication.storage import Digests
from patchfleet.store.record.schema import moment, publication, run, scan, source
from patchfleet.store.types import PublicationRow

_MOST_PARTS = 30
"""With a longer chain, reading costs more than writing all findings again."""
_EACH = tuple(f"{name}.parquet" for name in PARQUET)
_CHANGES = ("begun.parquet", "ended.parquet")
_MOST_CHANGED = 0.1
"""If a larger share of the findings has changed, the ended rows slow down reading."""


class PublicationRecord(Struct, frozen=True):
    """One publication as the record has it."""

    run_id: int
    folder: str
    digests: Digests
    previous: int | None
    is_whole: bool
    recognition: int


def chain(
    connection: Connection, source_id: int, until: int | None = None
) -> list[PublicationRecord]:
    """Read the publications that hold the findings of a source as of run `until`, oldest first.

    Without `until` it is the latest run; empty if nothing is published.
    """
    parts: list[PublicationRecord] = []
    for part in _newest_first(connection, source_id, until):
        parts.insert(0, part)
        if part.is_whole:
            break
    return parts


def all_publications(
    connection: Connection, source_id: int, until: int | None = None
) -> list[PublicationRecord]:
    """Read all publications of a source, oldest first: together they hold its history."""
    return _newest_first(connection, source_id, until)[::-1]


def chain_before(connection: Connection, part: PublicationRecord) -> list[PublicationRecord]:
    """Read the publications that the incremental `part` builds on, oldest first."""
    return chain(connection, _source_of(connection, part), until=part.previous)


def following(connection: Connection, part: PublicationRecord) -> list[PublicationRecord]:
    """Read the publications that build on `part`, oldest first."""
    later = all_publications(connection, _source_of(connection, part))
    return list(takewhile(lambda p: not p.is_whole, (p for p in later if p.run_id > part.run_id)))


def digests_of(connection: Connection, part: PublicationRecord) -> Digests:
    """Read the digests of a publication as they are now."""
    return _newest_first(connection, _source_of(connection, part), part.run_id, limit=2)[0].digests


def _source_of(connection: Connection, part: PublicationRecord) -> int:
    of = select(publication.c.source).where(publication.c.run == part.run_id)
    return int(_one(connection, of, part))


def _one(connection: Connection, of: Select[*tuple[Any, ...]], part: PublicationRecord) -> Any:
    """Return a value of a publication; raise StoreError if it was pruned since it was read."""
    row = connection.execute(of).first()
    if row is None:
        raise pruned_meanwhile(part)
    return row[0]


def is_on_record(connection: Connection, part: PublicationRecord) -> bool:
    """Return whether a publication is still on record."""
    of = select(publication.c.run).where(publication.c.run == part.run_id)
    return connection.execute(of).first() is not None


def is_as_read(connection: Connection, part: PublicationRecord) -> bool:
    """Return whether a publication is on record with the same one before it."""
    of = select(publication.c.source).where(publication.c.run == part.run_id)
    source_id = connection.scalar(of)
    if source_id is None:
        return False
    return _newest_first(connection, source_id, part.run_id, limit=2)[0].previous == part.previous


def pruned_meanwhile(part: PublicationRecord) -> StoreError:
    """Return the error that a publication was pruned while it was read."""
    return StoreError(
        f"run {part.run_id} was pruned while its files were read",
        hint="ask again: the runs that are kept answer",
    )


def is_whole_next(
    connection: Connection, source_id: int, run_id: int, parts: list[PublicationRecord]
) -> bool:
    """Return whether the next publication, of `run_id`, is a full one."""
    if not parts or len(parts) > _MOST_PARTS:
        return True
    changes = select(func.coalesce(func.sum(scan.c.changes), 0)).join(run, scan.c.run == run.c.id)
    since = changes.where(run.c.source == source_id, run.c.id > parts[0].run_id, run.c.id <= run_id)
    held = select(func.coalesce(func.sum(scan.c.findings), 0)).where(scan.c.run == parts[0].run_id)
    changed, findings = connection.scalar(since), connection.scalar(held)
    return int(changed or 0) > _MOST_CHANGED * int(findings or 0)


def row_of(row: Row[Any], parts: list[PublicationRecord]) -> PublicationRow:
    """Combine a row of `PUBLICATIONS` with the parts of its chain."""
    folders = tuple(part.folder for part in parts)
    as_of = moment(int(row.as_of))
    return PublicationRow(row.run, row.source, as_of, folders, recognition=row.recognition)


PUBLICATIONS: Select[*tuple[Any, ...]] = (
    select(
        publication.c.run,
        publication.c.source.label("source_id"),
        publication.c.recognition,
        source.c.name.label("source"),
        run.c.as_of,
    )
    .join(run, publication.c.run == run.c.id)
    .join(source, publication.c.source == source.c.id)
)


def _newest_first(
    connection: Connection, source_id: int, until: int | None, limit: int | None = None
) -> list[PublicationRecord]:
    p = publication.c
    columns = (p.run, p.folder, p.digests, p.previous, p.is_whole, p.recognition)
    statement: Select[*tuple[Any, ...]] = select(*columns)
    statement = statement.where(p.source == source_id).order_by(p.run.desc()).limit(limit)
    if until is not None:
        statement = statement.where(p.run <= until)
    rows = connection.execute(statement).all()
    before = [*(row.run for row in rows[1:]), None]
    return [_part(row, previous) for row, previous in zip(rows, before, strict=False)]


def _part(row: Row[*tuple[Any, ...]], before: int | None) -> PublicationRecord:
    """Read a publication, of which `before` is the run published before it.

    Revision 0001 noted no previous run, since it published all findings each time. A file that
    readers need and that version did not write has no digest: it is written when next read.
    """
    previous = row.previous or before
    needed = [*_EACH, *(_CHANGES if previous else ())]
    needed += ["findings.parquet"] if row.is_whole else ["struck.parquet"]
    digests = dict.fromkeys(needed, "") | _read(row.digests)
    return PublicationRecord(row.run, row.folder, digests, previous, row.is_whole, row.recognition)


def _read(digests: str) -> Digests:
    return msgspec.json.decode(digests, type=decodable(Digests))
