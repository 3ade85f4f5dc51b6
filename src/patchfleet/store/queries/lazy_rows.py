"""Lazy sequences of rows: counted when their length is needed, read as far as they are used.

Invariant: a reader gets every row that was counted, in order, or an error
(tests/store/test_lazy_rows.py).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, overload

from patchfleet._renamed import warn_of_option
from patchfleet.errors import StoreError

Row = TypeVar("Row")
Other = TypeVar("Other")


class LazyRows(Sequence[Row]):
    """A sequence of which nothing is kept: each pass reads its rows again, a slice only its own.

    `list(rows)` counts and reads them; `rows.read()` reads them alone.
    """

    def __init__(
        self, read: Callable[[int | None], Iterator[Row]], count: int | Callable[[], int]
    ) -> None:
        """`read` returns the first rows up to a limit, or all for None, always in the same order.

        `count` is their number, or returns it.
        """
        self._read = read
        self._count = count

    def read(self, limit: int | None = None) -> Iterator[Row]:
        """Go through the first `limit` rows, or all, without counting them."""
        return self._read(limit)

    def map(self, change: Callable[[Row], Other]) -> "LazyRows[Other]":
        """Return the same rows, each as `change` returns it when it is read."""
        count = self._count if isinstance(self._count, int) else self.__len__
        return LazyRows(lambda limit: map(change, self._read(limit)), count)

    def counted(self, count: int) -> "LazyRows[Row]":
        """Return the same rows with their number, if it is known from elsewhere."""
        return LazyRows(self._read, count)

    def __len__(self) -> int:
        """Count the rows without reading them, once."""
        if not isinstance(self._count, int):
            self._count = self._count()
        return self._count

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows; raises StoreError if they are not as many as were counted."""
        count = self._count if isinstance(self._count, int) else None
        place = 0
        for place, row in enumerate(self._read(None), start=1):
            if count is not None and place > count:
                break
            yield row
        if count is None:
            self._count = place
        elif place != count:
            more = "+" if place > count else ""
            raise StoreError(
                f"{count:,} rows were counted and {place:,}{more} read",
                hint="the data changed while it was read: run the command again",
            )

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        """Return one row, or some as lazy rows; those that do not follow each other as a list."""
        where = range(len(self))[place]
        if isinstance(where, int):
            return next(islice(self._read(where + 1), where, None))
        if where.step != 1:
            return list(self)[place]
        start, stop = where.start, max(where.start, where.stop)
        end = stop if stop < len(self) else None  # all that is there is checked against the count

        def read(limit: int | None) -> Iterator[Row]:
            last = end if limit is None else min(start + limit, stop)
            return islice(self._read(last), start, None)

        return LazyRows(read, stop - start)

    def count(self, *value: Any) -> int:
        """Count the rows that are equal to `value`."""
        if value:
            return super().count(*value)
        warn_of_option("LazyRows.count()", "len(rows)")
        return len(self)
