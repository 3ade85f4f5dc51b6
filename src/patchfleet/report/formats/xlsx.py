"""A report as a workbook: a summary with charts, then one sheet a table.

Invariants (tests/report/test_xlsx.py): every row is written with its type, foreign text makes no
formula and no link, and the same report gives the same bytes. Rows are written once and not kept,
so that memory does not grow with them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings

from msgspec import Struct

from patchfleet.report.charts.palette import MUCH, MUCH_WORK, TINTS
from patchfleet.report.document import Cell, Column, Kind, Report, Table
from patchfleet.report.formats.xlsx_cells import cell_writer
from patchfleet.report.formats.xlsx_charts import write_chart_data
from patchfleet.report.formats.xlsx_summary import write_notes, write_summary
from patchfleet.report.wording import NUMERIC, cell_text, printable, word_text

ROWS_A_SHEET = 1_048_574
"""Excel's 1,048,576 lines a sheet, less the heading and a closing total."""

_NUMBER_FORMATS: dict[Kind, str] = {
    "integer": "#,##0",
    "number": "#,##0.0",
    "percent": "[=1]0%;0.0%",  # 99.96 % is not all: "100.0%" is not "100%"
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
_WIDTHS: dict[Kind, int] = {"date": 11, "moment": 17, "flag": 8, "integer": 9, "percent": 9}
_WIDEST = 64
_ROWS_TO_FIT = 200
_HEADING_POINTS = 32  # two lines

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}

_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Creation time of a workbook of one table, which has no time; the clock is not read."""


class Sheet(Struct, frozen=True):
    """Planned sheet: its name, table, number of rows, and whether it is the table's last."""

    name: str
    table: Table
    count: int
    is_last: bool


def write_xlsx(what: Report | Table, path: Path, *, rows_a_sheet: int = ROWS_A_SHEET) -> None:
    """Write a report or one table as a workbook to `path`.

    A table longer than `rows_a_sheet` continues in a further sheet, "Findings (2)", which the
    summary lists. Text too long for a cell ends in a mark. Raises OSError if it cannot be written.
    """
    import xlsxwriter  # type: ignore[import-untyped]
    from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

    tables = what.tables if isinstance(what, Report) else (what,)
    sheets = list(_sheets(tables, rows_a_sheet))
    # XlsxWriter leaves its working files behind when it fails; this folder takes them with it.
    with TemporaryDirectory(prefix="patchfleet-", ignore_cleanup_errors=True) as folder:
        try:
            book = xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": folder})
            try:
                _fill(book, what, sheets)
            except BaseException:
                with catch_warnings(action="ignore"):  # half a workbook has charts of no sheet
                    book.close()
                raise
            book.close()
        except FileCreateError as error:
            raise OSError(*error.args[0].args) from error


def _fill(book: Any, what: Report | Table, sheets: Sequence[Sheet]) -> None:
    book.set_properties(_properties(what))
    if isinstance(what, Report):
        contents = [(sheet.name, sheet.table, sheet.count) for sheet in sheets]
        write_summary(book, what, contents)
    formats = _Formats(book)
    rows: Iterator[tuple[Cell, ...]] = iter(())
    is_next = True
    for sheet in sheets:
        if is_next:
            rows = iter(sheet.table.rows)  # once, however many sheets they fill
        _write_sheet(book.add_worksheet(sheet.name), sheet, rows, formats)
        is_next = sheet.is_last
    if isinstance(what, Report):
        write_chart_data(book, what.drawn)
    elif what.notes:
        write_notes(book, what)


def sheet_name(name: str, part: int, taken: set[str]) -> str:
    """Make a sheet name: 31 characters, without those that Excel forbids, and not in `taken`."""
    clean = "".join(" " if character in "[]:*?/\\_" else character for character in printable(name))
    clean = clean.strip("' ").capitalize() or "Sheet"
    for number in count(part):
        suffix = "" if number == 1 else f" ({number})"
        candidate = clean[: 31 - len(suffix)] + suffix
        if candidate.lower() not in taken:
            taken.add(candidate.lower())
            return candidate
    raise AssertionError


