"""Rows that hold for an interval of runs: customers, sites, and what is said of devices.

Law of this file: only what changed is written. What this very run said before is forgotten, what an
earlier run said is ended, what holds now begins; so a run may say the same thing twice.
"""

from collections.abc import Collection, Mapping
from typing import Any

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

Key = tuple[Any, ...]
Values = tuple[Any, ...]


def settle(
    connection: Connection,
    table: Table,
    scope: ColumnElement[bool],
    run: int,
    wanted: Mapping[Key, Values],
) -> None:
    """Make `table` say `wanted` from `run` on; keys that are not in it are left as they are.

    `scope` narrows to the rows of one source; keys and values follow the order of the columns.
    """
    held = _held(connection, table, scope)
    changed = [key for key, values in wanted.items() if held.get(key) != values]
    _end(connection, table, run, [key for key in changed if key in held])
    if changed:
        names = [column.name for column in (*_key(table), *_content(table))]
        rows = [
            {
                **dict(zip(names, (*key, *wanted[key]), strict=True)),
                "from_run": run,
                "to_run": None,
            }
            for key in changed
        ]
        connection.execute(insert(table), rows)


def end_all_but(
    connection: Connection,
    table: Table,
    scope: ColumnElement[bool],
    run: int,
    present: Collection[Key],
) -> None:
    """End with `run` whatever still holds in `scope` and is not `present`."""
    held = _held(connection, table, scope)
    _end(connection, table, run, [key for key in held if key not in present])


def _held(connection: Connection, table: Table, scope: ColumnElement[bool]) -> dict[Key, Values]:
    key, content = _key(table), _content(table)
    statement = select(*key, *content).where(scope, table.c.to_run.is_(None))
    rows = connection.execute(statement)
    return {tuple(row[: len(key)]): tuple(row[len(key) :]) for row in rows}


def _end(connection: Connection, table: Table, run: int, keys: Collection[Key]) -> None:
    if not keys:
        return
    names = [f"key_{column.name}" for column in _key(table)]
    same = and_(*(column == bindparam(f"key_{column.name}") for column in _key(table)))
    rows = [dict(zip(names, key, strict=True)) for key in keys]
    connection.execute(delete(table).where(same, table.c.from_run == run), rows)
    connection.execute(update(table).where(same, table.c.to_run.is_(None)).values(to_run=run), rows)


def _key(table: Table) -> list[Column[Any]]:
    return [column for column in table.primary_key if column.name != "from_run"]


def _content(table: Table) -> list[Column[Any]]:
    ours = {"from_run", "to_run", *(column.name for column in _key(table))}
    return [column for column in table.c if column.name not in ours]
