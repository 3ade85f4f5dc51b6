"""Values that many findings share, each written once and named by a number of ours.

Law of this file: a number is given out only after its value is committed, so no rollback can leave
a finding that names nothing. One run a source writes at a time, so no value is written twice.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

from msgspec import Struct, structs
from sqlalchemy import RowMapping, Table, insert, select

from patchfleet.models import Condition, Patch
from patchfleet.store.database import Database
from patchfleet.store.schema import condition, micros, moment, patch
from patchfleet.store.texts import without_nul

Value = TypeVar("Value", bound=Struct)


class Interned(Generic[Value]):
    """The numbers of all values of one source in one table, in memory: see `keys`."""

    def __init__(
        self,
        database: Database,
        table: Table,
        source: int,
        spell: Callable[[Value], Mapping[str, object]],
        read: Callable[[RowMapping], Value],
    ) -> None:
        self.keys: dict[Value, int] = {}
        self._database, self._table, self._source = database, table, source
        self._spell, self._read = spell, read
        self._last = 0
        self._load()

    def learn(self, values: Iterable[Value]) -> None:
        """Write the values that have no number yet, in a transaction of their own."""
        kept = {value: without_nul(value) for value in values}
        rows = [
            {"source": self._source, **self._spell(value)}
            for value in dict.fromkeys(kept.values())
            if value not in self.keys
        ]
        if rows:
            with self._database.write() as connection:
                connection.execute(insert(self._table), rows)
            self._load()
        self.keys.update((value, self.keys[plain]) for value, plain in kept.items())

    def _load(self) -> None:
        table = self._table
        statement = select(table).where(table.c.source == self._source, table.c.key > self._last)
        with self._database.read() as connection:
            for row in connection.execute(statement.order_by(table.c.key)).mappings():
                self._last = row["key"]
                self.keys[self._read(row)] = self._last


def patches(database: Database, source: int) -> Interned[Patch]:
    """Give the patches of a source their numbers; equal descriptions are one patch."""
    return Interned(database, patch, source, _spell_patch, _read_patch)


def conditions(database: Database, source: int) -> Interned[Condition]:
    """Give the conditions of a source their numbers."""
    return Interned(
        database,
        condition,
        source,
        structs.asdict,
        lambda row: Condition(**{name: row[name] for name in Condition.__struct_fields__}),
    )


def _spell_patch(value: Patch) -> dict[str, object]:
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    return {**fields, "released_at": micros(value.released_at)}


def _read_patch(row: RowMapping) -> Patch:
    fields = {name: row[name] for name in Patch.__struct_fields__}
    return Patch(**{**fields, "released_at": moment(row["released_at"])})
