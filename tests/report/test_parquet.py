"""A table as a Parquet file: every value with its type, read back by another reader's eyes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from patchfleet.errors import ConfigError
from patchfleet.models import Selection
from patchfleet.report import Cell, Column, Report, Table, save
from patchfleet.store.report_coverage import Coverage

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
COLUMNS = (
    Column("name", "Name"),
    Column("count", "Count", "integer"),
    Column("share", "Share", "percent"),
    Column("at", "At", "moment"),
    Column("day", "Day", "date"),
    Column("tags", "Tags", "list"),
    Column("is_new", "New", "flag"),
)
ROWS: list[tuple[Cell, ...]] = [
    ("=1+1", 5, 0.5, AT, AT, ("a", "b"), True),
    ("Ä, \"'\n", -(2**40), 1, AT, AT, (), False),
    (None, None, None, None, None, None, None),
]


def read(path: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the types of the columns and the rows; moments come in epoch milliseconds."""
    with duckdb.connect() as memory:
        found = memory.read_parquet(str(path))
        types = [str(one) for one in found.types]
        shown = (
            found.project('* REPLACE (epoch_ms("at") AS "at")') if "at" in found.columns else found
        )
        return types, shown.fetchall()


def test_every_value_arrives_with_its_type(tmp_path: Path) -> None:
    table = Table(name="t", title="T", columns=COLUMNS, rows=ROWS)
    types, rows = read(save(table, tmp_path / "t.parquet"))
    assert types == [
        "VARCHAR",
        "BIGINT",
        "DOUBLE",
        "TIMESTAMP WITH TIME ZONE",
        "DATE",
        "VARCHAR[]",
        "BOOLEAN",
    ]
    at_ms = int(AT.timestamp() * 1000)
    assert rows[0] == ("=1+1", 5, 0.5, at_ms, AT.date(), ["a", "b"], True)
    assert rows[1][0] == ROWS[1][0]
    assert rows[1][1] == -(2**40)
    assert rows[2] == (None,) * 7


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    table = Table(name="t", title="T", columns=COLUMNS, rows=[])
    types, rows = read(save(table, tmp_path / "t.parquet"))
    assert len(types) == len(COLUMNS)
    assert rows == []


def test_a_value_of_another_kind_makes_its_column_text(tmp_path: Path) -> None:
    table = Table(name="t", title="T", columns=COLUMNS[1:2], rows=[(5,), ("many",), (True,)])
    types, rows = read(save(table, tmp_path / "t.parquet"))
    assert types == ["VARCHAR"]
    assert rows == [("5",), ("many",), ("True",)]


def test_several_tables_are_refused(tmp_path: Path) -> None:
    table = Table(name="t", title="T", columns=COLUMNS, rows=ROWS)
    coverage = Coverage(selection=Selection(), as_of=AT, sources=())
    report = Report(name="r", title="R", coverage=coverage, tables=(table, table))
    with pytest.raises(ConfigError, match="one table"):
        save(report, tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_takes_a_value_of_another_kind(tmp_path: Path) -> None:
    import openpyxl

    table = Table(
        name="t", title="T", columns=COLUMNS[1:4], rows=[("many", "some", "Not Announced")]
    )
    sheet = openpyxl.load_workbook(save(table, tmp_path / "t.xlsx")).active
    assert sheet is not None
    assert [cell.value for cell in next(sheet.iter_rows(min_row=2))] == [
        "many",
        "some",
        "Not Announced",
    ]
