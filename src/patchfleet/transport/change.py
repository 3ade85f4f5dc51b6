"""Changes at a vendor: recorded in the journal, sent once, and read back before they are reported.

The flow is a generator without I/O, like `exchange.py`. No result rests on a status: whatever the
answer, it comes from reading back. Only a request that surely never left this machine is sent again
without reading back; if nothing can be read back, nothing is sent again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeAlias

import msgspec

from patchfleet._renamed import renamed
from patchfleet.errors import (
    NotTheVendor,
    RateLimited,
    Unreachable,
    Unreadable,
    VendorBroken,
    VendorError,
)
from patchfleet.transport.call_policy import CallPolicy
from patchfleet.transport.journal import Claim, Earlier
from patchfleet.transport.operation import (
    Change,
    Flow,
    Operation,
    Outcome,
    Pause,
    Procedure,
    Sight,
    Steps,
    T,
)
from patchfleet.transport.retry import wait_before_next


@dataclass(frozen=True, slots=True)
class Tried(Generic[T]):
    """The result of one sending.

    `has_left` is true if it may have reached the vendor, `is_renewable` if the next sending has a
    new token.
    """

    answer: T | None
    error: VendorError | None
    has_left: bool = True
    is_renewable: bool = False


LONGEST_ANSWER = 2000
"""Characters of an answer that the journal keeps."""

Do: TypeAlias = Callable[[Procedure[Any], CallPolicy], Flow[Any]]
Try: TypeAlias = Callable[[Operation[Any], CallPolicy], Flow[Tried[Any]]]


def changed(change: Change[T], call_policy: CallPolicy, do: Do, try_: Try) -> Flow[T]:
    """Make a change as a flow: `do` reads back, `try_` sends once.

    Returns its result, or raises: a refusal of a change that is read back as not done, or an error
    whose `is_in_doubt` is true if the change may have been done.
    """
    journal = call_policy.journal
    if journal is not None and change.with_marker is not None:
        earlier = journal.unfinished(change.wanted)
        if earlier is not None:
            change = change.with_marker(earlier.marker)
            sights = yield from looked(change, None, call_policy, do)
            outcome: Outcome[Any] = Outcome(None, None, sights, is_doubtful=True)
            is_decided = earlier.is_looked_for and _is_unclear(outcome)
            claims = _decided(outcome) if is_decided else claims_of(outcome)
            journal.ended(earlier.line, claims, call_policy.now())
            if not is_decided and not _is_absent(outcome):
                return _concluded(change, outcome, call_policy, "an earlier command sent this")
    line = None if journal is None else journal.sent(change.wanted, call_policy.now())
    outcome = yield from _sent(change, call_policy, do, try_)
    if journal is not None and line is not None:
        journal.ended(line, claims_of(outcome, change.wanted.items), call_policy.now())
    return _concluded(change, outcome, call_policy)


def _sent(change: Change[T], call_policy: CallPolicy, do: Do, try_: Try) -> Flow[Outcome[Any]]:
    """Send until the result is known, or until sending again would be wrong."""
    attempt = 0
    has_left = is_doubtful = is_renewed = False
    while True:
        attempt += 1
        tried = yield from try_(change.send, call_policy)
        error = tried.error
        sights: Mapping[str, Sight] = {}
        is_first, has_left = not has_left, has_left or tried.has_left
        is_doubtful = is_doubtful or (tried.has_left and _leaves_open(error))
        if error is not None and error.retry_after_seconds is not None:
            call_policy.rate_limit.hold(call_policy.clock() + _patience(error, call_policy))
        if has_left:
            if change.look is None:
                return _unseen(change, Outcome(tried.answer, error, {}, is_doubtful))
            # A change that was sent twice is read back, not judged by its last answer alone.
            answer = tried.answer if is_first else None
            sights = yield from looked(change, answer, call_policy, do)
        outcome = Outcome(tried.answer, error, sights, is_doubtful)
        if tried.is_renewable and not is_renewed and _is_absent(outcome):
            is_renewed = True
            attempt -= 1
            continue
        wait = _before_next(change, outcome, has_left, attempt, call_policy)
        if wait is None:
            if error is not None and attempt > 1:
                error.add_note(f"sent {attempt} times, and looked for each time before the next")
            return outcome
        yield Pause(wait)


def _leaves_open(error: VendorError | None) -> bool:
    """Return whether an error leaves the result open, even if no effect is visible yet.

    A refusal by the vendor and an unchanged state together are proof.
    """
    return isinstance(error, Unreachable | VendorBroken | Unreadable | NotTheVendor)


def _before_next(
    change: Change[T], outcome: Outcome[Any], has_left: bool, attempt: int, call_policy: CallPolicy
) -> float | None:
    """Return the seconds to wait before it is sent again, or None to stop."""
    error = outcome.error
    if error is None or (has_left and not _is_absent(outcome)):
        return None
    if has_left and not change.is_repeatable and not isinstance(error, RateLimited):
        return None
    return wait_before_next(
        error,
        attempt=attempt,
        repeatable=True,
        retries=call_policy.retries,
        chance=call_policy.chance(),
    )


def _is_absent(outcome: Outcome[Any]) -> bool:
    return bool(outcome.sights) and all(
        one.verdict == "not done" for one in outcome.sights.values()
    )


def _is_unclear(outcome: Outcome[Any]) -> bool:
    return all(one.verdict == "unclear" for one in outcome.sights.values())


def _decided(outcome: Outcome[Any]) -> list[Claim]:
    """Return claims of "not done" for what cannot be read and a person has checked."""
    reason = "decided by a person, who looked: it was not done"
    return [Claim("failed", tuple(outcome.sights), {}, reason)]


def _patience(error: VendorError, call_policy: CallPolicy) -> float:
    asked = error.retry_after_seconds or 0.0
    return min(asked, call_policy.retries.longest_retry_after_seconds)


def looked(
    change: Change[T], answer: Any, call_policy: CallPolicy, do: Do
) -> Flow[Mapping[str, Sight]]:
    """Read a change back, repeatedly after some time while its effect is not visible."""
    assert change.look is not None
    look: Callable[[], Steps[Mapping[str, Sight]]] = partial(change.look, answer)
    sights: Mapping[str, Sight] = {}
    for seconds in (0.0, *change.looks_after_seconds):
        if seconds:
            yield Pause(seconds)
        try:
            sights = yield from do(Procedure(change.send.name, look), call_policy)
        except VendorError as error:
            unclear = Sight("unclear", f"reading it back failed: {error.message}")
            sights = dict.fromkeys(change.wanted.items or (change.wanted.marker,), unclear)
        if all(one.verdict in ("done", "refused") for one in sights.values()):
            break
    return sights


def _unseen(change: Change[T], outcome: Outcome[Any]) -> Outcome[Any]:
    """Return the outcome if nothing can be read back: the vendor's refusal counts, no status does.

    An answer that the vendor's own parser read counts as its word.
    """
    error = outcome.error
    if error is None:
        sight = Sight("unclear", "the vendor reports that it was done; this cannot be read back")
    elif error.is_from_vendor:
        sight = Sight("refused", error.message)
    else:
        sight = Sight("unclear", error.message)
    sights = dict.fromkeys(change.wanted.items or (change.wanted.marker,), sight)
    return Outcome(outcome.answer, error, sights, outcome.is_doubtful)


def claims_of(outcome: Outcome[Any], items: tuple[str, ...] = ()) -> list[Claim]:
    """Return the claims about all items, grouped by equal claims."""
    answer = answer_text(outcome)
    if not outcome.sights:  # nothing left this machine
        reason = "" if outcome.error is None else outcome.error.message
        return [Claim("failed", items, {}, reason)]
    groups: dict[tuple[Literal["confirmed", "failed", "unknown"], str], list[str]] = {}
    for item, sight in outcome.sights.items():
        claim = outcome.claim(sight)
        groups.setdefault((claim, _reason(claim, sight, outcome.error)), []).append(item)
    return [
        Claim(
            claim,
            tuple(together),
            {one: outcome.sights[one].now for one in together if outcome.sights[one].now},
            reason,
            answer,
        )
        for (claim, reason), together in groups.items()
    ]


def answer_text(outcome: Outcome[Any]) -> str | None:
    """Return what the vendor answered: its error as a sentence, or its answer as text or JSON.

    None if no answer came, as for a change that is only read back.
    """
    if outcome.error is not None:
        return None if isinstance(outcome.error, Unreachable) else outcome.error.message
    if outcome.answer is None:
        return None
    if isinstance(outcome.answer, str):
        text = str(outcome.answer)
    else:
        try:
            text = msgspec.json.encode(outcome.answer, enc_hook=_as_plain).decode()
        except (TypeError, ValueError, RecursionError):  # an answer must not end the change
            text = f"an answer of type {type(outcome.answer).__name__}"
    return text if len(text) <= LONGEST_ANSWER else f"{text[:LONGEST_ANSWER]}…"


def _as_plain(value: Any) -> Any:
    """Return a value that JSON has no form for as a list, or in words."""
    return list(value) if isinstance(value, list | tuple | set) else str(value)


def _reason(claim: str, sight: Sight, error: VendorError | None) -> str:
    """Return the reason: for a refusal the vendor's, in doubt also the state as read back."""
    if claim == "confirmed":
        return ""
    reason = "" if error is None else error.message
    if claim == "failed":
        return sight.words if sight.verdict == "refused" else reason
    return "; ".join(filter(None, [reason, sight.words]))


def _concluded(
    change: Change[T],
    outcome: Outcome[Any],
    call_policy: CallPolicy,
    known: str = "the answer reports that it was done",
) -> T:
    """Return the result of a change, or raise the error in its place.

    `known` is the description of a change without an error that cannot be read back.
    """
    result = change.conclude(outcome)
    if result is not None:
        return result
    error = outcome.error
    claims = {outcome.claim(sight) for sight in outcome.sights.values()}
    if error is not None and claims <= {"failed"}:
        error.fate = "refused"
        raise error
    if error is None:
        error = VendorBroken(known, vendor=call_policy.vendor)
        error.operation = change.send.name
    open_ones = [one for one in outcome.sights.values() if outcome.claim(one) != "confirmed"]
    words = next((one.words for one in open_ones if one.words), "it is not to be seen")
    reason = "" if words == error.message else f" ({words})"
    error.message = f"{error.message}; whether it was done is unknown{reason}"
    error.args = (error.message,)
    error.fate, error.is_in_doubt, error.hint = "unknown", True, change.check
    raise error


__all__ = ["Change", "Claim", "Earlier", "Tried", "changed", "claims_of", "looked"]

__getattr__ = renamed(__name__)
