"""Call policy of a client: rate limit, retries, login, journal and clocks."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from patchfleet.errors import VendorError
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.login import Login
from patchfleet.transport.messages import Response
from patchfleet.transport.observer import CallObserver
from patchfleet.transport.rate_limit import RateLimit, RateLimiter
from patchfleet.transport.retry import Retries


def _utc_now() -> datetime:
    return datetime.now(UTC)


def unexplained(_: Response) -> None:
    """Return None: the HTTP status alone describes the failure."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """The call policy of a client; every clock and every random source is a parameter.

    `hints` holds advice for a user of this vendor, by kind of error. `explain` reads a failed
    answer in the vendor's own form, or returns None if it is in another. `journal` records a change
    before it is sent, and its result. `observer` sees every call and may refuse it.
    """

    vendor: str
    rate_limit: RateLimiter = field(default_factory=RateLimit)
    retries: Retries = field(default_factory=Retries)
    hints: Mapping[type[VendorError], str] = field(default_factory=dict)
    login: Login | None = None
    explain: Callable[[Response], VendorError | None] = unexplained
    journal: ChangeJournal | None = None
    observer: CallObserver | None = None
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now
    chance: Callable[[], float] = random.random
