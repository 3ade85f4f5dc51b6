"""Intern tables: values that many findings share, stored once under a number.

A number is used only after its value is committed, so a rollback cannot leave a finding that refers
to nothing. One run per source writes at a time, so no value is stored twice.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct, structs
from sqlalchemy import Table, insert, select

from patchfleet.models import FindingStatus, Patch
from patchfleet.store.attributes import PATCH
from patchfleet.store.record.cells import cells_of, reader_of
from patchfleet.store.record.database import Database
from patchfleet.store.record.nul_bytes import without_nul
from patchfleet.store.record.schema import condition, patch

Value = TypeVar("Value", bound=Struct)

_MOST_KEPT = 200_000
_PATCH_NAMES = [one.recorded for one in PATCH]
_read_cells = reader_of(PATCH)


class InternTable(Generic[Value]):
    """The numbers of all values of one source in one table, in memory.

    `numbers` maps the identity of an object to its number, which is faster than comparing equal
    objects: a source uses one object for all findings that share it.
    """

    def __init__(
        self,
        database: Database,
        table: Table,
        source: int,
        spell: Callable[[Value], Mapping[str, object]],
        read: Callable[..., Value],
    ) -> None:
        self.numbers: dict[int, int] = {}
        self._kept: list[Value] = []  # so that no identity is reused by another object
        self._keys: dict[Value, int] = {}
        self._database, self._table, self._source = database, table, source
        self._text, self._read = spell, read
        self._last = 0
        self._load()

    def learn(self, values: Iterable[Value]) -> None:
        """Load the numbers of `values`; new values are written in a transaction of their own."""
        kept = {id(value): value for value in values if id(value) not in self.numbers}
        if len(self._kept) > _MOST_KEPT:
            self.numbers.clear()
            self._kept.clear()
        plain = {number: without_nul(value) for number, value in kept.items()}
        rows = [
            {"source": self._source, **self._text(value)}
            for value in dict.fromkeys(plain.values())
            if value not in self._keys
        ]
        if rows:
            with self._database.write() as connection:
                connection.execute(insert(self._table), rows)
            self._load()
        self._kept.extend(kept.values())
        self.numbers.update((number, self._keys[value]) for number, value in plain.items())

    def _load(self) -> None:
        table = self._table
        said = [column for column in table.c if column.name not in ("key", "source")]
        names = [column.name for column in said]
        statement = select(table.c.key, *said).where(
            table.c.source == self._source, table.c.key > self._last
        )
        with self._database.read() as connection:
            for key, *cells in connection.execute(statement.order_by(table.c.key)):
                self._last = key
                self._keys[self._read(**dict(zip(names, cells, strict=True)))] = key


def patches(database: Database, source: int) -> InternTable[Patch]:
    """Return the intern table of a source's patches; equal descriptions are one patch."""
    return InternTable(database, patch, source, _spell_patch, _read_patch)


def conditions(database: Database, source: int) -> InternTable[FindingStatus]:
    """Return the intern table of a source's conditions."""
    return InternTable(database, condition, source, structs.asdict, FindingStatus)


def _spell_patch(value: Patch) -> dict[str, object]:
    return dict(zip(_PATCH_NAMES, cells_of(value, PATCH), strict=True))


def _read_patch(**said: Any) -> Patch:
    return Patch(**_read_cells(said))
