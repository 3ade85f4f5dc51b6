"""What a rule pack is: one standard's deadlines, as data that says where it comes from.

A pack is read from top to bottom and the first rule whose conditions all hold decides, so that the
order of the rules is part of what the pack says. A finding that no rule meets is not covered.

Law of this file: values only; what is not certain carries the sentence that says so.
"""

from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct

Start = Literal["released", "detected", "listed", "listed_or_detected"]
"""When a clock starts: the vendor's release, first seen on the device, the listing in KEV, or
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
"""What a rule may ask of the facts, each answered by yes, no, or not known."""

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
"""What is not known, in words, question by question."""


class Condition(Struct, frozen=True):
    """One question, the answer a rule wants, and the score it is about (`cvss_at_least` only)."""

    question: Question
    is_so: bool
    score: float | None = None

    @property
    def asked(self) -> tuple[Question, float | None]:
        """What is asked, whatever answer is wanted."""
        return self.question, self.score

    @property
    def unknown(self) -> str:
        """What is not known when the facts do not answer this question."""
        words = UNKNOWN[self.question]
        return words if self.score is None else f"{words} {self.score}"


class Span(Struct, frozen=True):
    """A length of time: hours pass on any clock, days and months are those of the calendar."""

    amount: int
    unit: Literal["hour", "day", "month"]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"


Limit: TypeAlias = Span | Literal["KEV due date", "none"]
"""How long a rule gives: a span, the day that the catalogue names, or no number at all."""


class Rule(Struct, frozen=True, kw_only=True):
    """One line of a standard: when it applies, how long it gives, and what else it asks.

    `name` says the case in words. `because` says what a rule without a number wants instead.
    """

    name: str
    limit: Limit
    when: tuple[Condition, ...] = ()
    duties: tuple[str, ...] = ()
    because: str = ""


class Pack(Struct, frozen=True, kw_only=True):
    """The deadlines of one standard in one version, with where they were learned.

    In force from the beginning of `in_force_from` until the beginning of `in_force_until`; None
    where it is open. `note` says what the status rests on. `otherwise` says why a finding that
    meets no rule has no date. `measures` and `grouped_by` are what a standard without numbers asks
    to be reported instead.
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
