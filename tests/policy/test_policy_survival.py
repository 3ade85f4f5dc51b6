"""The estimate by hand, by a textbook example, and its properties."""

from fractions import Fraction
from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.policy import INDUSTRY_FIGURES, survival

# Weeks of remission of 21 patients who took 6-mercaptopurine (Freireich and others, 1963), the
# example of most textbooks; + was still in remission.
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"


def test_the_textbook_example():
    pairs = [(float(text.rstrip("+")), not text.endswith("+")) for text in REMISSION.split()]
    estimate = survival(pairs)
    assert (estimate.count, estimate.closed, estimate.open) == (21, 9, 12)
    assert estimate.days == (6, 7, 10, 13, 16, 22, 23)
    expected = (0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448)
    assert estimate.shares_open == pytest.approx(expected, abs=0.0005)
    assert estimate.median_days == 23
    assert estimate.closed_by(5.9) == 0
    assert estimate.closed_by(6) == pytest.approx(1 - 0.857, abs=0.0005)
    assert estimate.closed_by(35) == pytest.approx(1 - 0.448, abs=0.0005)
    assert estimate.closed_by(35.1) is None


def test_what_is_still_open_counts():
    closed = [(10, True)] * 5
    assert survival(closed).median_days == 10
    both = survival([*closed, *[(90, False)] * 6])
    assert both.median_days is None
    assert both.closed_by(28) == pytest.approx(5 / 11)


def test_when_all_is_closed_it_stays_closed():
    estimate = survival([(1, True), (2, True)])
    assert estimate.closed_by(1000) == 1
    assert estimate.median_days == 1


def test_what_closes_on_the_day_another_is_last_seen_open_closes_first():
    assert survival([(5, True), (5, False)]).closed_by(5) == 0.5


def test_a_half_that_is_a_product_of_fractions_is_a_half():
    observed = [(1, True), (2, True), (2.5, False), (3, True), (4, False), (4, False)]
    share = Fraction(5, 6) * Fraction(4, 5) * Fraction(2, 3)
    assert survival(observed).shares_open[-1] == pytest.approx(float(share))
    thirds = [(1, True), (2, True), (3, False), (3, False)]
    assert survival(thirds).median_days == 2


def test_of_nothing_nothing_is_known():
    estimate = survival([])
    assert (estimate.count, estimate.median_days, estimate.closed_by(1)) == (0, None, None)


@pytest.mark.parametrize("days", [-0.1, float("nan"), float("inf")])
def test_days_that_are_none(days):
    with pytest.raises(ValueError, match="is not a number of days"):
        survival([(days, True)])


OBSERVED = st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=60)


@given(OBSERVED, st.integers(0, 61))
def test_the_share_closed_is_a_share_and_grows(observed, days):
    estimate = survival(observed)
    shares = [estimate.closed_by(day) for day in range(days + 1)]
    known = [share for share in shares if share is not None]
    assert known == sorted(known)
    assert all(0 <= share <= 1 for share in known)
    assert shares[: len(known)] == known


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60))
def test_without_open_ones_it_is_the_plain_share(days):
    estimate = survival((each, True) for each in days)
    assert estimate.median_days == median_low(days)
    for day in range(61):
        share = sum(each <= day for each in days) / len(days)
        assert estimate.closed_by(day) == pytest.approx(share)


@given(OBSERVED.filter(bool))
def test_leaving_out_what_is_open_never_looks_worse(observed):
    whole = survival(observed)
    alone = survival(pair for pair in observed if pair[1])
    for day in range(61):
        share = whole.closed_by(day)
        if share is not None and alone.count:
            assert share <= alone.closed_by(day) + 1e-9


def test_the_figures_of_the_world_have_a_source():
    assert [(figure.value, figure.unit) for figure in INDUSTRY_FIGURES] == [
        (43, "days"),
        (0.26, "share"),
        (0.35, "share"),
    ]
    assert all(figure.source for figure in INDUSTRY_FIGURES)
