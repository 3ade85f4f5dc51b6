"""Temporary tables with names of their own, which live as long as the rows that need them.

Invariant: a temporary table never changes, so that a list which is read late is the list as it was
made (tests/report/test_two_reports.py).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import WeakValueDictionary, finalize

from msgspec import Struct
from msgspec.json import Encoder

Run = Callable[[str, Sequence[object]], object]

_NAME = re.compile(r"\b[a-z_]+_[0-9]+\b")


class Scratch:
    """A table or view that lasts as long as this value; its text is its name."""

    def __init__(self, name: str, needs: tuple["Scratch", ...] = ()) -> None:
        """Name what was made; a view needs the tables that it reads."""
        self._name, self._needs = name, needs

    def __str__(self) -> str:
        return self._name


class _Statement(Struct, frozen=True):
    name: str
    sql: str
    values: tuple[object, ...]


class ScratchTables:
    """Temporary tables of one connection; the last of each name is kept for the next query."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._made: WeakValueDictionary[_Statement, Scratch] = WeakValueDictionary()
        self._by_name: WeakValueDictionary[str, Scratch] = WeakValueDictionary()
        self._last: dict[str, Scratch] = {}
        self._unused: list[str] = []
        self._numbers = count(1)

    def make(
        self, name: str, sql: str, values: Sequence[object] = (), *, is_view: bool = False
    ) -> Scratch:
        """Return the rows of a statement as a table or a view, existing or new."""
        asked = _Statement(name, sql, tuple(values))
        found = self._made.get(asked)
        if found is None:
            found = self._made[asked] = self._new(asked, is_view=is_view)
        self._last[name] = found
        return found

    def named_in(self, sql: str) -> tuple[Scratch, ...]:
        """Return the tables that a statement reads, which have to last as long as it is needed."""
        names = set(_NAME.findall(sql))
        return tuple(found for name in names if (found := self._by_name.get(name)) is not None)

    def _new(self, asked: _Statement, *, is_view: bool) -> Scratch:
        """Make a table or view under a new name; first drop those that are no longer needed."""
        while self._unused:  # not when their values go: a statement may be running then
            self._run(self._unused.pop(), ())
        kind = "VIEW" if is_view else "TABLE"
        name = f"{asked.name}_{next(self._numbers)}"
        self._run(f"CREATE {kind} {name} AS {asked.sql}", asked.values)
        scratch = Scratch(name, self.named_in(asked.sql) if is_view else ())
        self._by_name[name] = scratch
        finalize(scratch, self._unused.append, f"DROP {kind} {name}").atexit = False
        return scratch


@contextmanager
def file_of(rows: Iterable[Struct], columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Write rows to a file; yield a statement that reads it, and the value of its question mark.

    That takes a tenth of the time of a statement for each row. `columns` has the type of each.
    """
    encoder = Encoder()
    with TemporaryDirectory(prefix="patchfleet-") as folder:
        path = Path(folder) / "rows.json"
        with path.open("wb") as file:
            file.writelines(encoder.encode(row) + b"\n" for row in rows)
        types = ", ".join(f"{column}: '{kind}'" for column, kind in columns.items())
        options = "format = 'newline_delimited', columns = {" + types + "}"
        yield f"SELECT * FROM read_json(?, {options})", str(path)
