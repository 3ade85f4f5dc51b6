"""Temporary tables with names of their own, which live as long as the rows that need them.

Invariant: a temporary table never changes, so that a list which is read late is the list as it was
made (tests/report/test_two_reports.py).
"""

from collections.abc import Callable, Sequence
from itertools import count
from weakref import WeakValueDictionary, finalize

from msgspec import Struct

Run = Callable[[str, Sequence[object]], object]


class Scratch:
    """A table or view that lasts as long as this value; its text is its name."""

    def __init__(self, name: str, holds: object = None) -> None:
        """Name what is there; `holds` is what it reads, which has to last as long."""
        self._name, self._holds = name, holds

    def __str__(self) -> str:
        return self._name


class _Said(Struct, frozen=True):
    what: str
    sql: str
    values: tuple[object, ...]


class Aside:
    """What one connection has set aside; the last of each kind is kept for the next question."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: WeakValueDictionary[_Said, Scratch] = WeakValueDictionary()
        self._last: dict[str, Scratch] = {}
        self._over: list[str] = []
        self._numbers = count(1)

    def made(
        self,
        what: str,
        sql: str,
        values: Sequence[object] = (),
        *,
        kind: str = "TABLE",
        holds: object = None,
    ) -> Scratch:
        """Return the rows of a statement as a table, existing or new."""
        said = _Said(what, sql, tuple(values))
        found = self._known.get(said)
        if found is None:
            found = self._known[said] = self.new(what, sql, values, kind=kind, holds=holds)
        self._last[what] = found
        return found

    def new(
        self,
        what: str,
        sql: str,
        values: Sequence[object] = (),
        *,
        kind: str = "TABLE",
        holds: object = None,
    ) -> Scratch:
        """Make a table of a statement's rows; first drop tables that are no longer needed."""
        while self._over:  # not when they end: a statement may be under way then
            self._run(self._over.pop(), ())
        name = f"{what}_{next(self._numbers)}"
        self._run(f"CREATE {kind} {name} AS {sql}", values)
        scratch = Scratch(name, holds)
        finalize(scratch, self._over.append, f"DROP {kind} {name}").atexit = False
        return scratch
