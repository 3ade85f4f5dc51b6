"""First sheet of a workbook: notes, figures, contents and charts.

Notes come first: gaps in the coverage are shown before any number.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from patchfleet.report.document import Metric, Report, Table
from patchfleet.report.formats.xlsx_charts import insert_charts
from patchfleet.report.wording import cell_text, moment, plural, printable

_CHARS_A_LINE = 130
_LAST_COLUMN = 7


def write_summary(book: Any, report: Report, contents: Sequence[tuple[str, Table, int]]) -> None:
    """Write the summary sheet; `contents` is the name, table and number of rows of each sheet."""
    sheet = book.add_worksheet("Summary")
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, _LAST_COLUMN, 18)
    title = book.add_format({"bold": True, "font_size": 18})
    sheet.write_string(0, 0, printable(report.title), title)
    sheet.write_string(1, 0, f"As of {moment(report.as_of)}")
    row = _write_figures(book, sheet, 3, report.figures)
    row = _write_notes(book, sheet, row + 1, report.notes)
    row = _write_contents(book, sheet, row + 1, contents)
    insert_charts(book, sheet, row + 1, report.drawn)


def write_notes(book: Any, table: Table) -> None:
    """Write the notes of a report on a sheet beside its one table."""
    sheet = book.add_worksheet("Notes")
    sheet.hide_gridlines(2)
    sheet.set_column(0, _LAST_COLUMN, 18)
    sheet.write_string(0, 0, printable(table.title), book.add_format({"bold": True}))
    _write_notes(book, sheet, 2, table.notes)


def _write_figures(book: Any, sheet: Any, row: int, figures: Iterable[Metric]) -> int:
    formats = {
        kind: book.add_format({"bold": True, "num_format": text, "align": "left"})
        for kind, text in (("integer", "#,##0"), ("percent", "[=1]0%;0.0%"), ("number", "#,##0.0"))
    }
    for figure in figures:
        sheet.write_string(row, 0, figure.title)
        if isinstance(figure.value, int | float):
            sheet.write_number(row, 1, figure.value, formats.get(figure.kind))
        else:
            sheet.write_string(row, 1, cell_text(figure.value, figure.kind) or "-")
        row += 1
    return row


def _write_notes(book: Any, sheet: Any, row: int, notes: Iterable[str]) -> int:
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for note in notes:
        lines = 1 + len(note) // _CHARS_A_LINE
        sheet.set_row(row, 15 * lines)
        sheet.merge_range(row, 0, row, _LAST_COLUMN, "", wrapped)
        sheet.write_string(row, 0, printable(note), wrapped)
        row += 1
    return row


def _write_contents(
    book: Any, sheet: Any, row: int, contents: Iterable[tuple[str, Table, int]]
) -> int:
    link = book.add_format({"font_color": "#1a5f7a", "underline": 1})
    for name, table, rows in contents:
        sheet.write_url(row, 0, f"internal:'{name}'!A1", link, name)
        words = f"{printable(table.title)}: {plural(rows, 'row')}"
        if rows != len(table.rows):
            words += f" of {len(table.rows):,}; a sheet holds no more"
        sheet.write_string(row, 1, f"{words}. {printable(table.note)}".rstrip())
        row += 1
    return row
