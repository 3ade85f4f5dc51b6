"""Lazy sequences of rows: counted first, read on demand.

The count comes from the statement that is read, and the order is the same whichever part is read.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from patchfleet.store.queries.filters import Clause

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot

Row = TypeVar("Row", bound=Struct)


class LazyRows(Generic[Row]):
    """The rows of one question; nothing is asked until they are counted or read."""

    def __init__(
        self,
        snapshot: "Snapshot",
        kind: type[Row],
        state: Callable[[int | None], Clause],
        *,
        order: str,
        told: str = "{rows}",
    ) -> None:
        """`state` states the question, and holds what was set aside for it.

        It is told how many rows are wanted, and may leave out what comes after all of them in
        `order`. `told` is a statement around the rows that are read: what is dear to say of a row
        is said of these alone.
        """
        self._facts, self._kind, self._state = snapshot, kind, state
        self._order, self._told = order, told

    def count(self) -> int:
        """Count the rows without reading them, and without putting them in order."""
        asked = self._state(None)
        return self._facts.count(f"SELECT count(*) FROM ({asked.sql})", asked.values)

    def read(self, limit: int | None = None) -> Iterator[Row]:
        """Go through the first `limit` rows, or all, holding a few thousand at a time."""
        asked = self._state(limit)
        cut, values = ("", ()) if limit is None else ("LIMIT ?", (limit,))
        sql = self._told.format(rows=f"{asked.sql} ORDER BY {self._order} {cut}")
        yield from self._facts.iter_rows(self._kind, sql, (*asked.values, *values))
