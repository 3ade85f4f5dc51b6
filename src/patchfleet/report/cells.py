"""Cells of a table: what a cell may hold, and the kinds of column that decide how it is shown."""

from datetime import datetime
from typing import Literal, TypeAlias

Kind = Literal[
    "text",
    "list",  # several texts
    "flag",  # yes or no
    "integer",
    "number",
    "percent",  # a share of one: 0.5 is 50 %
    "date",  # a moment of which only the day matters to people
    "moment",
    "state",
    "severity",
    "file",  # the name of a file in the same folder; a link of the column's title where it can be
]

Cell: TypeAlias = str | int | float | bool | datetime | tuple[str, ...] | None
"""A value in one place of a table; times are aware UTC."""
