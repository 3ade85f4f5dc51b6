"""The rows that charts are drawn from, where no question of the store has such rows.

Law of this file: values only; whole numbers of findings, shares of one, times aware UTC.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from patchfleet.models import Severity


class OpenCount(Struct, frozen=True):
    """How many findings of one severity were open at a moment; severities with none may lack."""

    as_of: datetime
    severity: Severity
    findings: int


class OverdueCount(Struct, frozen=True):
    """How many findings of one severity are past their deadline at one customer."""

    source: str
    customer_id: str
    customer: str
    severity: Severity
    findings: int


class OpenShare(Struct, frozen=True):
    """The share of findings still open so many days after they were found.

    It holds until the next row of the same severity; `all` is all severities together.
    """

    severity: Severity | Literal["all"]
    days: int
    share: float
