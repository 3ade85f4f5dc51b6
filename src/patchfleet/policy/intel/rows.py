"""What is known of vulnerabilities from elsewhere: one row of each kind of file.

Law of this file: values only. Vulnerabilities are named as `CVE-2024-3400`, in capitals; KB numbers
stand without their letters, as in `models.Patch`.
"""

from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct

Kind = Literal["kev", "epss", "ssvc", "kb"]

Exploitation = Literal["none", "poc", "active"]


class KevEntry(Struct, frozen=True, gc=False):
    """A line of the catalogue of known exploited vulnerabilities.

    `due_date` is None where the catalogue names no day. Raises ValueError for a due date before the
    listing.
    """

    cve: str
    date_added: date
    due_date: date | None = None
    is_ransomware_use_known: bool = False

    def __post_init__(self) -> None:
        if self.due_date is not None and self.due_date < self.date_added:
            raise ValueError(f"it is due on {self.due_date}, before its listing {self.date_added}")


class EpssScore(Struct, frozen=True, gc=False):
    """How probable it is that a vulnerability is exploited within 30 days, and its rank: 0 to 1."""

    cve: str
    epss: float
    percentile: float


class SsvcAssessment(Struct, frozen=True, gc=False):
    """What CISA says of a vulnerability, None where it says nothing."""

    cve: str
    exploitation: Exploitation | None
    is_automatable: bool | None
    is_impact_total: bool | None


class KbCve(Struct, frozen=True, gc=False):
    """A vulnerability that a Microsoft update mends."""

    kb: str
    cve: str


Row: TypeAlias = KevEntry | EpssScore | SsvcAssessment | KbCve


class Intel(Struct, frozen=True):
    """The rows of one file: their kind, their day, and their version if it names one."""

    kind: Kind
    dated: date
    version: str | None
    rows: list[KevEntry] | list[EpssScore] | list[SsvcAssessment] | list[KbCve]
