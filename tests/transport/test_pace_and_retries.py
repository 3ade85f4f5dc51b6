"""Rate limits and waits as arithmetic: no clock is read and nothing sleeps."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.errors import ConfigError, RateLimited, Unreachable, VendorError
from patchfleet.qualys import TokenAuth
from patchfleet.transport.rate_limit import NoRateLimit, RateLimit, whole_calls
from patchfleet.transport.retry import Retries, wait_before_next

SECONDS = st.integers(0, 200).map(lambda quarters: quarters / 4)  # exact in binary


def start_of(rate_limit: RateLimit, asked_at: float) -> float:
    """Return when a caller that asks, waits as told and asks again may begin."""
    now = asked_at
    while (wait := rate_limit.take(now)) > 0:
        now += wait
    return now


@given(
    calls=st.integers(1, 5),
    seconds=st.sampled_from([1.0, 7.0, 60.0]),
    asked=st.lists(SECONDS, min_size=1, max_size=40),
)
def test_no_window_ever_holds_one_call_too_many(
    calls: int, seconds: float, asked: list[float]
) -> None:
    rate_limit = RateLimit(calls, seconds=seconds)
    starts = sorted(start_of(rate_limit, moment) for moment in asked)
    for first, beyond in zip(starts, starts[calls:], strict=False):
        assert beyond - first >= seconds - 1e-9


@given(calls=st.integers(1, 5), asked=st.lists(SECONDS, min_size=1, max_size=40).map(sorted))
def test_nobody_waits_while_there_is_a_place(calls: int, asked: list[float]) -> None:
    rate_limit = RateLimit(calls, seconds=10)
    starts: list[float] = []
    for moment in asked:
        is_free = len([start for start in starts if start > moment - 10]) < calls
        wait = rate_limit.take(moment)
        assert (wait == 0) == is_free
        if is_free:
            starts.append(moment)


@given(asked=st.lists(SECONDS, max_size=20), until=SECONDS)
def test_after_a_hold_nothing_begins_before_its_end(asked: list[float], until: float) -> None:
    rate_limit = RateLimit(3, seconds=2)
    rate_limit.hold(until)
    rate_limit.hold(until - 5)  # a shorter one takes nothing back
    assert all(start_of(rate_limit, moment) >= until for moment in asked)


def test_the_vendors_pace_is_the_default() -> None:
    rate_limit = RateLimit()
    assert [rate_limit.take(0.0) for _ in range(60)] == [0.0] * 60
    assert rate_limit.take(0.0) == 60.0
    assert rate_limit.take(59.5) == 0.5
    assert rate_limit.take(60.0) == 0.0
    assert repr(rate_limit) == "RateLimit(60, seconds=60)"


@given(st.floats(0.0001, 1e6), st.sampled_from([60, 3600]))
def test_a_number_of_calls_that_is_not_whole_is_never_exceeded(calls: float, seconds: int) -> None:
    number, window = whole_calls(calls, seconds)
    assert number >= 1
    assert number / window <= calls / seconds * (1 + 1e-9)
    assert repr(
        TokenAuth("user", "password", rate_limit=calls / 3600 * seconds).call_policy.rate_limit
    )


def test_threads_share_the_places() -> None:
    rate_limit = RateLimit(50, seconds=60)
    taken: list[float] = []

    def take() -> None:
        taken.extend(rate_limit.take(0.0) for _ in range(20))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(0.0) == 50
    assert len(taken) == 160


def test_no_pace_is_always_free() -> None:
    rate_limit = NoRateLimit()
    rate_limit.hold(1e9)
    assert rate_limit.take(0.0) == 0.0
    assert repr(rate_limit) == "NoRateLimit()"


@pytest.mark.parametrize(("calls", "seconds"), [(0, 60.0), (-1, 60.0), (1, 0.0), (1, -1.0)])
def test_a_pace_that_is_none_is_refused(calls: int, seconds: float) -> None:
    with pytest.raises(ConfigError, match="must be greater than 0"):
        RateLimit(calls, seconds=seconds)


def test_no_attempt_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 attempts"):
        Retries(attempts=0)


@given(
    attempt=st.integers(1, 12),
    attempts=st.integers(1, 10),
    chance=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(0, 400),
    repeatable=st.booleans(),
    error_kind=st.sampled_from([RateLimited, Unreachable]),
)
def test_waits_keep_their_bounds(
    attempt: int,
    attempts: int,
    chance: float,
    asked: float | None,
    repeatable: bool,
    error_kind: type[VendorError],
) -> None:
    retries = Retries(attempts=attempts)
    error = error_kind("x", retry_after_seconds=asked)
    wait = wait_before_next(
        error, attempt=attempt, repeatable=repeatable, retries=retries, chance=chance
    )
    may = attempt < attempts and (repeatable or error.fate == "refused")
    if not may or (asked is not None and asked > retries.longest_retry_after_seconds):
        assert wait is None
    elif asked is None:
        assert wait is not None
        assert 0 <= wait <= min(2.0 ** (attempt - 1), retries.longest_wait_seconds)
    else:
        assert wait is not None
        assert asked <= wait <= asked + retries.first_wait_seconds
