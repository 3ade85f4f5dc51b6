"""Rows of vulnerability data, one type for each kind of file.

Vulnerabilities are named as `CVE-2024-3400`, in capitals; KB numbers are stored without letters, as
in `models.Patch`.
"""

from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct

Kind = Literal["kev", "epss", "ssvc", "kb"]

Exploitation = Literal["none", "poc", "active"]


class KevEntry(Struct, frozen=True, gc=False):
    """Entry of the catalogue of known exploited vulnerabilities; None for a missing field.

    A due date may lie before the listing: directives of 2020 set some before the catalogue began.
    """

    cve: str
    date_added: date | None
    due_date: date | None = None
    is_ransomware_use_known: bool = False
    needs_forensic_triage: bool | None = None


class EpssScore(Struct, frozen=True, gc=False):
    """Probability that a vulnerability is exploited within 30 days, and its rank: 0 to 1."""

    cve: str
    epss: float
    percentile: float


class SsvcAssessment(Struct, frozen=True, gc=False):
    """CISA's assessment of a vulnerability, None for a missing part."""

    cve: str
    exploitation: Exploitation | None
    is_automatable: bool | None
    is_impact_total: bool | None


class KbCve(Struct, frozen=True, gc=False):
    """Vulnerability that a Microsoft update fixes, an older update that it contains, or both."""

    kb: str
    cve: str | None
    supersedes: str | None = None


Row: TypeAlias = KevEntry | EpssScore | SsvcAssessment | KbCve


class Intel(Struct, frozen=True):
    """Rows of one file: their kind, their day, and their version if it names one.

    `problems` names each entry or field that is not understood, with its place; the rest counts.
    """

    kind: Kind
    dated: date
    version: str | None
    rows: list[KevEntry] | list[EpssScore] | list[SsvcAssessment] | list[KbCve]
    problems: tuple[str, ...] = ()
