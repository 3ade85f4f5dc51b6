"""A report as Markdown in GitHub's dialect, for a ticket, a wiki or a message.

Invariant: foreign text makes no markup, no HTML and no further cell
(tests/report/test_markdown.py). An address in it may become a link, which shows its target.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from patchfleet.report.document import Cell, Column, Metric, Report, Table
from patchfleet.report.wording import NUMERIC, cell_text, moment, printable

_MARKUP = re.compile(r"[\\`*_~|<>\[\]#$]")
"""What begins something in the middle of a line (GFM 0.29: 6, 4.10; `$`: mathematics)."""

_AT_THE_START = re.compile(r"^(\d*)([-+=.)])")
"""What begins a list or a rule at the start of a line: `-`, `1.`"""


def to_markdown(what: Report | Table) -> str:
    """Format a report or one table as Markdown, ending with a newline.

    It has the summary columns of tables, and the summary sentence of charts.
    """
    return "".join(iter_markdown(what))


def iter_markdown(what: Report | Table) -> Iterator[str]:
    """Yield the text of `to_markdown` line by line."""
    blocks = _of_report(what) if isinstance(what, Report) else _alone(what)
    for place, block in enumerate(blocks):
        if place:
            yield "\n"
        for line in block:
            yield f"{line}\n"


def _of_report(report: Report) -> Iterator[Iterable[str]]:
    yield [f"# {_text(report.title)}"]
    yield [f"As of {moment(report.as_of)}"]
    if report.figures:
        yield _figures(report.figures)
    if report.notes:
        yield [f"- {_line(note)}" for note in report.notes]
    if report.charts:
        yield [f"- **{_text(one.title)}:** {_text(one.summary)}" for one in report.charts]
    for table in report.tables:
        yield from _of_table(table, "##")
    if any(column.is_detail for table in report.tables for column in table.columns):
        yield ["The workbook (.xlsx) of this report has further columns of these tables."]


def _alone(table: Table) -> Iterator[Iterable[str]]:
    yield from _of_table(table, "#")
    if table.notes:
        yield [f"- {_line(note)}" for note in table.notes]


def _of_table(table: Table, level: str) -> Iterator[Iterable[str]]:
    yield [f"{level} {_text(table.title)}"]
    if table.note:
        yield [_line(table.note)]
    yield _grid(table.summary_columns()) if len(table.rows) else ["Nothing."]


def _figures(figures: Sequence[Metric]) -> Iterable[str]:
    values = [cell_text(figure.value, figure.kind) or "unknown" for figure in figures]
    heading = _row(_text(figure.title) for figure in figures)
    return heading, _row("---:" for _ in figures), _row(map(_text, values))


def _grid(table: Table) -> Iterator[str]:
    yield _row(_text(column.heading) for column in table.columns)
    yield _row("---:" if column.kind in NUMERIC else "---" for column in table.columns)
    for row in table.rows:
        yield _row(map(_cell, row, table.columns))
    if table.total is not None:
        closing = map(_cell, table.total, table.columns)
        yield _row(f"**{text}**" if text else "" for text in closing)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Cell, column: Column) -> str:
    if column.kind == "file" and isinstance(value, str):
        return f"[{_text(column.title)}]({quote(value)})"
    return _text(cell_text(value, column.kind))


def _line(text: str) -> str:
    """Escape text that begins a line."""
    return _AT_THE_START.sub(r"\1\\\2", _text(text))


def _text(text: str) -> str:
    """Escape markup with a backslash, and entities with an entity."""
    return _MARKUP.sub(r"\\\g<0>", printable(text)).replace("&", "&amp;").strip()
