"""One question asked of a store, in a process of its own: from opening it to the answer.

Law of this file: what a person waits for is counted, but for the loading of libraries, which the
start of a command measures.
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
    """Ask in SQL how many findings each customer has by severity and state, and how old."""
    return len(list(snapshot.ask(GROUPED).rows()))


def today(snapshot: Snapshot, _: dict[str, Any]) -> int:
    """Ask what waits for somebody, as much as a terminal shows of it."""
    report = today_report(snapshot, most_rows=10)
    return sum(1 for table in report.tables for _ in table.rows)


def page(snapshot: Snapshot, asked: dict[str, Any]) -> int:
    """Write how the fleet stands as a page."""
    return save(fleet_report(snapshot), Path(asked["folder"]) / "fleet.html").stat().st_size


def workbook(snapshot: Snapshot, asked: dict[str, Any]) -> int:
    """Write the worst of what is open as a workbook, all that is known of each."""
    lines, most = queries.open_lines(snapshot), asked["rows"]
    table = open_findings_table(
        min(most, lines.count()), lambda limit: lines.read(most if limit is None else limit)
    )
    save(table, Path(asked["folder"]) / "findings.xlsx")
    return len(table.rows)


QUESTIONS: dict[str, Callable[[Snapshot, dict[str, Any]], int]] = {
    "grouped": grouped,
    "today": today,
    "page": page,
    "workbook": workbook,
}


def main() -> None:
    """Ask what was asked for."""
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
