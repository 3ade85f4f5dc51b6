"""Formatting of one cell for people: the same words on a terminal, a page and a sheet.

Invariants:
- foreign text cannot steer a terminal or a page (tests/report/test_table.py);
- a share is never rounded up to 100 % (tests/report/test_table.py).
"""

import re
from datetime import UTC, datetime

from patchfleet.report.cells import Cell, Kind

NUMERIC: frozenset[Kind] = frozenset({"integer", "number", "percent"})
"""Kinds that are aligned right and compared by size."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Controls of a terminal and of the writing direction: a title that holds them can hide text."""


def printable(text: str) -> str:
    """Replace characters that would steer a terminal or change the writing direction."""
    if text.isprintable():  # then it holds none of them
        return text
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def cell_text(value: Cell, kind: Kind) -> str:
    """Format a cell for people; None is the empty text."""
    if isinstance(value, str):  # most are: asked first, a sheet is written in less time
        return printable(word_text(value) if kind in {"state", "severity"} else value)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d" if kind == "date" else "%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return printable(", ".join(value))
    return _number(value, kind)


def word_text(word: str) -> str:
    """Format a word of our vocabulary (`reboot_required`) for people (`reboot required`)."""
    return word.replace("_", " ")


def plural(number: int, one: str, many: str | None = None) -> str:
    """Format a count with its noun in singular or plural: `1 device`, `2,310 devices`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(value: datetime) -> str:
    """Format a moment with its zone, for a sentence."""
    return f"{cell_text(value, 'moment')} UTC"


def _number(value: float, kind: Kind) -> str:
    if kind == "percent":
        # 99.96 % installed is not all of it.
        return "100%" if value == 1 else f"{min(value, 0.999):.1%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
