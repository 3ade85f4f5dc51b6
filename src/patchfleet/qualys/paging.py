"""How a list of many pages is read to its end, and how we know that it was its end.

No page says how many records there are, and records come and go while pages are read. So a list is
read in passes, and no pass is trusted alone:

- a page that brings only what was there already is an error, not the end; one that holds a record
  twice proves nothing;
- a page shorter than what was asked for ends the list only where the vendor documents that it
  serves pages of that size: a server may cap them, and a capped page is no end;
- where there is a count, it has to agree; where there is none, and it took several pages, another
  pass has to bring nothing new.

Every record that was there all along is found, each once. Law of this file: no I/O.
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
    """What one reading from start to end brought.

    An empty page that only confirms what a short one said is not counted. `doubled` counts what
    stood twice on one page, and maybe in the place of something else.
    """

    pages: int
    records: int
    new: int
    doubled: int = 0
    is_cut: bool = False  # the last page was full and named no next one, or empty and named one


@dataclass(frozen=True, slots=True)
class Cursored(Generic[R]):
    """Records of one page, and the cursor of the next one, if the server named any."""

    records: Sequence[R]
    cursor: str | None


@dataclass(slots=True)
class Reading(Generic[R]):
    """What is being listed: its name for errors, the identity of a record, and what was seen.

    `count` asks how many there are, and may be answered by `NotFound`: not every list has a count.
    `page_count` reads only so many pages, and then nothing is checked. `told` says how many there
    are where the pages themselves tell, so that no further page is asked for; `says_its_end` that
    each page says whether more follow.
    """

    what: str
    key: Callable[[R], Hashable]
    page_size: int
    page_count: PageCount = "all"
    count: Callable[[], Steps[int | None]] | None = None
    told: Callable[[], int | None] | None = None
    says_its_end: bool = False
    hint: str | None = None
    seen: dict[Hashable, "_Met[R]"] = field(default_factory=dict)

    def is_enough(self, pages: int) -> bool:
        """Say whether the pages that were asked for have been read."""
        return self.page_count != "all" and pages >= self.page_count

    def has_all(self, records: int) -> bool:
        """Say whether the pages told how many there are, and all of them have come."""
        told = self.told() if self.told else None
        return told is not None and records >= told

    def cut_short(self) -> Unreadable:
        """Return the error for a list whose end cannot be told from a page that is missing."""
        return Unreadable(
            f"the last page of the {self.what} is full and names no next one, or is empty and "
            f"names one; {len(self.seen)} were read and there may be more",
            transient=False,
        )

    def incomplete(self, ended: Pass, total: int | None) -> Unreadable:
        """Return the error for a list that did not come out even."""
        records = ended.records
        if total is None and ended.doubled:
            said = (
                f"{ended.doubled} of the {self.what} stand twice on one page; "
                f"{len(self.seen)} were read and there may be more"
            )
        elif total is None:
            said = f"the {self.what} did not hold still: each of {PASSES} readings brought new ones"
        elif records < total:
            said = f"{total - records} of {total} {self.what} did not come"
        else:
            said = f"{records} {self.what} came, and the server counts {total}"
        return Unreadable(said, transient=False, hint=self.hint)

    def repeats(self, page: int) -> Unreadable:
        """Return the error for a page that brings what earlier ones brought."""
        return Unreadable(
            f"page {page} of the {self.what} repeats what came before it; "
            f"{len(self.seen)} were read and there may be more",
            transient=False,
        )


class _Met(Generic[R]):
    """Count the records that one pass meets.

    A reading remembers each record once, with who met it last: lists are long, and ids are what
    is kept of them.
    """

    def __init__(self, reading: Reading[R], new: int = 0, doubled: int = 0) -> None:
        self._reading = reading
        self.records = 0
        self.new, self.doubled = new, doubled

    def take(self, records: Sequence[R], page: int, *, may_slip: bool = False) -> list[R]:
        """Return the records of a page that no pass met before.

        Raises `Unreadable` for a record without an id, and for a page of records that this pass
        met before, unless it `may_slip`: what a short last page held has moved on by one.
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
    """Refuse a page size or a number of pages that is none, before anything is asked for."""
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
    """Read a list whose pages are numbered; a page up to `known_size` may be asked for [D].

    `largest` is what a page may hold at most. `is_steady` says that records do not come and go
    while it is read.
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
    """Read until what was read is known to be all.

    A count that agrees proves it where the pages are `is_steady`: a cursor does not slip when a
    record before it goes. Numbered pages slip, and one lost may hide behind one gained.
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
            size = reading.page_size  # a larger page was our own idea
            continue
        number += 1
        if reading.page_count != "all":
            return
        told = reading.told() if reading.told else None
        total = (yield from reading.count()) if reading.count else told
        if total is None and ended.is_cut:
            raise reading.cut_short()
        if _is_whole(reading, ended, total, is_repeated=number > 1, is_steady=is_steady):
            return
        if before == (total, ended.records) and not ended.new and total is not None:
            break  # it holds still, and the count says otherwise
        before = total, ended.records
        if number == 1:
            size = max(size, LARGE_PAGE)
    raise reading.incomplete(ended, total)


def _is_whole(
    reading: Reading[R], ended: Pass, total: int | None, *, is_repeated: bool, is_steady: bool
) -> bool:
    """Say whether a pass has proven that everything was found."""
    if total is not None:
        return ended.records == total and (is_steady or is_repeated or ended.pages <= 1)
    if ended.doubled:
        return False
    return ended.pages <= 1 or reading.says_its_end or (is_repeated and not ended.new)


def _by_number(
    reading: Reading[R],
    page: Callable[[int, int], Operation[list[R]]],
    size: int,
    known_size: int,
) -> Passing:
    """Read pages 0, 1, 2 … once; begin again with smaller ones where the server caps them.

    What was met until then stays met. A server that capped once may do so again: from then on a
    short page ends nothing by itself.
    """
    met = _Met(reading)
    number = short = 0
    while True:
        records = yield page(number, size)
        if short and records:  # the page before was short and not the last: pages are capped
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
                pages, met.records, met.new, met.doubled, is_odd and not reading.says_its_end
            )
        if cursor in cursors:
            raise reading.repeats(pages + 1)
        cursors.add(cursor)


def count_or_none(operation: Operation[int]) -> Steps[int | None]:
    """Ask for a count; None where the server has none, which is not documented for every list.

    Whoever says that there is no such call: without a count a list has to prove itself otherwise.
    """
    try:
        total: int = yield operation
    except (NotFound, NotTheVendor):
        return None
    return total
