"""A report as one page that opens from disk and uses no network.

Everything is inside the page and its content security policy forbids the rest. Foreign text is
escaped in the page and in its data (tests/report/test_html.py). A long table is cut, since a
browser would become slow; the page states the number of rows.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from patchfleet.models import SEVERITIES
from patchfleet.report.charts.palette import SEVERITY_COLOURS, SEVERITY_COLOURS_IN_THE_DARK
from patchfleet.report.document import Cell, Chart, Column, Metric, Report, Table
from patchfleet.report.formats.vega import vega_lite
from patchfleet.report.wording import NUMERIC, cell_text, moment, printable

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

ROWS_A_TABLE = 2_000
"""Lines of a table that a page still filters and sorts at once, also on a telephone."""

ROWS_ON_PAPER = 200
"""Lines of a table that are printed; more is for the screen and the workbook."""

_SHORT, _LONG = 12, 40
"""Columns that wish for so few characters stay on one line; for more, they get the room left."""

_RANKS: dict[str, str] = {severity: str(rank) for rank, severity in enumerate(SEVERITIES)}


class PageCell(Struct, frozen=True):
    """One cell: text, alignment, style class, sort key and link."""

    text: str
    setting: str = ""
    word: str = ""
    key: str | None = None
    link: str = ""


class PageTable(Struct, frozen=True):
    """One table of the page: the first `rows` of `count`."""

    table: Table
    rows: list[list[PageCell]]
    total: list[PageCell]
    numeric: list[bool]
    count: int


def to_html(what: Report | Table, *, rows_a_table: int = ROWS_A_TABLE) -> str:
    """Format a report or one table as one self-contained page.

    Each table shows its first `rows_a_table` rows, and how many there are.
    """
    if isinstance(what, Table):
        return _page(what.title, (what,), rows_a_table, notes=what.notes)
    return _page(
        what.title,
        what.tables,
        rows_a_table,
        as_of=moment(what.as_of),
        figures=what.figures,
        notes=what.notes,
        charts=what.drawn,
    )


def _page(
    title: str,
    tables: Sequence[Table],
    limit: int,
    *,
    as_of: str = "",
    figures: Sequence[Metric] = (),
    notes: Sequence[str] = (),
    charts: Sequence[Chart] = (),
) -> str:
    scripts = [*([_chart_library()] if charts else []), _own("page.js")]
    return _template().render(
        title=title,
        as_of=as_of,
        figures=[_figure(figure) for figure in figures],
        notes=notes,
        charts=[(chart, _page_table(chart.table, len(chart.table.rows))) for chart in charts],
        specs=_inside_script(charts),
        tables=[_page_table(table, limit) for table in tables],
        has_more_columns=any(column.is_detail for table in tables for column in table.columns),
        rows_on_paper=ROWS_ON_PAPER,
        style=_markup(_colours() + _own("page.css")),
        scripts=[_markup(script) for script in scripts],
        hashes=_markup(" ".join(_source_hash(script) for script in scripts)),
    )


def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("patchfleet.report.formats", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(printable=printable)
    return environment.get_template("page.html")


def _page_table(table: Table, limit: int) -> PageTable:
    """Take the summary columns of the first rows; the others are not read."""
    shown = replace(table, rows=table.rows[:limit]).summary_columns()
    total = shown.total or ()
    return PageTable(
        table=shown,
        rows=[_cells(row, shown.columns) for row in shown.rows],
        total=_cells(total, shown.columns) if total else [],
        numeric=[column.kind in NUMERIC for column in shown.columns],
        count=len(table.rows),
    )


def _cells(row: Sequence[Cell], columns: Sequence[Column]) -> list[PageCell]:
    return [_cell(value, column) for value, column in zip(row, columns, strict=True)]


def _cell(value: Cell, column: Column) -> PageCell:
    text = cell_text(value, column.kind)
    if column.kind in NUMERIC:
        is_work = column.is_actionable and value is not None
        weight = ("work" if value else "idle") if is_work else ""
        return PageCell(
            text, f"number {weight}".rstrip(), key=None if value is None else str(value)
        )
    if column.kind == "file" and isinstance(value, str):
        return PageCell(column.title, "line", link=quote(value))
    if column.kind in {"severity", "state"} and isinstance(value, str):
        # The value is one of our own words; as a class it is at worst unknown to the style sheet.
        return PageCell(text, "line", f"{column.kind} {value}", _RANKS.get(value))
    if column.kind == "flag":
        is_work = value is not None and value is column.is_actionable
        return PageCell(text, "line", "flag work" if is_work else "flag")
    if column.kind in {"date", "moment"}:
        return PageCell(text, "line")
    return PageCell(text, _text_setting(column))


def _text_setting(column: Column) -> str:
    """Keep short text on one line, and give long text the remaining width."""
    if column.width is None:
        return "text"
    return "line" if column.width <= _SHORT else "wide" if column.width > _LONG else "text"


def _figure(figure: Metric) -> dict[str, object]:
    is_work = figure.is_actionable and bool(figure.value)
    return {
        "title": figure.title,
        "text": cell_text(figure.value, figure.kind) or "unknown",
        "is_work": is_work,
    }


def _colours() -> str:
    """Declare the colours of severities for light and dark mode."""
    by_day, by_night = (
        "".join(f"--{name}:{colour};" for name, colour in colours.items())
        for colours in (SEVERITY_COLOURS, SEVERITY_COLOURS_IN_THE_DARK)
    )
    dark = "@media screen and (prefers-color-scheme: dark)"
    return f":root{{{by_day}}}{dark}{{:root{{{by_night}}}}}\n"


def _inside_script(charts: Sequence[Chart]) -> "Markup":
    """Format the specifications as JSON that cannot end its script element."""
    text = msgspec.json.encode({chart.name: vega_lite(chart) for chart in charts}).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _markup(text)


def _markup(text: str) -> "Markup":
    """Mark our own text as safe, not to be escaped."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own files, and JSON made safe above


def _source_hash(script: str) -> str:
    """Name a script in a content security policy (CSP level 2, hash-source)."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _own(name: str) -> str:
    return (files("patchfleet.report.formats") / "page" / name).read_text(encoding="utf-8")


@cache
def _chart_library() -> str:
    """Bundle Vega, Vega-Lite and Vega-Embed (BSD-3-Clause) as one script, one name outside it."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.drawChart = vegaEmbed;")
    return f"(() => {{{bundle}\n}})();"
