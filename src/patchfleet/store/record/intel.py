"""Files about vulnerabilities as they were loaded, compressed, with their date and digest.

The file in force is the newest of its kind by the date of its data. Loaded files are never edited,
so that an earlier evaluation can be repeated.
"""

import hashlib
import zlib
from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from patchfleet._renamed.members import FormerMethod
from patchfleet.store.record.database import Database
from patchfleet.store.record.schema import intel, micros, moment
from patchfleet.store.types import IntelRow

_ABOUT = (
    intel.c.id, intel.c.kind, intel.c.dated, intel.c.name, intel.c.version, intel.c.rows,
    intel.c.loaded_at, intel.c.digest,
)  # fmt: skip


class IntelFiles(FormerMethod):
    """The files about vulnerabilities of one record: `store.intel`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        kind: str,
        content: bytes,
        *,
        dated: date,
        name: str,
        version: str | None,
        rows: int,
        now: datetime,
    ) -> IntelRow:
        """Store a file about vulnerabilities that was read as `kind`; see `policy.intel`."""
        row = row_of(kind, dated, name, version, rows, now=now, content=content)
        with self._database.write(durable=True, alone=True) as connection:
            add(connection, row, content)
        return row

    def read(self, until: date | None = None) -> list[tuple[IntelRow, bytes]]:
        """Return the files in force, the newest of each kind dated `until` or earlier."""
        with self._database.read() as connection:
            return [(row, content(connection, row)) for row in known(connection, until)]

    def files(self) -> list[IntelRow]:
        """List the files in force, without their content."""
        with self._database.read() as connection:
            return known(connection)


def add(connection: Connection, row: IntelRow, content: bytes) -> None:
    """Store a file; the same content of the same kind and day is stored once."""
    same = select(intel.c.id).where(
        intel.c.kind == row.kind,
        intel.c.digest == row.digest,
        intel.c.dated == row.dated.isoformat(),
    )
    if connection.scalar(same) is not None:
        return
    values = {
        "kind": row.kind,
        "dated": row.dated.isoformat(),
        "name": row.name,
        "version": row.version,
        "rows": row.rows,
        "loaded_at": micros(row.loaded_at),
        "digest": row.digest,
        "content": zlib.compress(content, 1),
    }
    connection.execute(insert(intel).values(values))


def known(connection: Connection, until: date | None = None) -> list[IntelRow]:
    """List the files in force, one of a kind: the newest, dated `until` or earlier."""
    newest: dict[str, IntelRow] = {}
    for row in connection.execute(select(*_ABOUT).order_by(intel.c.dated, intel.c.id)):
        dated = date.fromisoformat(row.dated)
        if until is None or dated <= until:
            newest[row.kind] = IntelRow(
                row.kind,
                dated,
                row.name,
                row.version,
                int(row.rows),
                moment(int(row.loaded_at)),
                row.digest,
            )
    return [newest[kind] for kind in sorted(newest)]


def content(connection: Connection, row: IntelRow) -> bytes:
    """Read the bytes of a file as they were loaded."""
    statement = select(intel.c.content).where(
        intel.c.kind == row.kind, intel.c.digest == row.digest
    )
    return zlib.decompress(connection.scalars(statement.limit(1)).one())


def row_of(
    kind: str, dated: date, name: str, version: str | None, rows: int, *, now: datetime,
    content: bytes,
) -> IntelRow:  # fmt: skip
    """Describe a file that is being loaded."""
    digest = hashlib.sha256(content).hexdigest()
    return IntelRow(kind, dated, name, version or "", rows, now, digest)
