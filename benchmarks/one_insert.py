"""Plain bulk insert of the findings of an invented fleet, in a process of its own.

SQLite as it comes with Python, one table, one transaction, one statement; generating the rows is
not counted.
"""

import sqlite3
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks.invented import BEGIN, Invented, device_id
from benchmarks.processes import Used, answer, peak_mb, question

DEVICES_AT_ONCE = 100
TABLE = """
    CREATE TABLE finding (
        source INTEGER NOT NULL, device TEXT NOT NULL, finding TEXT NOT NULL,
        patch INTEGER NOT NULL, state TEXT NOT NULL, decision TEXT NOT NULL,
        is_own_decision INTEGER NOT NULL, vendor_status TEXT NOT NULL,
        vendor_decision TEXT NOT NULL, installed_at INTEGER, first_seen_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL, PRIMARY KEY (source, device, finding)
    ) WITHOUT ROWID
"""
INSERT = f"INSERT INTO finding VALUES ({', '.join('?' * 12)})"

Row = tuple[object, ...]


def main() -> None:
    """Insert every finding of the fleet as a row."""
    fleet = Invented(**question())
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)) as bare,
    ):
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = NORMAL")
        bare.execute(TABLE)
        used = _insert(bare, fleet)
        (rows,) = bare.execute("SELECT count(*) FROM finding").fetchone()
    answer(in_all=used, rows=rows, peak_mb=peak_mb())


def _insert(bare: sqlite3.Connection, fleet: Invented) -> Used:
    patches: dict[int, int] = {}
    begin = Used.so_far()
    bare.execute("BEGIN")
    used = Used.so_far().since(begin)
    for start in range(0, fleet.devices, DEVICES_AT_ONCE):
        end = min(start + DEVICES_AT_ONCE, fleet.devices)
        rows = [row for number in range(start, end) for row in _rows(fleet, number, patches)]
        begin = Used.so_far()
        bare.executemany(INSERT, rows)
        used = used.and_since(begin)
    begin = Used.so_far()
    bare.execute("COMMIT")
    return used.and_since(begin)


def _rows(fleet: Invented, number: int, patches: dict[int, int]) -> list[Row]:
    """Return the rows of a device; a patch is a number, as in the record."""
    device, seen = device_id(number), _micros(BEGIN)
    return [
        (
            1, device, f.id, patches.setdefault(id(f.patch), len(patches)),
            f.state, f.decision, f.is_own_decision, f.vendor_status, f.vendor_decision,
            None if f.installed_at is None else _micros(f.installed_at), seen, seen,
        )
        for f in fleet.listing(number)
    ]  # fmt: skip


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


if __name__ == "__main__":
    main()
