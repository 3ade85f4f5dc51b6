"""How a list is read to its end: pages that are short, capped, repeated, lost or drifting.

By hand, against a server that is a function; `test_pages_over_http.py` does it over HTTP.
"""

import random
from collections.abc import Callable, Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from patchfleet.errors import ConfigError, NotFound, Rejected, Unreadable
from patchfleet.qualys import paging
from patchfleet.transport.messages import Request
from patchfleet.transport.operation import Operation, RecordBatch

Row = dict[str, Any]


class Server:
    """Rows, pages of them, and what goes wrong with these."""

    def __init__(self, rows: int, *, cap: int | None = None, count: bool = False) -> None:
        self.rows: list[str | None] = [f"row {number}" for number in range(rows)]
        self.cap = cap
        self.counts = count
        self.calls: list[tuple[int, int] | str] = []
        self.before_page: Callable[[int], None] = lambda number: None

    def numbered(self, number: int, size: int) -> Operation[list[Row]]:
        return Operation("page", Request(path=f"/{number}/{size}"), lambda _: [])

    def cursored(self, size: int) -> Callable[[str | None], Operation[Any]]:
        return lambda cursor: Operation("cursor", Request(path=f"/{cursor}/{size}"), lambda _: [])

    def answer(self, asked: Operation[Any]) -> Any:
        if asked.name == "count":
            self.calls.append("count")
            return len(self.rows)
        first, size = asked.request.path.strip("/").split("/")
        if asked.name == "cursor":
            return self.page_after(first, int(size))
        self.before_page(len(self.calls))
        self.calls.append((int(first), int(size)))
        width = min(int(size), self.cap or int(size))
        return [{"id": row} for row in self.rows[int(first) * width :][:width]]

    def page_after(self, cursor: str, size: int) -> Any:
        self.calls.append(cursor)
        start = 0 if cursor == "None" else int(cursor)
        rows = [{"id": row} for row in self.rows[start : start + size]]
        full = len(rows) == size
        return paging.Cursored(rows, str(start + size) if full else None)

    def count(self) -> Generator[Any, Any, int | None]:
        return paging.count_or_none(Operation("count", Request(path="/"), lambda _: 0))


def reading(server: Server, size: int, **more: Any) -> "paging.Reading[Row]":
    count = server.count if server.counts else None
    return paging.Reading("rows", lambda row: row["id"], page_size=size, count=count, **more)


def found(server: Server, steps: Any) -> list[Any]:
    """Answer what the steps ask for, and return what they find."""
    rows: list[Any] = []
    answer: Any = None
    try:
        while True:
            step = steps.send(answer)
            if isinstance(step, RecordBatch):
                rows += [row["id"] for row in step.records]
                answer = None
            else:
                answer = server.answer(step)
    except StopIteration:
        return rows


def by_page(server: Server, size: int, **more: Any) -> list[Any]:
    how = {name: more.pop(name) for name in ("known_size", "is_steady") if name in more}
    return found(server, paging.by_page(reading(server, size, **more), server.numbered, **how))


def by_cursor(server: Server, size: int, **more: Any) -> list[Any]:
    return found(server, paging.by_cursor(reading(server, size, **more), server.cursored(size)))


@given(
    rows=some.integers(0, 200),
    size=some.integers(1, 60),
    cap=some.none() | some.integers(11, 50),
    count=some.booleans(),
)
def test_numbered_pages_make_the_whole_once(
    rows: int, size: int, cap: int | None, count: bool
) -> None:
    server = Server(rows, cap=cap, count=count)
    assert by_page(server, size) == server.rows


@given(rows=some.integers(0, 200), size=some.integers(1, 60))
def test_cursors_make_the_whole_once(rows: int, size: int) -> None:
    server = Server(rows, count=True)
    assert by_cursor(server, size) == server.rows


@given(seed=some.integers(0, 10_000), count=some.booleans())
def test_what_was_there_all_along_is_found_while_others_come_and_go(seed: int, count: bool) -> None:
    chance = random.Random(seed)
    server = Server(90, count=count)
    stayed = set(server.rows)

    def drift(call: int) -> None:
        if call < 12 and chance.random() < 0.4:
            if chance.random() < 0.5:
                stayed.discard(server.rows.pop(chance.randrange(len(server.rows))))
            else:
                server.rows.insert(chance.randrange(len(server.rows)), f"new {call}")

    server.before_page = drift
    rows = by_page(server, 10)
    assert stayed <= set(rows)
    assert len(rows) == len(set(rows))


def test_one_page_of_a_known_size_costs_one_call() -> None:
    server = Server(7)
    assert len(by_page(server, 10)) == 7
    assert server.calls == [(0, 10)]


def test_a_short_page_of_another_size_is_asked_about() -> None:
    server = Server(7)
    assert len(by_page(server, 100)) == 7
    assert server.calls == [(0, 100), (1, 100)]


def test_a_server_that_caps_pages_is_asked_in_its_size() -> None:
    """One that counts pages in the size that was asked for would skip rows otherwise."""
    server = Server(95, cap=40)
    assert by_page(server, 100) == server.rows
    assert server.calls[:4] == [(0, 100), (1, 100), (0, 40), (1, 40)]


def test_a_larger_page_that_is_refused_is_not_asked_for_again() -> None:
    server = Server(25)

    def answer(asked: Operation[Any]) -> Any:
        size = int(asked.request.path.split("/")[2])
        if size > 10:
            raise Rejected("too large")
        return Server.answer(server, asked)

    steps = paging.by_page(reading(server, 10), server.numbered)
    rows: list[Any] = []
    step = next(steps)
    while True:
        try:
            if isinstance(step, RecordBatch):
                rows += step.records
                step = steps.send(None)
            else:
                try:
                    step = steps.send(answer(step))
                except Rejected as error:
                    step = steps.throw(error)
        except StopIteration:
            break
    assert len(rows) == 25


