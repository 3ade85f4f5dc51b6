"""One call from start to end: pace, send, judge, parse, or wait and repeat.

Law of this file: a generator that never does I/O. It yields what should be sent or waited for, and
is driven by `run.py` with real sockets or by a test with none.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from patchfleet.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    VendorBroken,
    VendorError,
)
from patchfleet.transport.operation import Batch, Flow, Operation, Pause, T, Work
from patchfleet.transport.pace import Pace, Unpaced
from patchfleet.transport.retry import Retries, retry_after_seconds, wait_before_next
from patchfleet.transport.wire import Lost, Response


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Manners:
    """How a client behaves towards its vendor; every clock and every die is a parameter.

    `hints` says, per kind of error, what a user of this vendor should look at.
    """

    vendor: str
    pace: Pace | Unpaced = field(default_factory=Pace)
    retries: Retries = field(default_factory=Retries)
    hints: Mapping[type[VendorError], str] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now
    chance: Callable[[], float] = random.random


def exchange(work: Work[T], manners: Manners) -> Flow[T]:
    """Do the work as a flow of requests and pauses; return its result or raise a `VendorError`."""
    if isinstance(work, Operation):
        return (yield from _call(work, manners))
    return (yield from _batch(work, manners))


def _batch(batch: Batch[T], manners: Manners) -> Flow[T]:
    results: list[T] = []
    for part in batch.parts:
        try:
            results.append((yield from _call(part, manners)))
        except VendorError as error:
            if results:  # what was done stays done: say so
                error.add_note(
                    f"{len(results)} of {len(batch.parts)} calls were made before this one failed"
                )
            raise
    return batch.join(results)


def _call(operation: Operation[T], manners: Manners) -> Flow[T]:
    attempt = 0
    while True:
        attempt += 1
        while (wait := manners.pace.take(manners.clock())) > 0:
            yield Pause(wait)
        outcome = yield operation.request
        assert outcome is not None
        try:
            return operation.parse(judged(outcome, manners.now))
        except VendorError as error:
            _stamp(error, operation, manners)
            if error.retry_after_seconds is not None:
                # No longer than a call may wait: a proxy's "come back tomorrow" ends calls instead.
                asked = min(error.retry_after_seconds, manners.retries.longest_retry_after_seconds)
                manners.pace.hold(manners.clock() + asked)
            again = wait_before_next(
                error,
                attempt=attempt,
                repeatable=operation.repeatable,
                retries=manners.retries,
                chance=manners.chance(),
            )
            if again is None:
                if attempt > 1:
                    error.add_note(f"tried {attempt} times")
                raise
        yield Pause(again)


def _stamp(error: VendorError, operation: Operation[T], manners: Manners) -> None:
    error.vendor = manners.vendor
    error.operation = operation.name
    if error.hint is None:
        error.hint = manners.hints.get(type(error))


def judged(outcome: Response | Lost, now: Callable[[], datetime]) -> Response:
    """Return the answer if its HTTP status lets it be read, raise what the status means if not."""
    if isinstance(outcome, Lost):
        error = Unreachable(outcome.reason, fate=outcome.fate)
        error.transient = outcome.is_transient
        raise error
    status = outcome.status
    if 200 <= status < 300:
        return outcome
    wait = retry_after_seconds(outcome.headers, now())
    if status == 429:
        raise RateLimited(
            "the server asks to slow down (HTTP 429)"
            + (f", for {wait:g} seconds" if wait is not None else ""),
            retry_after_seconds=wait,
        )
    if status == 503:  # RFC 9110 §15.6.4: the server is not handling the request
        raise VendorBroken(
            "the server cannot answer now (HTTP 503)", fate="refused", retry_after_seconds=wait
        )
    if status >= 500:
        raise VendorBroken(f"the server failed (HTTP {status})", retry_after_seconds=wait)
    raise _refusal(status)


def _refusal(status: int) -> VendorError:
    if status == 401:
        return Unauthorized("the server does not accept the credentials (HTTP 401)")
    if status == 403:
        return Forbidden("the server refuses this caller (HTTP 403)")
    if status == 404:
        return NotFound("the server does not know this address (HTTP 404)")
    if 300 <= status < 400:  # never followed: the query holds the key
        error = VendorBroken(f"the server redirects elsewhere (HTTP {status})")
        error.transient = False
        return error
    return Rejected(f"the server rejects the request (HTTP {status})", code=status)
