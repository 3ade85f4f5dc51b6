"""One table as comma-separated values, for spreadsheets and for programs.

Law of this file: the first line holds the keys of the columns, every value is exact and times are
ISO 8601 with `Z`, with one exception: text that a spreadsheet would take for a formula gets an
apostrophe in front, since patch titles and device names come from outside. JSON has it without.
"""

import csv
import io
from datetime import UTC, datetime
from typing import TextIO

from patchfleet.report.table import Cell, Table

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""What a CSV *file* begins with: without it Excel reads UTF-8 as the code page of its country."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Excel and LibreOffice evaluate a cell that begins so, whatever is quoted."""


def to_csv(table: Table) -> str:
    """Spell a table as CSV with a header, lines ending in CR LF (RFC 4180), without `MARK`."""
    text = io.StringIO(newline="")
    write_csv(table, text)
    return text.getvalue()


def write_csv(table: Table, file: TextIO) -> None:
    """Write the text of `to_csv` to a file, row by row."""
    writer = csv.writer(file)
    writer.writerow([column.key for column in table.columns])
    writer.writerows([_field(value) for value in row] for row in table.rows)


def _field(value: Cell) -> str | int | float | None:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return _field("; ".join(value))
    return value