class _Formats:
    """The cell formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        heading = {
            "bold": True,
            "bottom": 1,
            "bg_color": "#eef1f4",
            "text_wrap": True,
            "valign": "top",
        }
        self.heading = book.add_format(heading)
        self.number_heading = book.add_format({**heading, "align": "right"})
        self.kinds: dict[Kind, Any] = {
            kind: book.add_format({"num_format": text}) for kind, text in _NUMBER_FORMATS.items()
        }
        self.totals: dict[Kind, Any] = {
            kind: book.add_format({"num_format": text, "bold": True, "top": 1})
            for kind, text in _NUMBER_FORMATS.items()
        }
        self.total = self.totals["text"] = book.add_format({"bold": True, "top": 1})
        self.tints = {
            word_text(word): book.add_format({"bg_color": ground, "font_color": ink})
            for word, (ground, ink) in TINTS.items()
        }


def _sheets(tables: Iterable[Table], rows_a_sheet: int) -> Iterator[Sheet]:
    # Excel reserves the name "History".
    taken = {"summary", "notes", "chart data", "history"}
    for table in tables:
        starts = range(0, max(len(table.rows), 1), rows_a_sheet)
        for part, start in enumerate(starts, start=1):
            count = min(rows_a_sheet, len(table.rows) - start)
            is_last = part == len(starts)
            yield Sheet(sheet_name(table.name, part, taken), table, count, is_last)


def _write_sheet(
    sheet: Any, part: Sheet, rows: Iterator[tuple[Cell, ...]], formats: _Formats
) -> None:
    """Write the next rows of a table; the last part reads them to the end."""
    table = part.table
    last_row, last_column = part.count, len(table.columns) - 1
    first = list(islice(rows, min(part.count, _ROWS_TO_FIT)))
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, _HEADING_POINTS)
    sheet.autofilter(0, 0, last_row, last_column)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, _width(place, column, first))
        style = formats.number_heading if column.kind in NUMERIC else formats.heading
        sheet.write_string(0, place, column.heading, style)
        for rule in _rules(column, formats):
            sheet.conditional_format(1, place, max(last_row, 1), place, rule)
    writers = [cell_writer(sheet, column.kind, formats.kinds) for column in table.columns]
    others = islice(rows, part.count - len(first))
    for number, row in enumerate(chain(first, others), start=1):
        for place, value in enumerate(row):
            if value is not None:
                writers[place](number, place, value)
    if part.is_last:
        next(rows, None)  # lazy rows raise only at their end if they were too many
        if table.total is not None:
            _write_total(sheet, last_row + 1, table, formats)


def _write_total(sheet: Any, row: int, table: Table, formats: _Formats) -> None:
    for place, value in enumerate(table.total or ()):
        if value is None:
            sheet.write_blank(row, place, None, formats.total)
        else:
            cell_writer(sheet, table.columns[place].kind, formats.totals)(row, place, value)


def _rules(column: Column, formats: _Formats) -> Iterator[dict[str, Any]]:
    """Add conditional formats to a column: tints for words, a scale for numbers."""
    if column.kind in {"state", "severity"}:
        for word, style in formats.tints.items():
            yield {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": style}
    elif column.kind == "percent":
        yield {**_SCALE, "max_type": "num", "max_value": 1, "max_color": MUCH}
    elif column.kind in NUMERIC and column.is_actionable:
        yield {**_SCALE, "max_type": "max", "max_color": MUCH_WORK}


_SCALE = {"type": "2_color_scale", "min_type": "num", "min_value": 0, "min_color": "#ffffff"}


def _width(place: int, column: Column, first: Sequence[tuple[Cell, ...]]) -> int:
    """Fit a column to its heading and its first rows."""
    words = [len(word) for word in column.heading.split()]
    least = max(*words, len(column.heading) // 2, 0) + 4  # on two lines, with the filter's arrow
    wish = column.width or _WIDTHS.get(column.kind)
    if wish is None:
        wish = max((len(cell_text(row[place], column.kind)) for row in first), default=0) + 2
    return min(max(wish, least), _WIDEST)


def _properties(what: Report | Table) -> dict[str, object]:
    made_at = what.as_of if isinstance(what, Report) else _NO_TIME
    return {
        "title": printable(what.title),
        "author": "Patchfleet",
        "comments": "Times are UTC.",
        "created": made_at.astimezone(UTC).replace(tzinfo=None),
    }
