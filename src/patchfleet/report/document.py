"""Content of a report: tables, charts, figures and notes, as plain values.

A column is shown because it is listed; other fields of a row are ignored.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from patchfleet._renamed import renamed
from patchfleet.errors import ConfigError
from patchfleet.report.cells import Cell, Kind
from patchfleet.store.queries.lazy_rows import LazyRows
from patchfleet.store.report_coverage import Coverage

__all__ = [
    "Cell",
    "Chart",
    "Column",
    "Kind",
    "Metric",
    "Report",
    "Shape",
    "Table",
    "tabulate",
    "total_of",
]


class Column(Struct, frozen=True):
    """One column: `key` for programs, `title` for people.

    `is_detail` leaves it out of a terminal and a page, and keeps it in a spreadsheet, CSV and JSON.
    `width` is a preference in characters. `is_actionable` is the value of a flag that needs action;
    of a number, whether more than zero does. `field` is the field of the row, if not `key`.
    """

    key: str
    title: str
    kind: Kind = "text"
    width: int | None = None
    is_detail: bool = False
    is_actionable: bool | None = None
    field: str = ""

    @property
    def attribute(self) -> str:
        """Return the field of a row that the column shows."""
        return self.field or self.key

    @property
    def heading(self) -> str:
        """Return the title, with the zone if a time of day is shown."""
        return f"{self.title} (UTC)" if self.kind == "moment" else self.title


ACCOUNT = Column("account", "Account", is_detail=True, field="source")
SOURCE = Column("source", "Source", is_detail=True)
"""The account of a row, under the present and the former name of the column."""


class Table(Struct, frozen=True, kw_only=True):
    """Rows under columns; `total` is a closing row for people, not part of the data.

    `notes` are those of the report that the table is part of: its coverage.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    total: tuple[Cell, ...] | None = None
    note: str = ""
    notes: tuple[str, ...] = ()

    def summary_columns(self) -> "Table":
        """Return the table without detail columns."""
        kept = [i for i, column in enumerate(self.columns) if not column.is_detail]
        if len(kept) == len(self.columns):
            return self
        picked = itemgetter(*kept) if len(kept) > 1 else lambda row: (row[kept[0]],)
        rows = self.rows
        return Table(
            name=self.name,
            title=self.title,
            columns=tuple(self.columns[i] for i in kept),
            rows=rows.map(picked) if isinstance(rows, LazyRows) else list(map(picked, rows)),
            total=None if self.total is None else tuple(self.total[i] for i in kept),
            note=self.note,
            notes=self.notes,
        )


Shape = Literal[
    "bars",  # stacked, on their side: for names, which are long
    "columns",  # stacked, upright: for the steps of a scale
    "lines",  # over time: the first column is a moment
    "steps",  # a share that falls: the first column is a number, and a value holds until the next
]


class Chart(Struct, frozen=True, kw_only=True):
    """Chart of `table`: labels in its first column, one part of a bar or one line a column.

    `summary` describes the chart in words, for readers who cannot see it. A number that is None is
    unknown and not drawn. `unit` and `part` name what is counted, and by what.
    """

    name: str
    title: str
    summary: str
    table: Table
    unit: str
    part: str = "severity"
    shape: Shape = "bars"

    @property
    def has_data(self) -> bool:
        """Whether anything would be drawn: a line needs a number, a bar one that is not zero."""
        is_seen = bool if self.shape in ("bars", "columns") else _is_known
        return any(is_seen(cell) for row in self.table.rows for cell in row[1:])


def _is_known(cell: Cell) -> bool:
    return cell is not None


class Metric(Struct, frozen=True, kw_only=True):
    """Key number of a report; `is_actionable` if a number above zero needs action."""

    name: str
    title: str
    value: Cell
    kind: Kind = "integer"
    is_actionable: bool = False


class Report(Struct, frozen=True, kw_only=True):
    """Content of one report; `remarks` are its own notes, beside those of its coverage."""

    name: str
    title: str
    coverage: Coverage
    remarks: tuple[str, ...] = ()
    tables: tuple[Table, ...]
    figures: tuple[Metric, ...] = ()
    charts: tuple[Chart, ...] = ()

    @property
    def as_of(self) -> datetime:
        """Time of the data; of several sources, the earliest."""
        return self.coverage.as_of

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the sentences about coverage, then the remarks."""
        from patchfleet.report.coverage import sentences

        return (*sentences(self.coverage), *self.remarks)

    @property
    def drawn(self) -> tuple[Chart, ...]:
        """Charts that have something to draw; the summaries describe the others."""
        return tuple(chart for chart in self.charts if chart.has_data)

    @property
    def names(self) -> str:
        """Return the names of the tables, for a sentence."""
        return ", ".join(table.name for table in self.tables)

    def table(self, name: str) -> Table:
        """Return one table; raises ConfigError that lists the tables."""
        for table in self.tables:
            if table.name == name:
                return replace(table, notes=self.notes)
        raise ConfigError(
            f"the report {self.name!r} has no table {name!r}", hint=f"choose one of {self.names}"
        )


def tabulate(
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Struct],
    *,
    total: tuple[Cell, ...] | None = None,
    note: str = "",
) -> Table:
    """Make a table of rows: one cell for each column, the field named by its `key`.

    Lazy rows are read when a format comes to them: a page reads what it shows, a workbook all, and
    neither keeps them. Raises AttributeError for a column whose field the rows do not have.
    """
    keys = [column.attribute for column in columns]
    read = attrgetter(*keys)
    cells_of = read if len(keys) > 1 else lambda row: (read(row),)
    cells = rows.map(cells_of) if isinstance(rows, LazyRows) else [cells_of(row) for row in rows]
    return Table(name=name, title=title, columns=tuple(columns), rows=cells, total=total, note=note)


def total_of(
    columns: Sequence[Column],
    rows: Sequence[Struct],
    *,
    instead: Mapping[str, Cell] = MappingProxyType({}),
) -> tuple[Cell, ...]:
    """Add up the integer columns of `rows`; the first column is `Total`, others are None.

    `instead` holds the closing cells, by key, of columns that do not add up, such as a share.
    """

    def closing(column: Column) -> Cell:
        if column.key in instead:
            return instead[column.key]
        if column.kind != "integer":
            return None
        total: int = sum(getattr(row, column.key) for row in rows)
        return total

    return ("Total", *map(closing, columns[1:]))


__getattr__ = renamed(__name__)
