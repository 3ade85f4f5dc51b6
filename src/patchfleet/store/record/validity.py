"""Rows valid for an interval of runs or match runs: sites, attributes of devices, machines.

Only changes are written. Rows that this run wrote before are replaced, rows of an earlier run end,
and new rows begin, so a run may report the same thing twice. Nothing newer than the run may be in
the table: the runs of one source are written one after the other, and rows for all sources have a
number of their own, see `machines`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from patchfleet.store.record.schema import interval

Key = tuple[Any, ...]
Values = tuple[Any, ...]
Row = TypeVar("Row")

_ROWS_AT_ONCE = 5000
_FEW = {"yield_per": _ROWS_AT_ONCE}


def set_valid(
    connection: Connection,
    table: Table,
    scope: ColumnElement[bool],
    run: int,
    wanted: Mapping[Key, Values],
) -> None:
    """Write `wanted` to `table`, valid from `run` on; other keys are unchanged.

    `scope` narrows to the rows of one source; keys and values follow the order of the columns.
    """
    changed = dict(wanted)
    outdated = []
    for key, values in _held(connection, table, scope, _content(table)):
        if key in changed:
            if changed[key] == values:
                del changed[key]
            else:
                outdated.append(key)
    _end(connection, table, run, outdated)
    names = [column.name for column in (*_key(table), *_content(table))]
    begin, end = (column.name for column in interval(table))
    for keys in parts(list(changed)):
        rows = [
            {
                **dict(zip(names, (*key, *changed[key]), strict=True)),
                begin: run,
                end: None,
            }
            for key in keys
        ]
        connection.execute(insert(table), rows)


def close_absent(
    connection: Connection,
    table: Table,
    scope: ColumnElement[bool],
    run: int,
    present: Collection[Key],
    *,
    is_kept: Callable[[Key], bool] = lambda _: False,
) -> None:
    """End at `run` the valid rows in `scope` that are neither `present` nor kept."""
    held = _held(connection, table, scope, ())
    absent = [key for key, _ in held if key not in present and not is_kept(key)]
    _end(connection, table, run, absent)


def parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield rows a few thousand at a time: the driver's copy takes several times their size."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def _held(
    connection: Connection,
    table: Table,
    scope: ColumnElement[bool],
    content: Sequence[Column[Any]],
) -> Iterator[tuple[Key, Values]]:
    """Read the valid keys in `scope`, with some of their values."""
    key = _key(table)
    _, end = interval(table)
    statement = select(*key, *content).where(scope, end.is_(None))
    for row in connection.execute(statement, execution_options=_FEW):
        cells = tuple(row)
        yield cells[: len(key)], cells[len(key) :]


def _end(connection: Connection, table: Table, run: int, keys: Sequence[Key]) -> None:
    names = [f"key_{column.name}" for column in _key(table)]
    same = and_(*(column == bindparam(f"key_{column.name}") for column in _key(table)))
    begin, end = interval(table)
    for some in parts(keys):
        rows = [dict(zip(names, key, strict=True)) for key in some]
        connection.execute(delete(table).where(same, begin == run), rows)
        ended = update(table).where(same, end.is_(None)).values({end: run})
        connection.execute(ended, rows)


def _key(table: Table) -> list[Column[Any]]:
    begin, _ = interval(table)
    return [column for column in table.primary_key if column is not begin]


def _content(table: Table) -> list[Column[Any]]:
    ours = {column.name for column in (*interval(table), *_key(table))}
    return [column for column in table.c if column.name not in ours]
