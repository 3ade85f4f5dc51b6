"""Cells of the record for fields of models, and back: times as microseconds, lists as JSON."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from patchfleet.store.attributes import Attribute, ColumnType
from patchfleet.store.record.schema import micros, moment

_WRITE: dict[ColumnType, Callable[[Any], object]] = {
    "time": micros,
    "texts": lambda texts: msgspec.json.encode(texts).decode(),
}
_READ: dict[ColumnType, Callable[[Any], object]] = {
    "time": moment,
    "texts": msgspec.json.Decoder(tuple[str, ...]).decode,
}


def cells_of(value: Struct, columns: Iterable[Attribute]) -> list[object]:
    """Return the cells of `columns` for a model, in their order."""
    cells = []
    for column in columns:
        cell = getattr(value, column.recorded)
        write = _WRITE.get(column.type)
        cells.append(cell if write is None else write(cell))
    return cells


def reader_of(columns: Iterable[Attribute]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that replaces the cells of `columns` in a row by values of the model."""
    reads = [(one.recorded, _READ[one.type]) for one in columns if one.type in _READ]

    def read(row: dict[str, Any]) -> dict[str, Any]:
        for name, from_cell in reads:
            row[name] = from_cell(row[name])
        return row

    return read
