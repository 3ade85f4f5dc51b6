"""Tables as text for a terminal, a file or a pipe.

Invariant: nothing is cut: a terminal folds long cells, elsewhere lines are as long as needed
(tests/report/test_text_json_csv.py). Colour is never the only sign.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from patchfleet.report.document import Cell, Column, Kind, Metric, Report, Table
from patchfleet.report.wording import NUMERIC, cell_text, moment, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

_NOTHING = "-"
_GAP = "  "
_LEAST = 24
"""Least width, in characters, of a column with long text."""

_STYLES: dict[Cell, str] = {
    "critical": "bold red",
    "failed": "bold red",
    "important": "yellow",
    "reboot_required": "yellow",
}
"""Emphasis only: the word itself is always shown."""

_Line: TypeAlias = tuple[str, str]
"""Text and its style."""


def write_text(what: Report | Table, console: "Console") -> None:
    """Write a report or one table to `console`, without the columns that are detail.

    On a terminal wide cells are folded; elsewhere a row is a line, ready for grep.
    """
    for part in _parts(what):
        if isinstance(part, Table):
            if console.is_terminal:
                console.print(_grid(part))
            else:
                console.out("\n".join(_aligned(part)), highlight=False)
        else:
            text, style = part
            # A title may hold [brackets] or :colons:, which are not markup.
            console.print(
                text, style=style, markup=False, emoji=False, highlight=False, soft_wrap=True
            )


def _parts(what: Report | Table) -> Iterator[Table | _Line]:
    if isinstance(what, Table):
        yield from _titled(what)
        yield from _noted(what.notes)
        return
    yield f"{printable(what.title)}, as of {moment(what.as_of)}", "bold"
    if what.figures:
        yield "", ""
        width = max(len(figure.title) for figure in what.figures)
        yield from ((_figure(figure, width), "") for figure in what.figures)
    for table in what.tables:
        yield "", ""
        yield from _titled(table)
    yield from _noted(what.notes)


def _noted(notes: Sequence[str]) -> Iterator[_Line]:
    if notes:
        yield "", ""
    for note in notes:
        yield f"* {printable(note)}", ""


def _titled(table: Table) -> Iterator[Table | _Line]:
    yield printable(table.title), "bold"
    if len(table.rows):
        yield table.summary_columns()
    else:
        yield "nothing", ""
    if table.note:
        yield printable(table.note), "dim"


def _figure(figure: Metric, width: int) -> str:
    return f"{figure.title:<{width}}{_GAP}{cell_text(figure.value, figure.kind) or _NOTHING:>7}"


def _aligned(table: Table) -> Iterator[str]:
    """Align a table in columns as wide as their content."""
    from rich.cells import cell_len

    kinds: list[Kind] = [column.kind for column in table.columns]
    heading = [column.heading for column in table.columns]
    rows = [[text or _NOTHING for text in _texts(row, kinds)] for row in table.rows]
    total = _texts(table.total, kinds) if table.total else []
    widths = [max(map(cell_len, column)) for column in zip(heading, *rows, strict=True)]
    if total:
        widths = [max(width, cell_len(text)) for width, text in zip(widths, total, strict=True)]

    def line(texts: list[str]) -> str:
        padded = [
            " " * (width - cell_len(text)) + text
            if kind in NUMERIC
            else text + " " * (width - cell_len(text))
            for text, width, kind in zip(texts, widths, kinds, strict=True)
        ]
        return _GAP.join(padded).rstrip()

    rule = "-" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    yield line(heading)
    yield rule
    yield from map(line, rows)
    if total:
        yield rule
        yield line(total)


def _texts(row: Sequence[Cell], kinds: Sequence[Kind]) -> list[str]:
    return [cell_text(value, kind) for value, kind in zip(row, kinds, strict=True)]


def _grid(table: Table) -> "RichTable":
    """Lay out a table so that a terminal can fold it."""
    from rich import box
    from rich.table import Table as RichTable

    grid = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    grid.show_footer = table.total is not None
    footers = table.total or (None,) * len(table.columns)
    for column, footer in zip(table.columns, footers, strict=True):
        grid.add_column(
            column.heading,
            footer=cell_text(footer, column.kind),
            footer_style="bold",
            justify="right" if column.kind in NUMERIC else "left",
            overflow="fold",
            min_width=_LEAST if (column.width or 0) > _LEAST else None,
        )
    for row in table.rows:
        grid.add_row(*map(_cell, row, table.columns))
    return grid


def _cell(value: Cell, column: Column) -> "Text":
    from rich.text import Text

    style = _STYLES.get(value, "") if column.kind in {"state", "severity"} else ""
    return Text(cell_text(value, column.kind) or _NOTHING, style=style)