def test_a_page_that_repeats_is_an_error() -> None:
    server = Server(50)
    server.answer = lambda asked: [{"id": row} for row in server.rows[:10]]  # type: ignore[method-assign]
    with pytest.raises(Unreadable, match="page 2 of the rows repeats") as caught:
        by_page(server, 10)
    assert not caught.value.transient


def test_a_page_that_holds_a_row_twice_proves_nothing() -> None:
    server = Server(8)
    whole = [*server.rows]
    server.rows[6:] = whole[:2]
    with pytest.raises(Unreadable, match="2 of the rows are twice on one page; 6 were read"):
        by_page(server, 10)
    server.calls.clear()

    def mended(calls: int) -> None:
        if calls:
            server.rows[:] = whole

    server.before_page = mended
    assert by_page(server, 10) == whole


class OnePageDoubled(Server):
    """A server that caps its pages, and whose n-th page repeats its first half in its second."""

    def __init__(self, rows: int, *, cap: int, doubled: int) -> None:
        super().__init__(rows, cap=cap)
        self.doubled = doubled

    def answer(self, asked: Operation[Any]) -> Any:
        rows = super().answer(asked)
        if len(self.calls) - 1 == self.doubled:
            half = len(rows) // 2
            rows[half:] = rows[: len(rows) - half]
        return rows


@given(
    rows=some.integers(0, 80),
    cap=some.integers(10, 25),  # a page of 10 is documented, and served
    size=some.sampled_from([10, 100]),
    doubled=some.integers(0, 12),
)
def test_a_page_that_lies_once_hides_nothing_of_a_capped_list(
    rows: int, cap: int, size: int, doubled: int
) -> None:
    server = OnePageDoubled(rows, cap=cap, doubled=doubled)
    try:
        got = by_page(server, size)
    except Unreadable:
        return
    assert sorted(got) == sorted(f"row {number}" for number in range(rows))


def test_a_cursor_that_repeats_is_an_error() -> None:
    server = Server(50)
    rows = iter([paging.Cursored([{"id": 1}], "x"), paging.Cursored([{"id": 2}], "x")])
    server.answer = lambda asked: next(rows)  # type: ignore[method-assign]
    with pytest.raises(Unreadable, match="repeats"):
        by_cursor(server, 1)


def test_a_full_last_page_without_a_cursor_needs_a_count() -> None:
    page = paging.Cursored([{"id": number} for number in range(10)], None)
    server = Server(10)
    server.answer = lambda asked: page  # type: ignore[method-assign]
    with pytest.raises(Unreadable, match=r"full and names no next one.* 10 were read"):
        by_cursor(server, 10)
    server = Server(10, count=True)
    server.page_after = lambda cursor, size: page  # type: ignore[method-assign]
    assert len(by_cursor(server, 10)) == 10


@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("counted", [None, 0, 10, 30, 31])
def test_an_empty_page_that_names_a_next_one_needs_a_count(
    before: int, counted: int | None
) -> None:
    def page(cursor: str, _: int) -> Any:
        start = 0 if cursor == "None" else int(cursor)
        rows = [{"id": number} for number in range(start, start + 10)] if start < before else []
        return paging.Cursored([*rows], str(start + 10 if rows else 99))

    before *= 10
    server = Server(counted or 0, count=counted is not None)
    server.page_after = page  # type: ignore[method-assign]
    if counted == before:
        assert len(by_cursor(server, 10)) == before
    else:
        with pytest.raises(Unreadable):
            by_cursor(server, 10)


def test_a_list_that_is_cut_short_says_how_many_are_missing() -> None:
    server = Server(30, count=True)
    server.page_after = lambda cursor, size: paging.Cursored(  # type: ignore[method-assign]
        [{"id": number} for number in range(10)], None
    )
    with pytest.raises(Unreadable, match="20 of 30 rows did not come"):
        by_cursor(server, 10)


def test_a_list_that_never_holds_still_is_an_error() -> None:
    server = Server(30, cap=12)
    added = iter(range(1000))
    server.before_page = lambda call: server.rows.insert(0, f"new {next(added)}")
    with pytest.raises(Unreadable, match="did not hold still"):
        by_page(server, 10)


def test_a_record_without_an_id_is_an_error() -> None:
    server = Server(3)
    server.rows[1] = None
    with pytest.raises(Unreadable, match="one of the rows has no id"):
        by_page(server, 10)


def test_only_so_many_pages() -> None:
    server = Server(95, count=True)
    assert len(by_page(server, 10, page_count=3)) == 30
    assert server.calls == [(0, 10), (1, 10), (2, 10)]
    assert len(by_cursor(Server(95), 10, page_count=3)) == 30


def test_pages_that_tell_how_many_there_are_cost_no_further_one() -> None:
    server = Server(40)
    rows = by_page(server, 100, reported_total=lambda: 40, is_steady=True)
    assert len(rows) == 40
    assert server.calls == [(0, 100)]
    with pytest.raises(Unreadable, match="10 of 50 rows did not come"):
        by_page(Server(40), 100, reported_total=lambda: 50, is_steady=True)


def test_a_count_that_is_not_there_is_none() -> None:
    steps = paging.count_or_none(Operation("count", Request(path="/"), lambda _: 0))
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.throw(NotFound("no such address"))
    assert end.value.value is None


@pytest.mark.parametrize(
    ("size", "count"), [(0, "all"), (-1, "all"), (True, "all"), (10, 0), (10, "some")]
)
def test_sizes_that_are_none(size: Any, count: Any) -> None:
    with pytest.raises(ConfigError):
        paging.check_sizes(size, count)
