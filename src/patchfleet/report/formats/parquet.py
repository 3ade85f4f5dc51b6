"""One table as a Parquet file, with real types, for a notebook or an engine."""

from datetime import datetime
from pathlib import Path
from typing import Any

from patchfleet.report.table import Cell, Kind, Table

_TYPES: dict[Kind, str] = {
    "list": "VARCHAR[]",
    "flag": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "percent": "DOUBLE",
    "date": "DATE",
    "moment": "TIMESTAMPTZ",
}
_FITS: dict[Kind, tuple[type, ...]] = {
    "list": (tuple,),
    "flag": (bool,),
    "integer": (int,),
    "number": (int, float),
    "percent": (int, float),
    "date": (datetime,),
    "moment": (datetime,),
}


def write_parquet(table: Table, path: Path) -> None:
    """Write a table to `path`; a column with a value of another kind becomes text."""
    from patchfleet.store.parquet import write_parquet as write

    kinds: list[Kind] = [
        column.kind if _is_even(table, place, column.kind) else "text"
        for place, column in enumerate(table.columns)
    ]
    types = {
        column.key: _TYPES.get(kind, "VARCHAR")
        for column, kind in zip(table.columns, kinds, strict=True)
    }
    rows = ([_value(cell, kind) for cell, kind in zip(row, kinds, strict=True)]
            for row in table.rows)  # fmt: skip
    write(types, rows, path)


def _is_even(table: Table, place: int, kind: Kind) -> bool:
    fits = _FITS.get(kind)
    if fits is None:
        return True
    values = (row[place] for row in table.rows)
    return all(
        value is None
        or (isinstance(value, fits) and (kind == "flag" or not isinstance(value, bool)))
        for value in values
    )


def _value(cell: Cell, kind: Kind) -> Any:
    if cell is None or kind in ("flag", "integer", "number", "percent", "moment"):
        return cell
    if isinstance(cell, tuple):
        return list(cell) if kind == "list" else ", ".join(cell)
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}" if kind == "date" else cell.isoformat()
    return str(cell)
