"""Store with several days of an invented fleet, made in a process of its own.

The store is made by syncs alone; the flat file is the first publication, joined with plain DuckDB.
"""

from pathlib import Path

import duckdb

from benchmarks.days import Days
from benchmarks.invented import Invented
from benchmarks.processes import answer, question
from patchfleet.store import Store

FEW = 5
"""Daily changes are on every fifth device."""
FLAT = """
    COPY (
        SELECT customer, severity, state,
            (epoch_us(?) - epoch_us(released_at)) // 86400000000 AS age_days
        FROM '{folder}/findings.parquet'
            JOIN '{folder}/devices.parquet' USING (device_key)
            JOIN '{folder}/patches.parquet' USING (patch_id)
    ) TO '{file}' (FORMAT parquet)
"""


def main() -> None:
    """Make the store, and beside it a flat file of the findings as of the first day."""
    asked = question()
    folder = Path(asked["folder"])
    with Store.open(folder / "fleet.db") as store:
        days = Days(store, Invented(asked["devices"], asked["patches"]))
        used = [days.next(FEW) for _ in range(asked["days"])]
        runs = [run.id for run in reversed(store.runs.latest(asked["days"]))]
        with store.snapshot(run_id=runs[0]) as snapshot:
            (published,) = snapshot.publications
    file = folder / "flat.parquet"
    first = folder / "fleet.published" / published.folders[0]
    with duckdb.connect() as engine:
        engine.execute(FLAT.format(folder=first, file=file), [published.as_of])
    answer(used=used, runs=runs, flat=str(file))


if __name__ == "__main__":
    main()
