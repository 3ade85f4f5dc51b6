"""Tables for a terminal, or for a file that somebody reads as text.

Law of this file: what is printed can be read without colour, and is never cut: a terminal folds
what does not fit, anything else gets lines as long as they need to be.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from patchfleet.report.spelling import NUMERIC, moment, printable, spelled
from patchfleet.report.table import Cell, Column, Report, Table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table as RichTable
    from rich.text import Text

_NOTHING = "-"
_NO_LIMIT = 1_000_000

_STYLES = {
    "critical": "bold red",
    "failed": "bold red",
    "important": "yellow",
    "reboot_required": "yellow",
}
"""Emphasis only: the word itself always stands there."""


def write_text(what: Report | Table, console: "Console") -> None:
    """Write a report or one table to `console`.

    Columns that are detail are left out. Where `console` is no terminal nothing is folded.
    """
    width = console.width
    for part in _parts(what):
        if not console.is_terminal:
            room = console.options.update(width=_NO_LIMIT)
            console.width = max(console.measure(part, options=room).maximum, 1)
        console.print(part)
    console.width = width


def _parts(what: Report | Table) -> Iterator["RenderableType"]:
    from rich.text import Text

    if isinstance(what, Table):
        yield from _titled(what)
        return
    yield Text(f"{printable(what.title)}, as of {moment(what.as_of)}", style="bold")
    if what.figures:
        yield Text()
        yield _figures(what)
    for table in what.tables:
        yield Text()
        yield from _titled(table)
    if what.notes:
        yield Text()
    for note in what.notes:
        yield Text(f"* {printable(note)}")


def _titled(table: Table) -> Iterator["RenderableType"]:
    from rich.text import Text

    yield Text(printable(table.title), style="bold")
    if table.rows:
        yield _grid(table.at_a_glance())
    else:
        yield Text("nothing")
    if table.note:
        yield Text(printable(table.note), style="dim")


def _figures(report: Report) -> "RichTable":
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(justify="right")
    for figure in report.figures:
        value = spelled(figure.value, figure.kind) or _NOTHING
        grid.add_row(Text(figure.title), Text(value, style="bold"))
    return grid


def _grid(table: Table) -> "RichTable":
    from rich import box
    from rich.table import Table as RichTable

    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    grid.show_footer = table.total is not None
    footers = table.total or (None,) * len(table.columns)
    for column, footer in zip(table.columns, footers, strict=True):
        grid.add_column(
            column.heading,
            footer=spelled(footer, column.kind),
            footer_style="bold",
            justify="right" if column.kind in NUMERIC else "left",
            overflow="fold",
        )
    for row in table.rows:
        grid.add_row(*map(_cell, row, table.columns))
    return grid


def _cell(value: Cell, column: Column) -> "Text":
    from rich.text import Text

    style = _STYLES.get(value, "") if isinstance(value, str) else ""
    if column.kind not in {"state", "severity"}:
        style = ""
    return Text(spelled(value, column.kind) or _NOTHING, style=style)
