"""Repair of publications whose files are missing or damaged.

Files are written again from the record. A file that names rows of another one by number is
rewritten with it.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec
from sqlalchemy import Connection, update

from patchfleet.errors import StoreError
from patchfleet.store.publication.chain import (
    PublicationRecord,
    chain_before,
    digests_of,
    following,
    is_as_read,
    is_on_record,
    pruned_meanwhile,
)
from patchfleet.store.publication.files import HISTORY, ROWS, STRIKING
from patchfleet.store.publication.storage import Digests, Storage
from patchfleet.store.publication.writer import write_files
from patchfleet.store.record.database import Database
from patchfleet.store.record.schema import publication
from patchfleet.store.types import PublicationRow

Broken = tuple[str, PublicationRecord, list[str]]
"""A source, one of its publications, and a line for each missing or damaged file."""


class Repair:
    """Repair of the published files of one store from its record."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def find_damaged(
        self, chosen: Sequence[tuple[PublicationRow, list[PublicationRecord]]]
    ) -> list[Broken]:
        """Find the publications with a missing or damaged file, with a line for each file.

        If only history is read from a publication, its other files are checked only when something
        has to be rewritten: the rewrite may read them.
        """
        found = self._found(chosen, HISTORY)
        return found and self._found(chosen, None)

    def _found(
        self,
        chosen: Sequence[tuple[PublicationRow, list[PublicationRecord]]],
        of_history: Collection[str] | None,
    ) -> list[Broken]:
        return [
            (row.source, part, found)
            for row, parts in chosen
            for part in parts
            if (found := self._storage.verify(part.folder, _digests(row, part, of_history)))
        ]

    def repair(self, broken: Iterable[Broken]) -> None:
        """Write broken publications again, in their order."""
        for source_name, part, _ in broken:
            with self._database.read() as connection:
                now = digests_of(connection, part)
            # The repair of an earlier publication may have rewritten this one too.
            if now == part.digests or self._storage.verify(part.folder, now):
                self.rewrite(source_name, part)

    def rewrite(self, source_name: str, part: PublicationRecord) -> None:
        """Write a publication, and if its rows moved, also those that address its rows."""
        if self.write(source_name, part):
            with self._database.read() as connection:
                later = following(connection, part)
            for other in later:
                self.write(source_name, other)

    def write(self, source_name: str, part: PublicationRecord) -> bool:
        """Write a publication from the record; return whether its rows have moved."""
        with self._database.read() as connection:
            before = [] if part.is_whole else chain_before(connection, part)
        digests = self._written(source_name, part, [other.folder for other in before])
        moved = any(digests.get(name) != part.digests.get(name) for name in ROWS)
        if digests != part.digests:
            with self._database.write() as connection:
                _note(connection, part, digests)
                # In the same transaction, so that no crash leaves addresses of moved rows in use.
                for other in following(connection, part) if moved else ():
                    _note(connection, other, {**other.digests, **dict.fromkeys(STRIKING, "")})
        return moved

    def _written(self, source_name: str, part: PublicationRecord, before: Sequence[str]) -> Digests:
        """Write the files of a publication; raise StoreError if it was pruned meanwhile."""
        try:
            digests = write_files(
                self._database,
                self._storage,
                part.run_id,
                source=source_name,
                recognition=part.recognition,
                previous=part.previous,
                chain=before,
                folder=part.folder,
            )
        except StoreError:
            self._check_published(part)
            raise
        self._check_published(part)
        return digests

    def _check_published(self, part: PublicationRecord) -> None:
        """Delete what was written of a run that was pruned meanwhile, and raise StoreError."""
        with self._database.read() as connection:
            if is_as_read(connection, part):
                return
            is_gone = not is_on_record(connection, part)
        if is_gone:
            self._storage.delete(part.folder)
        raise pruned_meanwhile(part)


def _digests(
    row: PublicationRow, part: PublicationRecord, of_history: Collection[str] | None
) -> Digests:
    """Return the digests of the files to check when `row` is read."""
    if of_history is None or part.folder in row.folders:
        return part.digests
    return {name: digest for name, digest in part.digests.items() if name in of_history}


def _note(connection: Connection, part: PublicationRecord, digests: Digests) -> None:
    """Store the digests of a publication; an empty one marks a file to rewrite."""
    digests_json = msgspec.json.encode(digests).decode()
    connection.execute(
        update(publication).where(publication.c.run == part.run_id).values(digests=digests_json)
    )
