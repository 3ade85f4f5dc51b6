"""Syncs of an invented fleet into a fresh record, in a process of its own.

CPU time and memory are those of a process that does nothing else.
"""

import tempfile
from pathlib import Path

from benchmarks.days import Days
from benchmarks.invented import Invented
from benchmarks.processes import answer, peak_mb, question
from patchfleet.store import Store

FEW = 5
"""Changes on the days after the first are on every fifth device."""
DAYS = 3
"""The number of such days: one takes two seconds, and the machine has other load."""


def main() -> None:
    """Sync a first day, days with changes on few devices, and one with as many on all."""
    fleet = Invented(**question())
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "fleet.db") as store:
        days = Days(store, fleet)
        first, few, on_all = days.next(), [days.next(FEW) for _ in range(DAYS)], days.next()
        latest = store.runs.latest(1)[0]
    answer(
        first=first,
        few=sorted(few)[DAYS // 2],
        on_all=on_all,
        findings=latest.findings,
        peak_mb=peak_mb(),
    )


if __name__ == "__main__":
    main()
