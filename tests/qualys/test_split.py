"""Queries for more than 10,000 records: parts that fit, do not overlap, and add up."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from patchfleet.errors import Unreadable, WindowExceeded
from patchfleet.qualys import partition
from patchfleet.transport.messages import Request
from patchfleet.transport.operation import Operation

SEVERITIES = partition.Words("vendorSeverity", ("Critical", "Low"))
NUMBERS = partition.Below("missingCount", 0, 1 << 20)


def ask(query: str | None) -> Operation[int]:
    return Operation("count", Request(path="/", query=(("query", query or ""),)), lambda _: 0)


def parts(
    count: Callable[[str], int], query: str | None, words: Any, ranges: Any
) -> list[tuple[str | None, int]]:
    steps = partition.parts_of(query, ask, words, ranges)
    answer: Any = None
    try:
        while True:
            asked = steps.send(answer)
            answer = count(asked.request.query[0][1])
    except StopIteration as end:
        found: list[tuple[str | None, int]] = end.value
        return found


class Rows:
    """Rows with a severity and a number, and a count of those that a query of ours matches."""

    def __init__(self, rows: list[tuple[str | None, int]]) -> None:
        self.rows = rows

    def matching(self, query: str) -> list[int]:
        text = re.sub(r"vendorSeverity:`(\w+)`", r"(word == '\1')", query)
        text = text.replace("missingCount", "number") or "True"
        fits = eval(f"lambda word, number: {text}")  # and, or, not are Python's as well
        return [place for place, (word, number) in enumerate(self.rows) if fits(word, number)]

    def count(self, query: str) -> int:
        return len(self.matching(query))


def test_what_fits_is_not_split() -> None:
    rows = Rows([("Low", 1)] * 10_000)
    assert parts(rows.count, None, SEVERITIES, [NUMBERS]) == [(None, 10_000)]


def test_every_row_is_in_one_part_also_one_without_a_word() -> None:
    rows = Rows(
        [("Critical", number) for number in range(12_500)]
        + [("Low", number) for number in range(3_000)]
        + [(None, number) for number in range(2_000)]
        + [("Odd", number) for number in range(10)]
    )
    found = parts(rows.count, None, SEVERITIES, [NUMBERS])
    assert sum(size for _, size in found) == len(rows.rows)
    assert all(size <= partition.WINDOW for _, size in found)
    places = [place for query, _ in found for place in rows.matching(query or "")]
    assert sorted(places) == list(range(len(rows.rows)))


def test_the_query_is_kept_in_parentheses() -> None:
    asked: list[str] = []

    def count(query: str) -> int:
        asked.append(query)
        return 20_000 if len(asked) == 1 else 10_000 if "missingCount" in query else 20_000

    parts(count, "a:1 or b:2", None, [NUMBERS])
    assert asked[0] == "a:1 or b:2"
    assert all("(a:1 or b:2) and (" in query for query in asked[1:])


def test_parts_that_do_not_add_up_are_an_error() -> None:
    counts = {"": 20_000}
    with pytest.raises(Unreadable, match="the parts of the query match 9 records"):
        parts(lambda query: counts.get(query, 3), None, SEVERITIES, [NUMBERS])


def test_what_cannot_be_split_is_an_error() -> None:
    rows = Rows([("Critical", 5)] * 10_001)
    with pytest.raises(WindowExceeded, match="10001 records match") as caught:
        parts(rows.count, None, SEVERITIES, [NUMBERS])
    assert caught.value.hint


def test_days_are_split_by_their_dates() -> None:
    first, last = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 9))
    days = partition.days_below("lastModified", first, last)
    halves = days.halves("a:1")
    assert halves is not None
    (early, _), (late, _) = halves
    assert early == '(a:1) and (lastModified < "2026-01-05")'
    assert late == '(a:1) and (not (lastModified < "2026-01-05"))'
