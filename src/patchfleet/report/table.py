"""What a report is made of: tables, charts, figures and notes, as plain values.

Law of this file: data only. Nothing here knows how a page, a sheet or a terminal looks, and a
column is shown because it is listed, never because a row happened to carry it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Literal, TypeAlias

from msgspec import Struct

from patchfleet.errors import ConfigError

Kind = Literal[
    "text",
    "list",  # several texts
    "flag",  # yes or no
    "integer",
    "number",
    "percent",  # a share of one: 0.5 is 50 %
    "date",  # a moment of which only the day matters to people
    "moment",
    "state",
    "severity",
]

Cell: TypeAlias = str | int | float | bool | datetime | tuple[str, ...] | None
"""What stands in one place of a table; times are aware UTC."""


class Column(Struct, frozen=True):
    """One column: `key` for programs, `title` for people.

    `is_detail` keeps it out of what is read at a glance (terminal, page) and in what is worked with
    (spreadsheet, CSV, JSON). `width` is a wish in characters.
    `needs_somebody` is the flag that is work, where one is.
    """

    key: str
    title: str
    kind: Kind = "text"
    width: int | None = None
    is_detail: bool = False
    needs_somebody: bool | None = None

    @property
    def heading(self) -> str:
        """Say the title, with the zone where a time of day is shown."""
        return f"{self.title} (UTC)" if self.kind == "moment" else self.title


class Table(Struct, frozen=True, kw_only=True):
    """Rows under columns; `total` is a closing row for people, and no row of the data."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    total: tuple[Cell, ...] | None = None
    note: str = ""

    def at_a_glance(self) -> "Table":
        """Leave out the columns that are detail."""
        kept = [i for i, column in enumerate(self.columns) if not column.is_detail]
        if len(kept) == len(self.columns):
            return self
        return Table(
            name=self.name,
            title=self.title,
            columns=tuple(self.columns[i] for i in kept),
            rows=[tuple(row[i] for i in kept) for row in self.rows],
            total=None if self.total is None else tuple(self.total[i] for i in kept),
            note=self.note,
        )


class Chart(Struct, frozen=True, kw_only=True):
    """Stacked bars: `table` has a first column of labels, and one integer column a part of the bar.

    `summary` says in words what the eye sees, for who cannot see it. Bars lie on their side where
    labels are long, and stand where they are steps of a scale (`is_upright`).
    """

    name: str
    title: str
    summary: str
    table: Table
    unit: str
    is_upright: bool = False


class Figure(Struct, frozen=True, kw_only=True):
    """One number that matters; `needs_somebody` says that a number above zero is work."""

    name: str
    title: str
    value: Cell
    kind: Kind = "integer"
    needs_somebody: bool = False


class Report(Struct, frozen=True, kw_only=True):
    """Everything one report says; `notes` say what it covers, and above all what it does not."""

    name: str
    title: str
    as_of: datetime
    notes: tuple[str, ...]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()

    @property
    def names(self) -> str:
        """List the names of the tables, for a sentence."""
        return ", ".join(table.name for table in self.tables)

    def table(self, name: str) -> Table:
        """Pick one table; raises ConfigError naming those there are."""
        for table in self.tables:
            if table.name == name:
                return table
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
    """Make a table of rows, reading the field `key` of each row for each column.

    Raises AttributeError for a column whose field the rows do not have.
    """
    keys = [column.key for column in columns]
    read = attrgetter(*keys)
    cells = [read(row) for row in rows] if len(keys) > 1 else [(read(row),) for row in rows]
    return Table(name=name, title=title, columns=tuple(columns), rows=cells, total=total, note=note)


def total_of(
    columns: Sequence[Column],
    rows: Sequence[Struct],
    *,
    instead: Mapping[str, Cell] = MappingProxyType({}),
) -> tuple[Cell, ...]:
    """Add up the integer columns of `rows`; the first column says Total, others nothing.

    `instead` holds the closing cells, by key, of columns that do not add up: a share, an oldest.
    """

    def closing(column: Column) -> Cell:
        if column.key in instead:
            return instead[column.key]
        if column.kind != "integer":
            return None
        total: int = sum(getattr(row, column.key) for row in rows)
        return total

    return ("Total", *map(closing, columns[1:]))
