"""Retention: deletion of complete runs that are older than a bound, with their files.

The record changes in one transaction per source, then the folders go: a process that ends in
between leaves folders that no publication refers to, and the next prune deletes them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from patchfleet.errors import StoreError
from patchfleet.store.publication.chain import PublicationRecord, all_publications, chain
from patchfleet.store.publication.files import run_of
from patchfleet.store.publication.storage import Storage
from patchfleet.store.record import prune
from patchfleet.store.record.database import Database
from patchfleet.store.record.schema import micros, moment, publication, run, source

_INCREMENT = ("begun.parquet", "ended.parquet")
"""The files of changes since the publication before: the oldest one has none before it."""


class PrunedSource(Struct, frozen=True):
    """What a prune deletes, or would delete, of one source.

    `runs` are the complete runs that go, `oldest_run` is the first that stays, of `oldest_at`.
    `needed_runs` are older than the bound and stay, since the files of kept runs build on theirs.
    """

    source: str
    runs: tuple[int, ...]
    oldest_run: int
    oldest_at: datetime
    kept: int
    needed_runs: tuple[int, ...]


class Pruned(Struct, frozen=True):
    """What a prune deleted, or would delete: runs by source, and the number of rows by table."""

    sources: tuple[PrunedSource, ...]
    rows: Mapping[str, int]


class _Bound(Struct, frozen=True):
    """The oldest publication that stays of a source."""

    source_id: int
    oldest: PublicationRecord
    told: PrunedSource


class Retention:
    """Deletion of old runs from one store."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def preview(self, keep: int | timedelta, now: datetime) -> Pruned:
        """Return what `prune` would delete; nothing is changed."""
        with self._database.read() as connection:
            bounds = self._bounds(connection, keep, now)
            rows: dict[str, int] = {}
            for one in bounds:
                outdated = prune.outdated_of_source(one.source_id, one.oldest.run_id)
                _add(rows, prune.count(connection, outdated))
            going = [_earlier(one) for one in bounds]
            matches = prune.oldest_match_run(connection, or_(*going) if going else None)
            _add(rows, prune.count(connection, prune.outdated_matches(matches)))
        return _pruned(bounds, rows)

    def prune(self, keep: int | timedelta, now: datetime) -> Pruned:
        """Delete the complete runs beyond `keep`, the number of runs to keep or their age.

        The last complete run of a source stays, and so do the runs whose files a kept one builds
        on. Raises StoreError, with nothing changed, while a source is being synced; and if a
        folder could not be deleted, which the next prune tries again.
        """
        rows: dict[str, int] = {}
        with alone(self._database, "pruned"):
            with self._database.read() as connection:
                bounds = self._bounds(connection, keep, now)
            for one in bounds:
                with self._database.write(durable=True, alone=True) as connection:
                    _add(rows, _delete(connection, one))
            with self._database.write(durable=True, alone=True) as connection:
                matches = prune.oldest_match_run(connection)
                _add(rows, prune.erase(connection, prune.outdated_matches(matches)))
            left = [folder for one in bounds for folder in self._delete_folders(one)]
        if left:
            raise StoreError(
                f"{left[0]} of a pruned run cannot be deleted",
                hint="change its permissions, then prune again: the record is pruned already",
            )
        return _pruned(bounds, rows)

    def _bounds(self, connection: Connection, keep: int | timedelta, now: datetime) -> list[_Bound]:
        """Return the bound of each source that has a publication."""
        sources = connection.execute(select(source.c.id, source.c.name).order_by(source.c.name))
        found = []
        for source_id, name in sources.all():
            published = all_publications(connection, source_id)
            if published:
                first = _first_wanted(connection, published, keep, now)
                found.append(_bound(connection, source_id, name, published, first))
        return found

    def _delete_folders(self, one: _Bound) -> list[str]:
        """Delete all folders of runs before the oldest kept one; return those that remain."""
        parent = one.oldest.folder.rpartition("/")[0]
        for folder in self._folders_before(one, parent):
            self._storage.delete(folder)
        if one.oldest.previous is None or one.told.runs:
            self._storage.delete_files(one.oldest.folder, _INCREMENT)
        address = self._storage.name_of
        return [address(folder, "") for folder in self._folders_before(one, parent)]

    def _folders_before(self, one: _Bound, parent: str) -> list[str]:
        return [
            f"{parent}/{name}"
            for name in self._storage.folders(parent)
            if re.fullmatch(r"run=\d+", name) and run_of(name) < one.oldest.run_id
        ]


@contextmanager
def alone(database: Database, done: str) -> Iterator[None]:
    """Hold the locks of all sources, so that no sync runs; raise StoreError if one does.

    `done` is the work of the caller, for the message.
    """
    with database.read() as connection:
        names = connection.scalars(select(source.c.name).order_by(source.c.name)).all()
    with ExitStack() as stack:
        for name in names:
            lock = database.lock(name)
            if lock is None:
                raise StoreError(
                    f"{name} is being synced, and nothing can be {done} meanwhile",
                    hint="wait until that is done, then try again",
                )
            stack.callback(lock.release)
        yield


def _bound(
    connection: Connection,
    source_id: int,
    name: str,
    published: Sequence[PublicationRecord],
    first: int,
) -> _Bound:
    """Return the oldest publication that stays: the whole one that run `first` builds on."""
    oldest = chain(connection, source_id, until=first)[0]
    as_of = connection.scalars(select(run.c.as_of).where(run.c.id == oldest.run_id)).one()
    numbers = [part.run_id for part in published]
    told = PrunedSource(
        source=name,
        runs=tuple(number for number in numbers if number < oldest.run_id),
        oldest_run=oldest.run_id,
        oldest_at=moment(int(as_of)),
        kept=sum(number >= oldest.run_id for number in numbers),
        needed_runs=tuple(number for number in numbers if oldest.run_id <= number < first),
    )
    return _Bound(source_id, oldest, told)


def _first_wanted(
    connection: Connection,
    published: Sequence[PublicationRecord],
    keep: int | timedelta,
    now: datetime,
) -> int:
    """Return the first run within `keep`, or the last run if none is."""
    numbers = [part.run_id for part in published]
    if isinstance(keep, int):
        return numbers[-keep:][0]
    young = select(func.min(run.c.id)).where(
        run.c.id.in_(numbers), run.c.as_of >= micros(now - keep)
    )
    return int(connection.scalar(young) or numbers[-1])


def _delete(connection: Connection, one: _Bound) -> dict[str, int]:
    """Delete what is older than a bound from the record; return the rows by table."""
    oldest = one.oldest
    rows = prune.erase(connection, prune.outdated_of_source(one.source_id, oldest.run_id))
    prune.mark_pruned(connection, one.source_id, oldest.run_id)
    if one.told.runs:
        # Its changes since a run that is gone cannot be written again, and no reader needs them.
        kept = {name: of for name, of in oldest.digests.items() if name not in _INCREMENT}
        connection.execute(
            update(publication)
            .where(publication.c.run == oldest.run_id)
            .values(previous=None, digests=msgspec.json.encode(kept).decode())
        )
    return rows


def _earlier(one: _Bound) -> ColumnElement[bool]:
    return (publication.c.source == one.source_id) & (publication.c.run < one.oldest.run_id)


def _add(rows: dict[str, int], more: Mapping[str, int]) -> None:
    for name, number in more.items():
        rows[name] = rows.get(name, 0) + number


def _pruned(bounds: Sequence[_Bound], rows: Mapping[str, int]) -> Pruned:
    return Pruned(tuple(one.told for one in bounds), rows)
