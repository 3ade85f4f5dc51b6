"""Partition of a query that matches more than 10,000 records [D: gs].

A part is the query with conditions that do not overlap: first the words of a token, then halves of
a range of numbers or times, each with its complement, so that a record without any of the words is
in a part as well. Every part is counted, and the counts must add up to the whole.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from patchfleet.errors import Unreadable, WindowExceeded
from patchfleet.qualys.query import narrowed
from patchfleet.transport.operation import Operation, Steps

WINDOW: Final = 10_000
"""The number of records one query may return by numbered pages [D: gs]."""

Count = Callable[[str | None], Operation[int]]
"""The call that counts the records a query matches."""


@dataclass(frozen=True, slots=True)
class Words:
    """Split by the words of a token; records with none of them are a part of their own."""

    token: str
    words: tuple[str, ...]

    def split(self, query: str | None) -> Iterator[str]:
        """Yield the parts of a query."""
        for word in self.words:
            yield narrowed(query, f"{self.token}:`{word}`")
        anything = " or ".join(f"{self.token}:`{word}`" for word in self.words)
        yield narrowed(query, f"not ({anything})")


@dataclass(frozen=True, slots=True)
class Below:
    """Split at a value of a token: `token < value`, and its complement."""

    token: str
    low: int
    high: int
    spelled: Callable[[int], str] = str

    def halves(self, query: str | None) -> "tuple[tuple[str, Below], tuple[str, Below]] | None":
        """Return both halves of a query and their further split; None if it cannot be split."""
        if self.high - self.low < 2:
            return None
        middle = (self.low + self.high) // 2
        condition = f"{self.token} < {self.spelled(middle)}"
        return (
            (narrowed(query, condition), Below(self.token, self.low, middle, self.spelled)),
            (
                narrowed(query, f"not ({condition})"),
                Below(self.token, middle, self.high, self.spelled),
            ),
        )


def days_below(token: str, first: datetime, last: datetime) -> Below:
    """Split by a date, with a day as the smallest part."""
    start = datetime(2000, 1, 1, tzinfo=UTC)

    def spelled(day: int) -> str:
        return f'"{(start + timedelta(days=day)):%Y-%m-%d}"'

    return Below(token, (first - start).days, (last - start).days + 1, spelled)


def parts_of(
    query: str | None, count: Count, words: Words | None, ranges: Sequence[Below]
) -> Steps[list[tuple[str | None, int]]]:
    """Return queries that together match what `query` matches, none more than 10,000 records.

    Each comes with its count. Raises `WindowExceeded` if a part cannot be made smaller, and
    `Unreadable` if the parts do not add up to the whole.
    """
    total: int = yield count(query)
    if total <= WINDOW or words is None:
        found = yield from _small_parts(query, total, count, ranges)
    else:
        found = []
        for part in words.split(query):
            size: int = yield count(part)
            found += yield from _small_parts(part, size, count, ranges)
    added = sum(size for _, size in found)
    if added != total:
        raise Unreadable(
            f"the parts of the query match {added} records together and the whole matches {total}",
            transient=False,
        )
    return [(part, size) for part, size in found if size]


def _small_parts(
    query: str | None, size: int, count: Count, ranges: Sequence[Below]
) -> Steps[list[tuple[str | None, int]]]:
    if size <= WINDOW:
        return [(query, size)]
    for place, one in enumerate(ranges):
        halves = one.halves(query)
        if halves is None:
            continue
        found: list[tuple[str | None, int]] = []
        for half, further in halves:
            half_size: int = yield count(half)
            rest = [further, *ranges[place + 1 :]]
            found += yield from _small_parts(half, half_size, count, rest)
        return found
    raise WindowExceeded(
        f"{size} records match and cannot be asked for in parts of {WINDOW}",
        hint="narrow it down with a query",
    )
