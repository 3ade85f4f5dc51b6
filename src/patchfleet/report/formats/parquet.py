"""One table as a Parquet file, with real types."""

from datetime import datetime
from pathlib import Path
from typing import Any

from patchfleet.report.document import Cell, Kind, Table

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
    from patchfleet.store.publication.parquet import write_parquet as write

    odd = _odd_places(table)
    kinds: list[Kind] = [
        "text" if place in odd else column.kind for place, column in enumerate(table.columns)
    ]
    types = {
        column.key: _TYPES.get(kind, "VARCHAR")
        for column, kind in zip(table.columns, kinds, strict=True)
    }
    rows = ([_value(cell, kind) for cell, kind in zip(row, kinds, strict=True)]
            for row in table.rows)  # fmt: skip
    write(types, rows, path)


def _odd_places(table: Table) -> set[int]:
    """Find the columns that hold a value of another kind."""
    fits = {place: _FITS[c.kind] for place, c in enumerate(table.columns) if c.kind in _FITS}
    odd: set[int] = set()
    for row in table.rows:
        for place, kinds in fits.items():
            value = row[place]
            is_fit = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
            if value is not None and not is_fit:
                odd.add(place)
    return odd


def _value(cell: Cell, kind: Kind) -> Any:
    if cell is None or kind in ("flag", "integer", "number", "percent", "moment"):
        return cell
    if isinstance(cell, tuple):
        return list(cell) if kind == "list" else ", ".join(cell)
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}" if kind == "date" else cell.isoformat()
    return str(cell)
