"""One call from start to end: rate limit, request, check of the answer, and repeats.

A generator without I/O: it yields requests and pauses, and is driven by `runner.py` with real
sockets or by a test with none.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from patchfleet._renamed import renamed
from patchfleet.config import Secret
from patchfleet.errors import (
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
    Unreadable,
    VendorBroken,
    VendorError,
)
from patchfleet.transport.call_policy import CallPolicy, unexplained
from patchfleet.transport.change import Tried, changed
from patchfleet.transport.login import LOOK_AGAIN_SECONDS
from patchfleet.transport.messages import NoResponse, Request, Response
from patchfleet.transport.operation import (
    Change,
    Concurrent,
    ConcurrentFlows,
    Flow,
    Operation,
    Pause,
    Procedure,
    RecordBatch,
    RecordStream,
    Steps,
    T,
    Work,
)
from patchfleet.transport.retry import retry_after_seconds, wait_before_next


def exchange(work: Work[T], call_policy: CallPolicy) -> Flow[T]:
    """Do the work as a flow of requests and pauses; return its result or raise a `VendorError`.

    A listing's result is the list of all its records.
    """
    if isinstance(work, Operation):
        return (yield from _call(work, call_policy))
    if isinstance(work, Change):
        made: T = yield from changed(work, call_policy, exchange, _tried)
        return made
    if isinstance(work, Procedure):
        return (yield from _steps(work, call_policy))
    found: list[Any] = []
    yield from _steps(work, call_policy, found)
    return work.gather(found)


def streamed(work: RecordStream[Any, Any], call_policy: CallPolicy) -> Flow[None]:
    """Do a listing as a flow that yields each record as it is found."""
    yield from _steps(work, call_policy)


def _steps(
    work: Procedure[T] | RecordStream[Any, Any],
    call_policy: CallPolicy,
    found: list[Any] | None = None,
) -> Flow[T]:
    """Do the steps one after the other; their records go to `found` if given."""
    steps: Steps[Any] = work.steps()
    answer: Any = None
    failure: VendorError | None = None
    while True:
        try:
            step = steps.send(answer) if failure is None else steps.throw(failure)
        except StopIteration as end:
            result: T = end.value
            return result
        except VendorError as error:  # of a step, or raised by the steps themselves
            _stamp(error, work.name, call_policy)
            raise
        answer = failure = None
        match step:
            case RecordBatch() if found is not None:
                found.extend(step.records)
            case RecordBatch() | Pause():
                yield step
            case Concurrent():
                try:
                    answer = yield ConcurrentFlows(
                        tuple(exchange(part, call_policy) for part in step.parts)
                    )
                except VendorError as error:
                    failure = error
            case _:
                try:
                    answer = yield from exchange(step, call_policy)
                except VendorError as error:
                    failure = error


def _call(operation: Operation[T], call_policy: CallPolicy) -> Flow[T]:
    attempt = 0
    is_renewed = False
    request = operation.request
    while True:
        attempt += 1
        token = yield from _logged_in(operation, call_policy)
        outcome = yield from _sent(operation, request, call_policy)
        request = _on_another_connection(request, outcome)
        if _is_asked_again(operation, outcome):
            outcome = yield from _sent(operation, request, call_policy)
            request = _on_another_connection(request, outcome)
        try:
            return _read(operation, judged(outcome, call_policy.now, call_policy.explain))
        except VendorError as error:
            _stamp(error, operation.name, call_policy, operation.about)
            if isinstance(error, Unauthorized) and token is not None and not is_renewed:
                assert call_policy.login is not None
                call_policy.login.forget(
                    token
                )  # it may have expired early: once more with a new one
                is_renewed = True
                if operation.repeatable:
                    attempt -= 1
                    continue
            again = _before_next(error, attempt, operation, call_policy)
            if again is None:
                if attempt > 1:
                    error.add_note(f"tried {attempt} times")
                raise
        yield Pause(again)


def _sent(
    operation: Operation[Any], request: Request, call_policy: CallPolicy, *, is_change: bool = False
) -> Flow[Response | NoResponse]:
    """Send a request when the rate limit allows it; an observer may refuse it."""
    observer = call_policy.observer
    if observer is not None:
        observer.before(operation, is_change=is_change or not operation.is_reading)
    while (wait := call_policy.rate_limit.take(call_policy.clock())) > 0:
        yield Pause(wait)
    sent_at = call_policy.clock() if observer is not None else 0.0
    outcome = yield request
    assert isinstance(outcome, Response | NoResponse)
    if observer is not None:
        observer.after(operation, outcome, call_policy.clock() - sent_at)
    return outcome


def _is_asked_again(operation: Operation[T], outcome: Response | NoResponse) -> bool:
    """Return whether an answer may belong to another request, and repeating changes nothing.

    A failure is repeated anyway, if that can help.
    """
    if isinstance(outcome, NoResponse) or not 200 <= outcome.status < 300:
        return False
    return outcome.is_doubtful and operation.is_reading and operation.repeatable


def _on_another_connection(request: Request, outcome: Response | NoResponse) -> Request:
    """Return the request for its repeat: never over the connection of this answer."""
    if isinstance(outcome, NoResponse) or outcome.connection is None:
        return request  # a connection that broke is not used again anyway
    return replace(request, instead_of=outcome.connection)


def _read(operation: Operation[T], response: Response) -> T:
    """Return the content of an answer, or raise if it does not answer this request."""
    result = operation.parse(response)
    for echo in operation.echoes:
        other = echo.other(result)
        if other is not None:
            raise Unreadable(f"the answer is about {echo.name} {other[:80]}, not {echo.asked}")
    return result


def _before_next(
    error: VendorError, attempt: int, operation: Operation[T], call_policy: CallPolicy
) -> float | None:
    """Return the seconds to wait before the call is repeated, or None to give up."""
    if error.retry_after_seconds is not None:
        # No longer than a call may wait: a proxy's "come back tomorrow" ends calls instead.
        asked = min(error.retry_after_seconds, call_policy.retries.longest_retry_after_seconds)
        call_policy.rate_limit.hold(call_policy.clock() + asked)
    return wait_before_next(
        error,
        attempt=attempt,
        repeatable=operation.repeatable,
        retries=call_policy.retries,
        chance=call_policy.chance(),
    )


def _tried(operation: Operation[T], call_policy: CallPolicy) -> Flow[Tried[T]]:
    """Send a change exactly once, and return the answer."""
    try:
        token = yield from _logged_in(operation, call_policy)
    except VendorError as error:
        return Tried(None, error, has_left=False)
    outcome = yield from _sent(operation, operation.request, call_policy, is_change=True)
    has_left = isinstance(outcome, Response) or outcome.fate != "refused"
    is_from_vendor = False
    try:
        response = judged(outcome, call_policy.now, call_policy.explain)
        is_from_vendor = True
        return Tried(_read(operation, response), None)
    except VendorError as error:
        _stamp(error, operation.name, call_policy, operation.about)
        error.is_from_vendor = is_from_vendor and not isinstance(error, Unreadable)
        is_renewable = isinstance(error, Unauthorized) and token is not None
        if is_renewable and call_policy.login is not None:
            call_policy.login.forget(token)  # it may have expired early
        return Tried(None, error, has_left, is_renewable)


def _logged_in(operation: Operation[T], call_policy: CallPolicy) -> Flow[Secret | None]:
    """Return a token, after a login if needed: one caller logs in, the others wait."""
    login = call_policy.login
    if login is None or operation.request.is_login:
        return None
    while True:
        todo = login.take(call_policy.clock())
        if todo == "go on":
            return login.token
        if todo == "wait":
            yield Pause(LOOK_AGAIN_SECONDS)
            continue
        try:
            granted = yield from _call(login.operation, call_policy)
        except BaseException as error:
            login.failed(error, call_policy.clock())
            raise
        login.granted(granted, call_policy.clock())
        return login.token  # for one call, however short its life


def _stamp(error: VendorError, operation: str, call_policy: CallPolicy, about: str = "") -> None:
    """Add vendor and operation to an error, unless a part of the operation has added its own."""
    error.vendor = call_policy.vendor
    if not error.operation:
        error.operation, error.about = operation, about
    if error.hint is None:
        error.hint = call_policy.hints.get(type(error))


def judged(
    outcome: Response | NoResponse,
    now: Callable[[], datetime],
    explain: Callable[[Response], VendorError | None] = unexplained,
) -> Response:
    """Return the answer if its HTTP status lets it be read, raise what it means if not."""
    if isinstance(outcome, NoResponse):
        error = Unreachable(outcome.reason, fate=outcome.fate)
        error.transient = outcome.is_transient
        raise error
    status = outcome.status
    if 200 <= status < 300:
        return outcome
    explained = explain(outcome)
    if explained is not None:
        raise explained
    wait = retry_after_seconds(outcome.headers, now())
    if status == 429:
        raise RateLimited(
            "the server asks to slow down (HTTP 429)"
            + (f", for {wait:g} seconds" if wait is not None else ""),
            retry_after_seconds=wait,
        )
    if status == 503:  # a gateway may answer this after the request reached the server
        raise VendorBroken("the server cannot answer now (HTTP 503)", retry_after_seconds=wait)
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


__getattr__ = renamed(__name__)
