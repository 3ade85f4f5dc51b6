"""Rows that are read when they are needed, and as many as are needed.

Law of this file: a reader sees every row that was promised, in order, or an error.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar, overload

from patchfleet.errors import StoreError

Row = TypeVar("Row")


class LaterRows(Sequence[Row]):
    """The rows from `start` up to `stop` of those that `read` gives; nothing is kept.

    `read` takes how many rows are wanted from the first on, None for all. A slice is such rows
    again, and costs nothing until somebody goes through it.
    """

    def __init__(
        self,
        read: Callable[[int | None], Iterator[Row]],
        stop: int,
        *,
        start: int = 0,
        is_cut: bool = False,
    ) -> None:
        self._read = read
        self._start = start
        self._stop = stop
        self._is_cut = is_cut

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[Row]:
        """Go through the rows; raises StoreError when they are not as many as was said."""
        rows = self._read(self._stop if self._is_cut else None)
        place = 0
        for place, row in enumerate(rows, start=1):
            if place > self._stop:
                break
            if place > self._start:
                yield row
        if place != self._stop:
            raise StoreError(
                f"{self._stop:,} rows were counted and {place:,}{'+' * (place > self._stop)} read",
                hint="the facts moved while they were read: run the command again",
            )

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        """Give one row, or a part of the rows that follow each other."""
        where = range(self._start, self._stop)[place]
        if isinstance(where, int):
            return next(islice(self._read(where + 1), where, None))
        if where.step != 1:
            return list(self)[place]
        is_cut = self._is_cut or where.stop < self._stop
        stop = max(where.start, where.stop)
        return LaterRows(self._read, stop, start=where.start, is_cut=is_cut)
