"""Queries for lists: a statement in one order, and the list or the lazy rows that it returns."""

from collections.abc import Callable, Iterator
from functools import update_wrapper
from inspect import signature
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, get_args

from msgspec import Struct

from patchfleet.store.queries.filters import Clause
from patchfleet.store.queries.lazy_rows import LazyRows

if TYPE_CHECKING:
    from patchfleet.store.snapshot import Snapshot
    from patchfleet.store.views.scratch import Scratch

Row = TypeVar("Row")
Read = TypeVar("Read", bound=Struct)
Parameters = ParamSpec("Parameters")


class _Ordered(Struct, Generic[Read], frozen=True):
    """A statement whose rows are read in one order; it holds the scratch tables that it needs."""

    snapshot: "Snapshot"
    kind: type[Read]
    rows: Clause
    order: str
    first: Callable[[int], Clause] | None
    around: Callable[[str], str]
    needs: tuple["Scratch", ...]

    def read(self, limit: int | None) -> Iterator[Read]:
        """Go through the first rows; see `LazyRows`."""
        rows, cut = self.rows, ""
        if limit is not None:
            rows = self.first(limit) if self.first else rows
            rows, cut = Clause(rows.sql, (*rows.values, limit)), "LIMIT ?"
        sql = self.around(f"{rows.sql} ORDER BY {self.order} {cut}")
        return self.snapshot.iter_rows(self.kind, sql, rows.values)

    def count(self) -> int:
        """Count the rows without putting them in order."""
        return self.snapshot.count(f"SELECT count(*) FROM ({self.rows.sql})", self.rows.values)


def ordered(
    snapshot: "Snapshot",
    kind: type[Read],
    rows: Clause,
    *,
    order: str,
    first: Callable[[int], Clause] | None = None,
    around: Callable[[str], str] = str,
) -> LazyRows[Read]:
    """Return the rows of a statement, in `order`, as rows of `kind`.

    `first` returns a cheaper statement with at least the first rows, as many as its parameter.
    `around` puts a statement around the one that is read, so that expensive columns are computed
    for its rows alone. The scratch tables that the statement names last as long as the rows.
    """
    needs = snapshot.needed_by(around(rows.sql))
    query = _Ordered(snapshot, kind, rows, order, first, around, needs)
    return LazyRows(query.read, query.count)


class ListQuery(Protocol[Parameters, Row]):
    """A query that returns a list; `lazy` returns the same rows as they are needed."""

    @property
    def lazy(self) -> Callable[Parameters, LazyRows[Row]]:
        """Return the query for lazy rows."""
        ...

    def __call__(self, *values: Parameters.args, **options: Parameters.kwargs) -> list[Row]:
        """Return all rows."""
        ...


def listed(lazy: Callable[Parameters, LazyRows[Row]]) -> ListQuery[Parameters, Row]:
    """Make a query for lazy rows one that returns a list, with the former as its `lazy`."""

    def query(*values: Parameters.args, **options: Parameters.kwargs) -> list[Row]:
        return list(lazy(*values, **options).read())

    update_wrapper(query, lazy)
    row: Any = get_args(lazy.__annotations__["return"])[0]
    query.__annotations__ = {**lazy.__annotations__, "return": list[row]}
    ours: Any = query
    del ours.__wrapped__  # it returns something else
    ours.__signature__ = signature(lazy).replace(return_annotation=list[row])
    ours.lazy = lazy
    return ours  # type: ignore[no-any-return]
