"""Several calls at once: all of them, in any order, and nobody is kept waiting."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.fleet.parallel import imap_unordered


@given(st.lists(st.integers(), max_size=40), st.integers(1, 8))
def test_each_is_called_once_and_keeps_its_place(asked, at_once):
    results = dict(imap_unordered(lambda number: number * 2, asked, at_once))
    assert results == {place: number * 2 for place, number in enumerate(asked)}


def test_an_error_is_a_result():
    def call(number):
        if number == 2:
            raise ZeroDivisionError(number)
        return number

    results = dict(imap_unordered(call, [1, 2, 3], 2))
    assert (results[0], results[2]) == (1, 3)
    assert isinstance(results[1], ZeroDivisionError)


def test_so_many_are_under_way_at_once_and_no_more():
    meeting = threading.Barrier(3, timeout=30)
    under_way = []

    def call(_):
        under_way.append(1)
        meeting.wait()  # ends when three are here, and would break if a fourth were missing
        return len(under_way)

    assert sorted(place for place, _ in imap_unordered(call, range(9), 3)) == list(range(9))


@pytest.mark.parametrize("at_once", [1, 4])
def test_whoever_stops_waits_for_nobody(at_once):
    """One answers, the others wait for ever: leaving the loop does not wait for them."""
    let_go = threading.Event()

    def call(number):
        if number:
            let_go.wait()
        return number

    answers = imap_unordered(call, range(50), at_once)
    assert next(answers) == (0, 0)
    answers.close()
    let_go.set()
    for thread in threading.enumerate():
        if thread.name == "patchfleet-call":
            thread.join(timeout=30)
            assert not thread.is_alive()
