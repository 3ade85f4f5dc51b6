"""How a client calls its vendor: rate limit, retries, login, journal and clocks."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from patchfleet.errors import VendorError
from patchfleet.transport.journal import ChangeJournal
from patchfleet.transport.login import Login
from patchfleet.transport.messages import Response
from patchfleet.transport.rate_limit import RateLimit, RateLimiter
from patchfleet.transport.retry import Retries


def _utc_now() -> datetime:
    return datetime.now(UTC)


def unexplained(_: Response) -> None:
    """Say no more about a failure than its HTTP status does."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How a client behaves towards its vendor; every clock and every die is a parameter.

    `hints` says, per kind of error, what a user of this vendor should look at. `explain` reads an
    answer that is a failure in the vendor's own words, or returns None where there are none.
    `journal` keeps what is changed, before it is sent and when it is known what came of it.
    """

    vendor: str
    pace: RateLimiter = field(default_factory=RateLimit)
    retries: Retries = field(default_factory=Retries)
    hints: Mapping[type[VendorError], str] = field(default_factory=dict)
    login: Login | None = None
    explain: Callable[[Response], VendorError | None] = unexplained
    journal: ChangeJournal | None = None
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now
    chance: Callable[[], float] = random.random
