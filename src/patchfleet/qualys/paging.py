"""Complete reading of lists of many pages, and the proof that a list is complete.

No page reports how many records there are, and records come and go while pages are read. So a list
is read in passes, and no pass is trusted alone:

- a page of records that were all on earlier pages is an error, not the end; a page that holds a
  record twice proves nothing;
- a page shorter than the requested size ends the list only if the vendor documents that it serves
  pages of that size: a server may cap pages, and a capped page is not the last;
- a count, if there is one, must agree; without one, a list of several pages is complete only if
  another pass finds nothing new.

Every record that existed throughout is found, each once.
"""

from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from patchfleet.errors import ConfigError, NotFound, NotTheVendor, Rejected, Unreadable
from patchfleet.transport.operation import Operation, RecordBatch, Steps

R = TypeVar("R")
Passing: TypeAlias = Generator[Any, Any, "Pass"]
PageCount: TypeAlias = int | Literal["all"]
PASSES: Final = 4
LARGE_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Pass:
    """The result of one reading from start to end.

    An empty page that only confirms a short one is not counted. `doubled` counts records that were
    twice on one page, perhaps in the place of others.
    """

    pages: int
    records: int
    new: int
    doubled: int = 0
    is_cut: bool = False  # the last page was full without a next one, or empty with one


@dataclass(frozen=True, slots=True)
class Cursored(Generic[R]):
    """Records of one page, and the cursor of the next one, if the server named any."""

    records: Sequence[R]
    cursor: str | None


@dataclass(slots=True)
class Reading(Generic[R]):
    """One list to read: its name for errors, the identity of a record, and the records seen.

    `count` asks for the number of records and may raise `NotFound`: not every list has a count.
    `page_count` limits the pages that are read, and then nothing is checked. `reported_total`
    returns the number of records that the pages report, so that no further page is requested;
    `reports_end` is true if each page reports whether more follow.
    """

    what: str
    key: Callable[[R], Hashable]
    page_size: int
    page_count: PageCount = "all"
    count: Callable[[], Steps[int | None]] | None = None
    reported_total: Callable[[], int | None] | None = None
    reports_end: bool = False
    hint: str | None = None
    seen: dict[Hashable, "_Met[R]"] = field(default_factory=dict)

    def is_enough(self, pages: int) -> bool:
        """Return whether the pages that the caller wants have been read."""
        return self.page_count != "all" and pages >= self.page_count

    def has_all(self, records: int) -> bool:
        """Return whether the pages reported their number of records, and all have come."""
        reported_total = self.reported_total() if self.reported_total else None
        return reported_total is not None and records >= reported_total

    def cut_short(self) -> Unreadable:
        """Return the error for a list that may have ended early, or lack a page."""
        return Unreadable(
            f"the last page of the {self.what} is full and names no next one, or is empty and "
            f"names one; {len(self.seen)} were read and there may be more",
            transient=False,
        )

    def incomplete(self, ended: Pass, total: int | None) -> Unreadable:
        """Return the error for a list whose records and count disagree."""
        records = ended.records
        if total is None and ended.doubled:
            message = (
                f"{ended.doubled} of the {self.what} are twice on one page; "
                f"{len(self.seen)} were read and there may be more"
            )
        elif total is None:
            message = (
                f"the {self.what} did not hold still: each of {PASSES} readings brought new ones"
            )
        elif records < total:
            message = f"{total - records} of {total} {self.what} did not come"
        else:
            message = f"{records} {self.what} came, and the server counts {total}"
        return Unreadable(message, transient=False, hint=self.hint)

    def repeats(self, page: int) -> Unreadable:
        """Return the error for a page that repeats the records of earlier ones."""
        return Unreadable(
            f"page {page} of the {self.what} repeats what came before it; "
            f"{len(self.seen)} were read and there may be more",
            transient=False,
        )


class _Met(Generic[R]):
    """Count the records that one pass meets.

    A reading remembers each record once, with the pass that met it last: lists are long, and only
    ids are kept.
    """

    def __init__(self, reading: Reading[R], new: int = 0, doubled: int = 0) -> None:
        self._reading = reading
        self.records = 0
        self.new, self.doubled = new, doubled

    def take(self, records: Sequence[R], page: int, *, may_slip: bool = False) -> list[R]:
        """Return the records of a page that no pass met before.

        Raises `Unreadable` for a record without an id, and for a page of records that this pass met
        before, unless it `may_slip`: the records of a short last page have moved on by one.
        """
        seen, before = self._reading.seen, self.records
        fresh: list[R] = []
        for record in records:
            number = self._reading.key(record)
            try:
                last = seen.get(number)
            except TypeError:  # a list or an object
                number = last = None
            if number is None or number == "":
                raise Unreadable(f"one of the {self._reading.what} has no id")
            if last is not self:
                seen[number] = self
                self.records += 1
                if last is None:
                    fresh.append(record)
        if self.records - before < len(records):  # some came before, or twice on this page
            self.doubled += len(records) - len({self._reading.key(one) for one in records})
        if records and self.records == before and not may_slip:
            raise self._reading.repeats(page)
        self.new += len(fresh)
        return fresh


