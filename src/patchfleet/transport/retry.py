"""Retry policy: pure functions of an error, a number of tries and a drawn number."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from patchfleet.errors import ConfigError, RateLimited, VendorError


@dataclass(frozen=True, slots=True)
class Retries:
    """The number of tries of a call, and the waits between them.

    `attempts` counts the first try. The wait before the n-th repetition is drawn evenly between
    nothing and `first_wait_seconds` doubled n-1 times, at most `longest_wait_seconds` (full jitter:
    callers that failed together do not return together). A vendor's own `Retry-After` is the
    minimum wait; one above `longest_retry_after_seconds` ends the call instead. If it is greater,
    `limited_attempts` applies to a vendor that asks to slow down without a time.
    """

    attempts: int = 4
    limited_attempts: int = 0
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 30.0
    longest_retry_after_seconds: float = 300.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ConfigError(
                f"{self.attempts} attempts are none", hint="1 means: try once, never repeat"
            )


def wait_before_next(
    error: VendorError, *, attempt: int, repeatable: bool, retries: Retries, chance: float
) -> float | None:
    """Return the seconds to wait before the next try, or None to give up.

    `attempt` counts the tries made, `chance` is a drawn number in [0, 1). A call that is not
    `repeatable` is tried again only if the vendor surely did not do it.
    """
    is_limited = isinstance(error, RateLimited) and error.retry_after_seconds is None
    attempts = max(retries.attempts, retries.limited_attempts) if is_limited else retries.attempts
    if not error.transient or attempt >= attempts:
        return None
    if error.fate != "refused" and not repeatable:
        return None
    ceiling: float = min(
        retries.first_wait_seconds * 2.0 ** (attempt - 1), retries.longest_wait_seconds
    )
    asked = error.retry_after_seconds
    if asked is None:
        return ceiling * chance
    if asked > retries.longest_retry_after_seconds:
        return None
    return asked + retries.first_wait_seconds * chance


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read `Retry-After` in either of its forms (RFC 9110 §10.2.3); return None if there is none.

    A date is measured against the answer's own `Date` if it has one, so that a wrong clock here
    does not matter.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until = _http_date(text)
    if until is None:
        return None
    return max(0.0, (until - (_http_date(headers.get("date", "")) or now)).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, IndexError):  # absent or malformed: the same as none
        return None
    return parsed if parsed.tzinfo is not None else None
