"""A report as one JSON object: the same text for the same data.

Values are exact: times are ISO 8601 with `Z`, shares are numbers, unknown is `null`. Totals are
left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from patchfleet.report.document import Report, Table

_INDENT = "  "


def to_json(what: Report | Table) -> str:
    """Format a report or one table as JSON, indented, ending with a newline.

    A report is `{report, title, as_of, coverage, notes, figures: {name: value}, tables: {name:
    [row]}}`, a table `{table, title, note, notes, rows: [row]}`, where `notes` are those of its
    report, and a row `{column: value}`.
    """
    return "".join(iter_json(what))


def iter_json(what: Report | Table) -> Iterator[str]:
    """Yield the text of `to_json` piece by piece, a row at a time."""
    if isinstance(what, Table):
        about = {"table": what.name, "title": what.title, "note": what.note}
        yield _opened({**about, "notes": what.notes} if what.notes else about)
        yield f',\n{_INDENT}"rows": '
        yield from _rows(what, _INDENT)
        yield "\n}\n"
        return
    yield _opened(_heading(what))
    yield f',\n{_INDENT}"tables": {{'
    for place, table in enumerate(what.tables):
        yield f"{',' * bool(place)}\n{_INDENT * 2}{_spelled(table.name)}: "
        yield from _rows(table, _INDENT * 2)
    yield f"\n{_INDENT}}}\n}}\n" if what.tables else "}\n}\n"


def _heading(report: Report) -> dict[str, Any]:
    return {
        "report": report.name,
        "title": report.title,
        "as_of": report.as_of,
        "coverage": report.coverage,
        "notes": report.notes,
        "figures": {figure.name: figure.value for figure in report.figures},
    }


def _opened(content: Mapping[str, Any]) -> str:
    """Format an object without its end, so that more can follow."""
    return _spelled(content).removesuffix("\n}")


def _rows(table: Table, indent: str) -> Iterator[str]:
    keys = [column.key for column in table.columns]
    between, end = "[", "[]"
    for row in table.rows:
        text = _spelled(dict(zip(keys, row, strict=True)))
        inner = f"\n{indent}{_INDENT}"
        yield between + inner + text.replace("\n", inner)  # no string holds a bare new line
        between, end = ",", f"\n{indent}]"
    yield end


def _spelled(content: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=len(_INDENT)).decode()
