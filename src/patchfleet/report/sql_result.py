"""Table of the result of a SQL statement, with its types."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from patchfleet.report.document import Cell, Column, Kind, Table

if TYPE_CHECKING:
    from patchfleet.store.views.user_sql import Answer

_KINDS: tuple[tuple[str, Kind], ...] = (
    ("TIMESTAMP", "moment"),
    ("DATE", "date"),
    ("BOOLEAN", "flag"),
    ("DOUBLE", "number"),
    ("FLOAT", "number"),
    ("DECIMAL", "number"),
)
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
          "UINTEGER", "UBIGINT", "UHUGEINT")  # fmt: skip


def sql_result_table(answer: "Answer") -> Table:
    """Tabulate an answer; values other than text, number and time are text as DuckDB prints it."""
    names: list[str] = []
    for name in answer.columns:
        names.append(name if name not in names else f"{name}_{len(names)}")
    columns = tuple(
        Column(name, name, _kind(kind)) for name, kind in zip(names, answer.types, strict=True)
    )
    rows = [tuple(map(_cell, row)) for row in answer.rows()]
    return Table(name="answer", title="Answer", columns=columns, rows=rows)


def _kind(kind: str) -> Kind:
    if kind in _WHOLE:
        return "integer"
    if kind == "VARCHAR[]":
        return "list"
    for begins, ours in _KINDS:
        if kind.startswith(begins):
            return ours
    return "text"


def _cell(value: Any) -> Cell:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return tuple(map(str, value))
    if value is None or isinstance(value, str | int | float | bool | datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    return str(value)
