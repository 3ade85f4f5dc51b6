"""The first and the last sheet of a workbook: figures, notes, contents, charts and their numbers.

Law of this file: charts are the spreadsheet's own, drawn from cells that anybody can see.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from patchfleet.report.palette import SEVERITY_COLOURS
from patchfleet.report.spelling import counted, moment, printable, spelled
from patchfleet.report.table import Chart, Column, Figure, Report, Table

CHART_DATA = "Chart data"

_WIDTH_PIXELS, _GAP_PIXELS, _ROW_PIXELS = 560, 20, 20
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
    _insert_charts(book, sheet, row + 1, report.charts)


def write_chart_data(book: Any, charts: Iterable[Chart]) -> None:
    """Write the numbers that the charts are drawn from, one block under the other."""
    charts = tuple(charts)
    if not charts:
        return
    sheet = book.add_worksheet(CHART_DATA)
    sheet.set_column(0, 0, 48)
    bold = book.add_format({"bold": True})
    for chart, top in zip(charts, _tops(charts), strict=True):
        sheet.write_string(top, 0, printable(chart.title), bold)
        for place, column in enumerate(chart.table.columns):
            sheet.write_string(top + 1, place, column.title, bold)
        for number, (label, *parts) in enumerate(chart.table.rows, start=top + 2):
            sheet.write_string(number, 0, str(label))
            for place, part in enumerate(parts, start=1):
                sheet.write_number(number, place, part)


def _tops(charts: Iterable[Chart]) -> list[int]:
    """Find the first line of each chart's block: a title, a heading, its rows, an empty line."""
    tops, top = [], 0
    for chart in charts:
        tops.append(top)
        top += len(chart.table.rows) + 3
    return tops


def _write_figures(book: Any, sheet: Any, row: int, figures: Iterable[Figure]) -> int:
    formats = {
        kind: book.add_format({"bold": True, "num_format": text, "align": "left"})
        for kind, text in (("integer", "#,##0"), ("percent", "[=1]0%;0.0%"), ("number", "#,##0.0"))
    }
    for figure in figures:
        sheet.write_string(row, 0, figure.title)
        if isinstance(figure.value, int | float):
            sheet.write_number(row, 1, figure.value, formats.get(figure.kind))
        else:
            sheet.write_string(row, 1, spelled(figure.value, figure.kind) or "-")
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
        words = f"{printable(table.title)}: {counted(rows, 'row')}"
        if rows != len(table.rows):
            words += f" of {len(table.rows):,}; a sheet holds no more"
        sheet.write_string(row, 1, f"{words}. {printable(table.note)}".rstrip())
        row += 1
    return row


def _insert_charts(book: Any, sheet: Any, row: int, charts: Sequence[Chart]) -> None:
    tops = _tops(charts)
    for first in range(0, len(charts), 2):
        pair = range(first, min(first + 2, len(charts)))
        height = max(_height(charts[place]) for place in pair)
        for place in pair:
            drawn = _draw(book, charts[place], tops[place])
            drawn.set_size({"width": _WIDTH_PIXELS, "height": height})
            left = (place - first) * (_WIDTH_PIXELS + _GAP_PIXELS)
            sheet.insert_chart(
                row, 0, drawn, {"x_offset": left, "description": printable(charts[place].summary)}
            )
        row += height // _ROW_PIXELS + 2


def _height(chart: Chart) -> int:
    return 320 if chart.is_upright else 140 + 34 * len(chart.table.rows)


def _draw(book: Any, chart: Chart, top: int) -> Any:
    drawn = book.add_chart({"type": "column" if chart.is_upright else "bar", "subtype": "stacked"})
    first, last = top + 2, max(top + 1 + len(chart.table.rows), top + 2)
    for place, column in enumerate(chart.table.columns[1:], start=1):
        drawn.add_series(
            {
                "name": [CHART_DATA, top + 1, place],
                "categories": [CHART_DATA, first, 0, last, 0],
                "values": [CHART_DATA, first, place, last, place],
                "fill": {"color": _colour(column)},
                "gap": 40,
            }
        )
    drawn.set_title({"name": printable(chart.title), "name_font": {"size": 12}, "overlay": False})
    drawn.set_legend({"position": "bottom"})
    amounts = {
        "num_format": "#,##0",
        "name": chart.unit,
        "name_font": {"bold": False},
        "major_gridlines": {"visible": True, "line": {"color": "#dfe3e7"}},
    }
    labels = {"name": chart.table.columns[0].title, "name_font": {"bold": False}}
    if chart.is_upright:
        drawn.set_x_axis(labels)
        drawn.set_y_axis(amounts)
    else:
        # The first label belongs on top; a sheet would begin at the bottom.
        drawn.set_y_axis({"reverse": True, "interval_unit": 1})
        drawn.set_x_axis({**amounts, "label_position": "high"})
    return drawn


def _colour(column: Column) -> str:
    return SEVERITY_COLOURS.get(column.key, "#1a5f7a")
