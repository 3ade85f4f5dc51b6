"""Writer of one device's findings: the difference between the new and the stored listing.

This is the hot path of a sync (docs/benchmarks.md): one read and one pass per device, with
statements that are compiled once. An unchanged listing writes one scan row.
"""

from collections.abc import Sequence
from itertools import zip_longest

import msgspec
from sqlalchemy import and_, bindparam, delete, func, select, update
from sqlalchemy.engine.interfaces import DBAPICursor

from patchfleet.errors import StoreError
from patchfleet.models import Finding
from patchfleet.store.record import interning
from patchfleet.store.record.database import Database
from patchfleet.store.record.nul_bytes import without_nul
from patchfleet.store.record.schema import device, finding, micros, scan
from patchfleet.store.types import Delta

_f = finding.c
_ON_DEVICE = _f.device == bindparam("on")
_STANDS = and_(_ON_DEVICE, _f.to_run.is_(None))
_HELD = select(_f.id, _f.patch, _f.condition, _f.installed_at).where(_STANDS)
"""One JSON text per device: fetching row by row releases the interpreter's lock for each row, and
is slower than writing and parsing the text."""
_DATES = select(_f.id, _f.first_seen_at, _f.changed_at, _f.from_run)
"""Dates of the few findings that end: as a column of all findings they would cost more."""
_END = update(finding).values(to_run=bindparam("this"))
"""Separate from the dates: one statement with RETURNING is slower on SQLite than the two."""
_EVER = select(_f.id, func.min(_f.first_seen_at)).where(_ON_DEVICE).group_by(_f.id)
_FORGET = delete(finding).where(
    _ON_DEVICE, _f.from_run == bindparam("this"), _f.to_run == _f.from_run
)
_SCANNED = (
    update(scan)
    .where(scan.c.run == bindparam("this"), scan.c.device == bindparam("on"))
    .values(
        scanned_at=bindparam("at"),
        findings=bindparam("n"),
        changes=scan.c.changes + bindparam("more"),
    )
)
_LISTED = (
    update(device)
    .where(device.c.key == bindparam("on"))
    .values(listed_at=bindparam("at"), listed=bindparam("n"), fingerprint=bindparam("digest"))
)

_OWN = (_f.id, _f.patch, _f.condition, _f.installed_at, _f.first_seen_at, _f.changed_at)
_AGAIN = update(device).where(device.c.key == bindparam("on")).values(listed_at=bindparam("at"))

SAME_AT_ONCE = 100

ListedRow = tuple[str, int, int, int | None]
"""A finding: its number, and those of patch and condition, and installed_at."""
DatedRow = tuple[str, int, int, int | None, int, int]
"""A finding to be written, with first_seen_at and changed_at."""
Dates = tuple[int, int, int]
"""Of a finding on record: first_seen_at, changed_at, and the run that began it."""

_read = msgspec.json.Decoder(list[ListedRow]).decode


