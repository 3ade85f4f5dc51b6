"""Rule pack: the deadlines of one standard, as data with its source.

Rules are read from top to bottom and the first whose conditions all hold decides. A finding that no
rule meets is not covered.
"""

from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct

Start = Literal["released", "detected", "listed", "listed_or_detected"]
"""Start of a clock: the vendor's release, first seen on the device, the listing in KEV, or
whichever of these last two came first."""

Status = Literal["certain", "uncertain"]

Question = Literal[
    "in_kev",
    "is_exposed",
    "is_automatable",
    "is_impact_total",
    "is_exploited",
    "is_os",
    "is_server",
    "is_ranked_critical",
    "is_vendor_critical",
    "is_vendor_high",
    "is_severity_stated",
    "cvss_at_least",
]
"""Questions of a rule about the facts, each answered by yes, no or unknown."""

UNKNOWN: dict[Question, str] = {
    "in_kev": "whether it is in KEV",
    "is_exposed": "whether the device is exposed to the internet",
    "is_automatable": "whether an attack can be automated",
    "is_impact_total": "whether the technical impact is total",
    "is_exploited": "whether it is exploited",
    "is_os": "whether it is a patch of the operating system",
    "is_server": "whether the device is a server",
    "is_ranked_critical": "whether it is critical by the fleet's own ranking",
    "is_vendor_critical": "whether the vendor calls it critical",
    "is_vendor_high": "whether the vendor calls it critical or high",
    "is_severity_stated": "whether the vendor states a severity",
    "cvss_at_least": "whether CVSS is at least",
}
"""Phrase for an unknown answer, by question."""


class Condition(Struct, frozen=True):
    """One question, the answer a rule requires, and the score (`cvss_at_least` only)."""

    question: Question
    is_so: bool
    score: float | None = None

    @property
    def asked(self) -> tuple[Question, float | None]:
        """Question and score, whatever answer is required."""
        return self.question, self.score

    @property
    def unknown(self) -> str:
        """Phrase for this question without an answer."""
        words = UNKNOWN[self.question]
        return words if self.score is None else f"{words} {self.score}"


class Span(Struct, frozen=True):
    """Length of time: hours are absolute, days and months are those of the calendar."""

    amount: int
    unit: Literal["hour", "day", "month"]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"


Limit: TypeAlias = Span | Literal["KEV due date", "none"]
"""Limit of a rule: a span, the due date of the catalogue, or no number."""


class Rule(Struct, frozen=True, kw_only=True):
    """One rule of a standard: its conditions, its limit and further duties.

    `name` describes the case. `because` describes the requirement of a rule without a number.
    """

    name: str
    limit: Limit
    when: tuple[Condition, ...] = ()
    duties: tuple[str, ...] = ()
    because: str = ""


class Pack(Struct, frozen=True, kw_only=True):
    """Deadlines of one standard in one version, with their source.

    In force from the beginning of `in_force_from` until the beginning of `in_force_until`; None
    for no limit. `note` gives the basis of the status. `otherwise` explains why a finding that
    meets no rule has no date. `measures` and `grouped_by` are the figures that a standard without
    numbers requires instead.
    """

    name: str
    title: str
    version: str
    source: str
    status: Status
    note: str
    otherwise: str
    clock: Start | None = None
    in_force_from: date | None = None
    in_force_until: date | None = None
    rules: tuple[Rule, ...] = ()
    measures: tuple[str, ...] = ()
    grouped_by: tuple[str, ...] = ()