def check_sizes(page_size: int, page_count: PageCount) -> None:
    """Raise `ConfigError` for an invalid page size or number of pages, before any call."""
    if isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 1:
        raise ConfigError(f"pageSize is {page_size!r}", hint="a whole number, 1 or more")
    if page_count != "all" and (not isinstance(page_count, int) or page_count < 1):
        raise ConfigError(f"page_count is {page_count!r}", hint="'all', or 1 or more pages")


def by_page(
    reading: Reading[R],
    page: Callable[[int, int], Operation[list[R]]],
    *,
    known_size: int = 10,
    largest: int = LARGE_PAGE,
    is_steady: bool = False,
) -> Steps[None]:
    """Read a list of numbered pages; pages of up to `known_size` are documented [D].

    `largest` is the largest page to request. `is_steady` means that no record comes or goes while
    the list is read.
    """

    def one_pass(size: int) -> Passing:
        return _by_number(reading, page, min(size, largest), known_size)

    yield from _passes(reading, one_pass, is_steady=is_steady)


def by_cursor(
    reading: Reading[R], page: Callable[[str | None], Operation[Cursored[R]]]
) -> Steps[None]:
    """Read a list in which each page names the next one in a header."""

    def one_pass(_: int) -> Passing:
        return _along_cursors(reading, page)

    yield from _passes(reading, one_pass, is_steady=True)


def _passes(
    reading: Reading[R], one_pass: Callable[[int], Passing], *, is_steady: bool
) -> Steps[None]:
    """Read passes until the list is proven complete.

    A count that agrees proves it if the pages are `is_steady`: a cursor does not slip when a record
    before it goes. Numbered pages slip, and a lost record may hide behind a new one.
    """
    size = reading.page_size
    before: tuple[int | None, int] | None = None
    ended, total, number = Pass(0, 0, 0), None, 0
    while number < PASSES:
        try:
            ended = yield from one_pass(size)
        except Rejected:
            if size == reading.page_size:
                raise
            size = reading.page_size  # the caller did not ask for the larger page
            continue
        number += 1
        if reading.page_count != "all":
            return
        reported_total = reading.reported_total() if reading.reported_total else None
        total = (yield from reading.count()) if reading.count else reported_total
        if total is None and ended.is_cut:
            raise reading.cut_short()
        if _is_whole(reading, ended, total, is_repeated=number > 1, is_steady=is_steady):
            return
        if before == (total, ended.records) and not ended.new and total is not None:
            break  # two passes agree with each other and not with the count
        before = total, ended.records
        if number == 1:
            size = max(size, LARGE_PAGE)
    raise reading.incomplete(ended, total)


def _is_whole(
    reading: Reading[R], ended: Pass, total: int | None, *, is_repeated: bool, is_steady: bool
) -> bool:
    """Return whether a pass has proven that everything was found."""
    if total is not None:
        return ended.records == total and (is_steady or is_repeated or ended.pages <= 1)
    if ended.doubled:
        return False
    return ended.pages <= 1 or reading.reports_end or (is_repeated and not ended.new)


def _by_number(
    reading: Reading[R],
    page: Callable[[int, int], Operation[list[R]]],
    size: int,
    known_size: int,
) -> Passing:
    """Read pages 0, 1, 2 … once; start again with smaller ones if the server caps them.

    Records met until then stay counted. A server that capped once may do so again: from then on a
    short page alone does not end the list.
    """
    met = _Met(reading)
    number = short = 0
    while True:
        records = yield page(number, size)
        if short and records:  # the page before was short, not the last: pages are capped
            yield RecordBatch(met.take(records, number + 1, may_slip=True))
            size, number, short, known_size = short, 0, 0, 0
            met = _Met(reading, met.new, met.doubled)
            continue
        yield RecordBatch(met.take(records, number + 1, may_slip=len(records) < size))
        number += 1
        if not records or reading.is_enough(number) or reading.has_all(met.records):
            break
        if len(records) < size:
            if size <= known_size:
                break
            short = len(records)
    confirmed = bool(short) and not records
    return Pass(number - confirmed, met.records, met.new, met.doubled)


def _along_cursors(
    reading: Reading[R], page: Callable[[str | None], Operation[Cursored[R]]]
) -> Passing:
    """Follow the cursors once."""
    cursor: str | None = None
    cursors: set[str] = set()
    met = _Met(reading)
    pages = 0
    while True:
        answer = yield page(cursor)
        yield RecordBatch(met.take(answer.records, pages + 1))
        pages += 1
        cursor = answer.cursor
        if not answer.records or cursor is None or reading.is_enough(pages):
            is_whole = len(answer.records) >= reading.page_size
            is_odd = is_whole if cursor is None else not answer.records
            return Pass(
                pages, met.records, met.new, met.doubled, is_odd and not reading.reports_end
            )
        if cursor in cursors:
            raise reading.repeats(pages + 1)
        cursors.add(cursor)


def count_or_none(operation: Operation[int]) -> Steps[int | None]:
    """Return a count, or None if the server has none, since not every list has a documented one.

    Any answer that there is no such call counts: without a count, further passes prove the list.
    """
    try:
        total: int = yield operation
    except (NotFound, NotTheVendor):
        return None
    return total
