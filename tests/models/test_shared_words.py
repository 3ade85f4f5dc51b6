"""Severities and KB numbers, whoever writes them and however: one table for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchfleet.models import SEVERITIES
from patchfleet.models.selection import kb_of
from patchfleet.models.vocabulary import (
    NOT_STATED,
    SEVERITY_WORDS,
    is_severity_stated,
    kb_in_title,
    kb_number,
    kb_numbers,
    severity_of,
    severity_word,
)

BLANKS = st.text(" \t\n\u00a0", max_size=2)
NUMBERS = st.integers(100_000, 99_999_999).map(str)


@given(
    st.sampled_from(sorted(SEVERITY_WORDS)), BLANKS, BLANKS, st.sampled_from([str.upper, str.title])
)
def test_a_severity_in_any_case_and_among_blanks(word, before, after, spell):
    assert severity_of(before + spell(word) + after) == SEVERITY_WORDS[word]
    assert is_severity_stated(before + word + after)


@given(st.text(max_size=12))
def test_any_other_word_is_unspecified(word):
    assert severity_of(word) in SEVERITIES
    assert (severity_of(word) == "unspecified") == (severity_word(word) is None)


@pytest.mark.parametrize("word", [None, *sorted(NOT_STATED)])
def test_words_for_none(word):
    assert severity_word(word) is None
    assert not is_severity_stated(word)
    assert severity_of(word) == "unspecified"


@given(
    NUMBERS,
    st.sampled_from(["", "KB", "kb", "Kb", "KB ", "kb-", "KB_", "Q", "q"]),
    st.integers(0, 2),
    BLANKS,
)
def test_a_number_with_its_letters_blanks_and_leading_zeros(number, letters, zeros, blanks):
    written = blanks + letters + "0" * min(zeros, 9 - len(number)) + number + blanks
    assert kb_number(written) == number
    assert kb_of(written) == number
    assert kb_numbers(written) == (number,)


@pytest.mark.parametrize(
    "text",
    ["Gold", "N/A", "5761587_X", "", None, "KB", "KB12345", "0012345", "KB123456789", "1e6",
     "KB50499810000", "5049981.5", "²²²²²²", "١٢٣٤٥٦٧"],
)  # fmt: skip
def test_what_is_no_number(text):
    assert kb_number(text) is None
    assert kb_numbers(text) == ()


@given(st.lists(NUMBERS, min_size=1, max_size=4, unique=True), st.sampled_from([", ", ";", " / "]))
def test_several_are_several(numbers, between):
    assert kb_numbers(between.join(f"KB{number}" for number in numbers)) == tuple(numbers)
    assert kb_numbers(between.join(["Gold", *numbers])) == tuple(numbers)
    assert kb_numbers(" ".join(f"KB {number}" for number in numbers)) == tuple(numbers)


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("2025-01 Cumulative Update (KB5049981)", "5049981"),
        ("Update for X - KB 890830 (kb1234567)", "890830"),
        ("security update kb4052623", "4052623"),
        ("Removal Tool KB0890830", "890830"),
        ("Update (KB-5049981)", "5049981"),
        ("KB12345", None),
        ("KB12345 and KB5049981", "5049981"),
        ("KB123456789", None),
        ("BKB5049981", None),
        ("5049981", None),
        ("Google Chrome 131", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers_in_titles(title, number):
    assert kb_in_title(title) == number


@given(st.text())
def test_no_text_crashes_a_reader(text):
    for number in (kb_number(text), kb_in_title(text), *kb_numbers(text)):
        assert number is None or (number.isascii() and 6 <= len(number) <= 8)


@pytest.mark.parametrize(
    ("term", "number"), [("KB12", "12"), ("5049981", "5049981"), ("2025", None)]
)
def test_what_a_person_means(term, number):
    assert kb_of(term) == number