class FindingWriter:
    """Writer of the listings of one run."""

    def __init__(self, database: Database, source: int, run: int) -> None:
        self._database, self._run = database, run
        self._patches = interning.patches(database, source)
        self._conditions = interning.conditions(database, source)
        spell = database.spell
        held = database.backend.as_array(_HELD.selected_columns, by=_f.id)
        self._held = spell(_HELD.with_only_columns(held))
        self._ever = spell(_EVER)
        self._forget = spell(_FORGET)
        some = _STANDS, database.backend.is_among(_f.id, "ids")
        self._dates = spell(_DATES.where(*some))
        self._end = spell(_END.where(*some))
        self._insert = database.backend.insertion((_f.device, _f.from_run), _OWN)
        self._scanned, self._listed = spell(_SCANNED), spell(_LISTED)
        self._again = spell(_AGAIN)
        self._same: list[tuple[int, int, int]] = []

    def record(
        self, device: int, findings: Sequence[Finding], at: int, fingerprint: str | None
    ) -> Delta:
        """Write the changes of `findings`, the whole listing of one device, in one transaction.

        Raises StoreError, and writes nothing, if two findings have the same id.
        """
        if "\0" in "".join([f.id for f in findings]):
            findings = [without_nul(f) for f in findings]
        listed = self._numbered(findings)
        with self._database.write() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(self._held, (device,))
            held = _read(cursor.fetchall()[0][0])
            if held == listed:  # both by number: the cheapest way to know
                delta = Delta(0, 0, 0, len(listed))
            else:
                delta = self._write(cursor, device, held, listed, at)
            self._note(cursor, device, len(listed), delta, at)
            self._note_same(cursor)
            cursor.execute(self._listed, (at, len(listed), fingerprint, device))
        self._same.clear()
        return delta

    def take_over(self, device: int, listed: int, at: int) -> Delta:
        """Note that the listing of a device is exactly the one on record; see `flush`."""
        self._same.append((at, listed, device))
        if len(self._same) >= SAME_AT_ONCE:
            self.flush()
        return Delta(0, 0, 0, listed)

    def flush(self) -> None:
        """Commit the noted unchanged devices, many in one transaction, since each is small.

        If the process is killed before, they are read again.
        """
        if self._same:
            with self._database.write() as connection:
                self._note_same(connection.connection.cursor())
            self._same.clear()

    def _note_same(self, cursor: DBAPICursor) -> None:
        if not self._same:
            return
        scanned = [(at, listed, 0, self._run, key) for at, listed, key in self._same]
        cursor.executemany(self._scanned, scanned)
        cursor.executemany(self._again, [(at, key) for at, _, key in self._same])

    def _note(self, cursor: DBAPICursor, device: int, listed: int, delta: Delta, at: int) -> None:
        changes = delta.new + delta.changed + delta.gone
        cursor.execute(self._scanned, (at, listed, changes, self._run, device))

    def _numbered(self, findings: Sequence[Finding]) -> list[ListedRow]:
        """Return the findings with the numbers of their patch and condition, ordered by id."""
        if len({f.id for f in findings}) != len(findings):
            ids = [f.id for f in findings]
            twice = next(number for number in ids if ids.count(number) > 1)
            raise StoreError(
                f"the listing names finding {twice} twice",
                hint="nothing was recorded for this device; read it again",
            )
        patches, conditions = self._patches.numbers, self._conditions.numbers
        try:
            listed = [
                (f.id, patches[id(f.patch)], conditions[id(f.condition)], micros(f.installed_at))
                for f in findings
            ]
        except KeyError:  # some have no number yet, which is rare once a run is under way
            self._patches.learn(f.patch for f in findings)
            self._conditions.learn(f.condition for f in findings)
            return self._numbered(findings)
        listed.sort()
        return listed

    def _write(
        self,
        cursor: DBAPICursor,
        device: int,
        held: Sequence[ListedRow],
        listed: Sequence[ListedRow],
        at: int,
    ) -> Delta:
        """Write the difference between the stored and the new listing."""
        was, now = _difference(held, listed) if held else ({}, listed)
        dates = self._leave(cursor, device, list(was))
        new: list[ListedRow] = []
        begun: list[DatedRow] = []
        for row in now:
            before = was.get(row[0])
            if before is None:
                new.append(row)
                continue
            first_seen_at, changed_at, _ = dates[row[0]]
            # If only the description of its patch differs, the finding is not changed.
            changed_at = changed_at if before[2:] == row[2:] else at
            # After a clock ran back, a finding must not be first seen after it changed.
            begun.append((*row, min(first_seen_at, changed_at), changed_at))
        changed = len(begun)
        begun += self._first_seen(cursor, device, new, at)
        self._insert(cursor, (device, self._run), begun)
        same = len(listed) - len(new) - changed
        return Delta(len(new), changed, len(was) - changed, same)

    def _leave(self, cursor: DBAPICursor, device: int, ids: Sequence[str]) -> dict[str, Dates]:
        """End findings, or delete those that this run wrote; return their dates."""
        if not ids:
            return {}
        some = msgspec.json.encode(ids).decode()
        cursor.execute(self._dates, (device, some))
        dates = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(self._end, (self._run, device, some))
        if any(begun == self._run for _, _, begun in dates.values()):
            cursor.execute(self._forget, (device, self._run))
        return dates

    def _first_seen(
        self, cursor: DBAPICursor, device: int, new: Sequence[ListedRow], at: int
    ) -> list[DatedRow]:
        """Add dates to new findings: `at`, or the first sighting of one that came back."""
        if not new:
            return []
        cursor.execute(self._ever, (device,))
        ever: dict[str, int] = dict(cursor.fetchall())
        return [(*now, min(ever.get(now[0], at), at), at) for now in new]


def _difference(
    held: Sequence[ListedRow], listed: Sequence[ListedRow]
) -> tuple[dict[str, ListedRow], list[ListedRow]]:
    """Return the rows only on record, by id, and the rows only listed; both are ordered by id.

    Rows are compared pairwise first: most are unchanged, and comparing is cheaper than hashing.
    """
    pairs = [(was, now) for was, now in zip_longest(held, listed) if was != now]
    before = {row for row, _ in pairs if row}
    after = {row for _, row in pairs if row}
    return {row[0]: row for row in sorted(before - after)}, sorted(after - before)
