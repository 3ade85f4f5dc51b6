"""Rows that charts are drawn from, where no query of the store has such rows.

Numbers of findings are integers, shares are of one, times are aware UTC.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from patchfleet.models import Severity


class OpenCount(Struct, frozen=True):
    """Number of open findings of one severity at a moment; severities without any may be absent."""

    as_of: datetime
    severity: Severity
    findings: int


class OverdueCount(Struct, frozen=True):
    """Number of overdue findings of one severity at one customer."""

    source: str
    customer_id: str
    customer: str
    severity: Severity
    findings: int


class OpenShare(Struct, frozen=True):
    """Share of findings still open `days` after they were found.

    It holds until the next row of the same severity; `all` is all severities together.
    """

    severity: Severity | Literal["all"]
    days: int
    share: float
