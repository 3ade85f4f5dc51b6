"""Facts about one patch on one device for a deadline, and the questions they answer.

None means unknown. A catalogue that was read and does not list a vulnerability is an answer
(`"not_listed"`); a missing catalogue is none. No unknown becomes yes or no
(tests/policy/test_policy_deadline.py).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Literal

from msgspec import Struct

from patchfleet.errors import ConfigError
from patchfleet.models import DeviceKind, Patch, Severity
from patchfleet.models.vocabulary import is_severity_stated, severity_word
from patchfleet.policy.intel.records import KevEntry
from patchfleet.policy.pack import Condition


class Case(Struct, frozen=True, kw_only=True, gc=False):
    """Facts about one vulnerability or patch on one device, None if unknown.

    `released_at` is a plain date where only the day is known. `detected_at` is when the finding was
    first seen on the device. `severity` is the fleet's own ranking and `vendor_severity` the
    vendor's word. `fixed_at` is None while it is open. Raises `ConfigError` for a time without a
    time zone, or a CVSS score outside 0 to 10.
    """

    released_at: datetime | date | None = None
    detected_at: datetime | None = None
    fixed_at: datetime | None = None
    severity: Severity = "unspecified"
    vendor_severity: str | None = None
    cvss: float | None = None
    kev: KevEntry | Literal["not_listed"] | None = None
    is_exploited: bool | None = None
    is_exposed: bool | None = None
    is_automatable: bool | None = None
    is_impact_total: bool | None = None
    is_os: bool | None = None
    kind: DeviceKind | None = None

    def __post_init__(self) -> None:
        for name in ("released_at", "detected_at", "fixed_at"):
            when = getattr(self, name)
            if isinstance(when, datetime) and when.utcoffset() is None:
                raise ConfigError(f"{name} {when} has no time zone", hint="times are aware UTC")
        if self.cvss is not None and not 0 <= self.cvss <= 10:
            raise ConfigError(f"a CVSS score is from 0 to 10, not {self.cvss}")


def release_of(patch: Patch) -> datetime | date | None:
    """Return when a patch was released: a plain date if its source gave only the day.

    Sources that give a day are recorded as midnight UTC of it (`models.Patch`).
    """
    at = patch.released_at
    if at is None:
        return None
    in_utc = at.astimezone(UTC)
    return in_utc.date() if in_utc.time() == time() else at


def answer(case: Case, condition: Condition) -> bool | None:
    """Return the answer of the facts to a question, None if unknown."""
    if condition.question == "cvss_at_least":
        return None if case.cvss is None else case.cvss >= (condition.score or 0)
    return _ANSWERS[condition.question](case)


def _is_exploited(case: Case) -> bool | None:
    """Answer yes for an entry in KEV; absence from it is no answer."""
    return True if isinstance(case.kev, KevEntry) else case.is_exploited


def _step(case: Case) -> Severity | None:
    """Return the vendor's severity, or our ranking if the vendor's word is missing or unknown."""
    step = severity_word(case.vendor_severity)
    if step is None and case.severity != "unspecified":
        return case.severity
    return step


def _is_severity_stated(case: Case) -> bool:
    return _step(case) is not None or is_severity_stated(case.vendor_severity)


def _is_one_of(step: Severity | None, *wanted: Severity) -> bool | None:
    return None if step is None else step in wanted


_ANSWERS: dict[str, Callable[[Case], bool | None]] = {
    "in_kev": lambda case: None if case.kev is None else case.kev != "not_listed",
    "is_exposed": lambda case: case.is_exposed,
    "is_automatable": lambda case: case.is_automatable,
    "is_impact_total": lambda case: case.is_impact_total,
    "is_exploited": _is_exploited,
    "is_os": lambda case: case.is_os,
    "is_server": lambda case: None if case.kind is None else case.kind == "server",
    "is_ranked_critical": lambda case: (
        None if case.severity == "unspecified" else case.severity == "critical"
    ),
    "is_vendor_critical": lambda case: _is_one_of(_step(case), "critical"),
    "is_vendor_high": lambda case: _is_one_of(_step(case), "critical", "important"),
    "is_severity_stated": _is_severity_stated,
}
