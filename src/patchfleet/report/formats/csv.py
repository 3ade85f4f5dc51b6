"""One table as comma-separated values, for spreadsheets and for programs.

The first line holds the keys of the columns; values are exact, times ISO 8601 with `Z`. One
exception: text that a spreadsheet would take for a formula gets an apostrophe before it, since
patch titles and device names are foreign. JSON has it unchanged.
"""

import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from patchfleet.report.document import Cell, Table
from patchfleet.report.formats.formulas import disarmed

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""What a CSV *file* begins with: without it Excel reads UTF-8 as the code page of its country."""

_QUOTED = re.compile(r"[\",;\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|^\s|\s$")
"""What a reader may split at or trim, whatever separates its lists: such a field is quoted."""


def to_csv(table: Table) -> str:
    """Format a table as CSV with a header, lines ending in CR LF (RFC 4180), without `MARK`."""
    text = io.StringIO(newline="")
    write_csv(table, text)
    return text.getvalue()


def write_csv(table: Table, file: TextIO) -> None:
    """Write the text of `to_csv` to a file, row by row."""
    file.write(_line(column.key for column in table.columns))
    file.writelines(_line(map(_field, row)) for row in table.rows)


def _line(fields: Iterable[str]) -> str:
    """Join fields to a line; a single empty field is quoted, so that the line is not blank."""
    return (",".join(fields) or '""') + "\r\n"


def _field(value: Cell) -> str:
    if isinstance(value, str):
        text = disarmed(value)
        return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(text) else text
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return _field("; ".join(value))
    return repr(value)
