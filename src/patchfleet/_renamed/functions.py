"""Functions and methods that took other parameters under their former names."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from patchfleet.report.document import Column, Table, tabulate
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.queries.open_findings import STORED
from patchfleet.store.views.definitions import FINDINGS
from patchfleet.store.views.scratch import Scratch, file_of

if TYPE_CHECKING:
    from patchfleet.store import Snapshot


def tabulate_later(
    name: str,
    title: str,
    columns: Sequence[Column],
    count: int,
    read: Callable[[int | None], Iterator[Struct]],
    *,
    note: str = "",
) -> Table:
    """Make a table of `count` rows that are read when a format comes to them."""
    return tabulate(name, title, columns, LazyRows(read, count), note=note)


def keep(snapshot: "Snapshot", sql: str, values: Sequence[object] = ()) -> Scratch:
    """Keep the findings that a statement selects as a view."""
    rows = snapshot.scratch("selected_rows", f"SELECT {STORED} FROM ({sql})", values)
    view = FINDINGS.format(prefix="", rows=rows)
    return snapshot.scratch("selected_findings", view, is_view=True)


def put(
    snapshot: "Snapshot", name: str, columns: Mapping[str, str], rows: Iterable[Struct]
) -> Scratch:
    """Make rows a table."""
    with file_of(rows, columns) as (sql, path):
        return snapshot.scratch(name, sql, (path,))
