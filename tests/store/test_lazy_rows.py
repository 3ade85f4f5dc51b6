"""Lazy rows are a sequence: what is read of them is what a list would have there."""

import inspect

import pytest

from patchfleet.errors import StoreError
from patchfleet.store import queries
from patchfleet.store.queries import LazyRows

NUMBERS = list(range(7))


class Reads:
    """Numbers that remember how many of them were asked for, and how often they were counted."""

    def __init__(self, there):
        self.there, self.asked, self.counted = there, [], 0

    def read(self, limit):
        self.asked.append(limit)
        return iter(self.there[:limit])

    def count(self):
        self.counted += 1
        return len(self.there)


@pytest.mark.parametrize("count", [7, lambda: 7])
@pytest.mark.parametrize(
    "part",
    [slice(3), slice(2, 5), slice(0, 0), slice(4, 99), slice(-2, None), slice(None, None, 2)],
)
def test_parts_are_parts_of_a_list(part, count):
    rows = LazyRows(lambda limit: iter(NUMBERS[:limit]), count)
    assert list(rows[part]) == NUMBERS[part]
    assert len(rows[part]) == len(NUMBERS[part])
    assert list(rows[1:6][part]) == NUMBERS[1:6][part]
    assert [str(number) for number in NUMBERS[part]] == list(rows.map(str)[part])
    assert (rows[0], rows[-1], rows[2:][1]) == (0, 6, 3)
    assert list(reversed(rows)) == NUMBERS[::-1]
    assert 3 in rows
    with pytest.raises(IndexError):
        rows[7]


@pytest.mark.parametrize("limit", [0, 2, 4, 9, None])
def test_a_part_reads_its_own_rows_and_no_more(limit):
    source = Reads(NUMBERS)
    rows = LazyRows(source.read, 7)
    assert list(rows[1:5].read(limit)) == NUMBERS[1:5][:limit]
    assert source.asked == [5 if limit is None else min(1 + limit, 5)]


def test_rows_are_counted_once_and_only_when_they_have_to_be():
    source = Reads(NUMBERS)
    rows = LazyRows(source.read, source.count)
    assert [*rows.read()] == [number for number in rows] == NUMBERS  # noqa: C416 -- not its length
    assert (len(rows), source.counted) == (7, 0)
    again = LazyRows(source.read, source.count)
    assert (len(again), len(again), len(again.map(str))) == (7, 7, 7)
    assert source.counted == 1
    assert len(again.counted(9)) == 9


@pytest.mark.parametrize("count", [6, 8])
def test_rows_that_are_not_as_many_as_were_counted_are_an_error(count):
    rows = LazyRows(lambda limit: iter(NUMBERS[:limit]), count)
    for some in (rows, rows[:], rows[2:], rows.map(str)):
        with pytest.raises(StoreError, match=r"rows were counted and \d\+? read"):
            list(some)


QUERIES = {
    name: query for name in queries.__all__ if hasattr(query := getattr(queries, name), "lazy")
}


def test_a_query_for_a_list_is_a_function_that_has_one_for_lazy_rows():
    assert {"work_items", "devices", "failed_patches"} <= set(QUERIES)
    for name, query in QUERIES.items():
        assert inspect.isfunction(query)
        assert (query.__name__, query.__doc__) == (name, query.lazy.__doc__)
        returns = inspect.signature(query).return_annotation
        assert f"{returns}".startswith("list[")
        assert f"{inspect.signature(query.lazy).return_annotation}".endswith(
            f"LazyRows[{returns.__args__[0].__module__}.{returns.__args__[0].__name__}]"
        )
        assert inspect.signature(query).parameters == inspect.signature(query.lazy).parameters
