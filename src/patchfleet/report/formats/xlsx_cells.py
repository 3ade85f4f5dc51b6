"""Cells of a sheet: one value and its type.

Invariant: no value becomes another value; a value that a cell cannot hold is text, and cut text
ends in a mark (tests/report/test_xlsx.py).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from patchfleet.report.document import Cell, Kind
from patchfleet.report.wording import NUMERIC, cell_text

_LONGEST_TEXT = 16_000
"""Excel holds 32,767 UTF-16 units a cell; this many characters fit whatever they are."""

_MOST_LINKS = 10_000
"""Lines with links: Excel opens no sheet with more than 65,530 of them."""

Writer = Callable[[int, int, Cell], object]


def cell_writer(sheet: Any, kind: Kind, styles: dict[Kind, Any]) -> Writer:
    """Choose how the cells of one column are written: (row, place, value), both from zero."""
    cells = _Cells(sheet, kind, styles.get(kind))
    if kind in {"date", "moment"}:
        return cells.time
    if kind == "file":
        return cells.file
    return cells.number if kind in NUMERIC else cells.text


class _Cells:
    """The cells of one column; a value decides where its column cannot."""

    def __init__(self, sheet: Any, kind: Kind, style: Any) -> None:
        self._sheet = sheet
        self._kind: Kind = kind
        self._style = style

    def text(self, row: int, place: int, value: Cell) -> object:
        words = cell_text(value, self._kind)
        if len(words) > _LONGEST_TEXT:
            words = f"{words[:_LONGEST_TEXT]} … (cut, {len(words):,} characters)"
        return self._sheet.write_string(row, place, words, self._style)

    def time(self, row: int, place: int, value: Cell) -> object:
        if not isinstance(value, datetime):
            return self.text(row, place, value)
        if value.year < 1900:  # a sheet has no earlier dates
            return self._sheet.write_string(row, place, value.isoformat(), self._style)
        naive = value.astimezone(UTC).replace(tzinfo=None)
        return self._sheet.write_datetime(row, place, naive, self._style)

    def number(self, row: int, place: int, value: Cell) -> object:
        if not isinstance(value, int | float):
            return self.text(row, place, value)
        return self._sheet.write_number(row, place, value, self._style)

    def file(self, row: int, place: int, value: Cell) -> object:
        if not isinstance(value, str) or row > _MOST_LINKS:
            return self.text(row, place, value)
        words = cell_text(value, self._kind)
        return self._sheet.write_url(row, place, f"external:{value}", string=words)
