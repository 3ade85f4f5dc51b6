"""One question to a store in a process of its own, from opening the store to the answer.

Imports are not counted; the start of a command measures them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401 -- loaded before the clock runs
import jinja2  # noqa: F401 -- the same
import xlsxwriter  # type: ignore[import-untyped]  # noqa: F401 -- the same

from benchmarks.processes import Used, answer, peak_mb, question
from patchfleet.report import fleet_report, save, today_report
from patchfleet.report.tables import open_findings_table
from patchfleet.store import Snapshot, Store, queries

GROUPED = """
    SELECT customer, severity, state, count(*), quantile_disc(age_days, 0.95)
    FROM findings GROUP BY ALL
"""


def grouped(snapshot: Snapshot, _: dict[str, Any]) -> int:
    """Query each customer's findings by severity and state, with their age, in SQL."""
    return len(list(snapshot.ask(GROUPED).rows()))


def today(snapshot: Snapshot, _: dict[str, Any]) -> int:
    """Query the open work, with as many rows as a terminal shows."""
    report = today_report(snapshot, most_rows=10)
    return sum(1 for table in report.tables for _ in table.rows)


def page(snapshot: Snapshot, asked: dict[str, Any]) -> int:
    """Write the fleet report as a page."""
    return save(fleet_report(snapshot), Path(asked["folder"]) / "fleet.html").stat().st_size


def workbook(snapshot: Snapshot, asked: dict[str, Any]) -> int:
    """Write the oldest open findings as a workbook, with all columns."""
    table = open_findings_table(queries.worst_open_findings(snapshot)[: asked["rows"]])
    save(table, Path(asked["folder"]) / "findings.xlsx")
    return len(table.rows)


QUESTIONS: dict[str, Callable[[Snapshot, dict[str, Any]], int]] = {
    "grouped": grouped,
    "today": today,
    "page": page,
    "workbook": workbook,
}


def main() -> None:
    """Ask the requested question."""
    asked = question()
    ask = QUESTIONS[asked["question"]]
    begin = Used.so_far()
    with (
        Store.open(Path(asked["folder"]) / "fleet.db", create=False) as store,
        store.snapshot(run_id=asked["run"], with_history=ask is today) as snapshot,
    ):
        opened = Used.so_far().since(begin)
        size = ask(snapshot, asked)
    used = Used.so_far().since(begin)
    answer(in_all=used, opened=opened, size=size, peak_mb=peak_mb())


if __name__ == "__main__":
    main()
