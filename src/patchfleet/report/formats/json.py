"""A report for programs: one JSON object, the same text for the same facts.

Law of this file: values are exact. Times are ISO 8601 with `Z`, shares are numbers, what is not
known is `null`, and a closing total is left to who adds up.
"""

from typing import Any

import msgspec

from patchfleet.report.table import Report, Table


def to_json(what: Report | Table) -> str:
    """Spell a report or one table as JSON, indented, ending with a newline.

    A report is `{report, title, as_of, notes, figures: {name: value}, tables: {name: [row]}}`, a
    table `{table, title, note, rows: [row]}`, and a row `{column: value}`.
    """
    content = _report(what) if isinstance(what, Report) else _table(what)
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


def _report(report: Report) -> dict[str, Any]:
    return {
        "report": report.name,
        "title": report.title,
        "as_of": report.as_of,
        "notes": report.notes,
        "figures": {figure.name: figure.value for figure in report.figures},
        "tables": {table.name: _rows(table) for table in report.tables},
    }


def _table(table: Table) -> dict[str, Any]:
    return {"table": table.name, "title": table.title, "note": table.note, "rows": _rows(table)}


def _rows(table: Table) -> list[dict[str, Any]]:
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows]
