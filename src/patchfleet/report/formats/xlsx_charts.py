"""Charts of a workbook, drawn by the spreadsheet from cells of a sheet that users can see."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from patchfleet.report.charts.palette import SEVERITY_COLOURS
from patchfleet.report.document import Cell, Chart, Shape
from patchfleet.report.wording import printable

CHART_DATA = "Chart data"

_WIDTH_PIXELS, _GAP_PIXELS, _ROW_PIXELS = 560, 20, 20
_UPRIGHT_PIXELS = 320

_KINDS: dict[Shape, dict[str, str]] = {
    "bars": {"type": "bar", "subtype": "stacked"},
    "columns": {"type": "column", "subtype": "stacked"},
    "lines": {"type": "line"},
    # A spreadsheet has no steps: points joined by straight lines, two for each step.
    "steps": {"type": "scatter", "subtype": "straight"},
}


def write_chart_data(book: Any, charts: Iterable[Chart]) -> None:
    """Write the numbers of the charts, one block under the other."""
    charts = tuple(charts)
    if not charts:
        return
    sheet = book.add_worksheet(CHART_DATA)
    sheet.set_column(0, 0, 48)
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    share = book.add_format({"num_format": "0.0%"})
    for chart, top in zip(charts, _tops(charts), strict=True):
        sheet.write_string(top, 0, printable(chart.title), bold)
        for place, column in enumerate(chart.table.columns):
            sheet.write_string(top + 1, place, column.title, bold)
        styles = [share if c.kind == "percent" else None for c in chart.table.columns]
        for number, (label, *parts) in enumerate(_rows(chart), start=top + 2):
            _write_label(sheet, number, label, day)
            for place, part in enumerate(parts, start=1):
                if part is not None:
                    sheet.write_number(number, place, part, styles[place])


def insert_charts(book: Any, sheet: Any, row: int, charts: Sequence[Chart]) -> None:
    """Put the charts on a sheet from `row` on, two in a row."""
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


def _rows(chart: Chart) -> list[tuple[Cell, ...]]:
    return list(_steps(chart.table.rows)) if chart.shape == "steps" else list(chart.table.rows)


def _steps(rows: Iterable[tuple[Cell, ...]]) -> Iterator[tuple[Cell, ...]]:
    """Put a point at the end of each step, before the fall to the next."""
    before: tuple[Cell, ...] = ()
    for row in rows:
        if before:
            # A line that has ended takes no further step.
            held = (
                None if now is None else last for last, now in zip(before[1:], row[1:], strict=True)
            )
            yield (row[0], *held)
        yield row
        before = row


def _write_label(sheet: Any, row: int, label: Cell, day: Any) -> None:
    if isinstance(label, datetime):
        sheet.write_datetime(row, 0, label.astimezone(UTC).replace(tzinfo=None), day)
    elif isinstance(label, int | float):
        sheet.write_number(row, 0, label)
    else:
        sheet.write_string(row, 0, str(label))


def _tops(charts: Iterable[Chart]) -> list[int]:
    """Find the first line of each chart's block: a title, a heading, its rows, an empty line."""
    tops, top = [], 0
    for chart in charts:
        tops.append(top)
        top += len(_rows(chart)) + 3
    return tops


def _height(chart: Chart) -> int:
    return 140 + 34 * len(chart.table.rows) if chart.shape == "bars" else _UPRIGHT_PIXELS


def _draw(book: Any, chart: Chart, top: int) -> Any:
    drawn = book.add_chart(_KINDS[chart.shape])
    first, last = top + 2, max(top + 1 + len(_rows(chart)), top + 2)
    for place, column in enumerate(chart.table.columns[1:], start=1):
        colour = {"color": SEVERITY_COLOURS.get(column.key, "#1a5f7a")}
        look = (
            {"fill": colour, "gap": 40}
            if chart.shape in {"bars", "columns"}
            else {"line": {**colour, "width": 2}, "marker": {"type": "none"}}
        )
        drawn.add_series(
            {
                "name": [CHART_DATA, top + 1, place],
                "categories": [CHART_DATA, first, 0, last, 0],
                "values": [CHART_DATA, first, place, last, place],
                **look,
            }
        )
    drawn.set_title({"name": printable(chart.title), "name_font": {"size": 12}, "overlay": False})
    drawn.set_legend({"position": "bottom"})
    drawn.show_blanks_as("span")
    _set_axes(drawn, chart)
    return drawn


def _set_axes(drawn: Any, chart: Chart) -> None:
    is_share = any(column.kind == "percent" for column in chart.table.columns)
    amounts: dict[str, Any] = {
        "num_format": "0%" if is_share else "#,##0",
        "name": chart.unit,
        "name_font": {"bold": False},
        "major_gridlines": {"visible": True, "line": {"color": "#dfe3e7"}},
        "min": 0,
        **({"max": 1} if is_share else {}),
    }
    labels: dict[str, Any] = {"name": chart.table.columns[0].title, "name_font": {"bold": False}}
    if chart.shape == "bars":
        # The first label belongs on top; a sheet would begin at the bottom.
        drawn.set_y_axis({"reverse": True, "interval_unit": 1})
        drawn.set_x_axis({**amounts, "label_position": "high"})
        return
    if chart.shape == "lines":
        labels |= {"date_axis": True, "num_format": "yyyy-mm-dd", **_day_steps(chart)}
    if chart.shape == "steps":
        labels |= {"num_format": "0", "min": 0}
    drawn.set_x_axis(labels)
    drawn.set_y_axis(amounts)


def _day_steps(chart: Chart) -> dict[str, object]:
    """Name at most about six days, whatever the time that is shown."""
    days = [row[0] for row in chart.table.rows if isinstance(row[0], datetime)]
    span = (max(days) - min(days)).days if days else 0
    return {"major_unit": max(span // 6, 1), "major_unit_type": "days"}
