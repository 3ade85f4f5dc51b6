"""Reports: answers of the store, arranged for people and for programs.

    report = today_report(snapshot)
    save(report, "today.xlsx")          # or .html, .md, .csv, .json, .parquet
    write_text(report, console)         # a rich console

A report is data; a format turns data into text or bytes. Nothing here prints, reads SQL or knows a
vendor (import contract "Reports know no vendor"). Names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from patchfleet._renamed import renamed

if TYPE_CHECKING:
    from patchfleet.report.diff import changes_report
    from patchfleet.report.document import (
        Cell,
        Chart,
        Column,
        Kind,
        Metric,
        Report,
        Table,
        tabulate,
        total_of,
    )
    from patchfleet.report.formats import (
        check_destination,
        save,
        to_csv,
        to_json,
        to_markdown,
        write_text,
    )
    from patchfleet.report.per_customer import Saved, save_per_customer
    from patchfleet.report.posture import fleet_report
    from patchfleet.report.registry import REPORTS, ReportKind, ReportRequest
    from patchfleet.report.today import today_report

__all__ = [
    "REPORTS",
    "Cell",
    "Chart",
    "Column",
    "Kind",
    "Metric",
    "Report",
    "ReportKind",
    "ReportRequest",
    "Saved",
    "Table",
    "changes_report",
    "check_destination",
    "fleet_report",
    "save",
    "save_per_customer",
    "tabulate",
    "to_csv",
    "to_json",
    "to_markdown",
    "today_report",
    "total_of",
    "write_text",
]

_HOMES = {
    name: module
    for module, names in {
        "diff": ("changes_report",),
        "document": (
            "Cell", "Chart", "Column", "Kind", "Metric", "Report", "Table", "tabulate",
            "total_of",
        ),
        "formats": (
            "check_destination", "save", "to_csv", "to_json", "to_markdown", "write_text",
        ),
        "per_customer": ("Saved", "save_per_customer"),
        "posture": ("fleet_report",),
        "registry": ("REPORTS", "ReportKind", "ReportRequest"),
        "today": ("today_report",),
    }.items()
    for name in names
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Import a report or a format when it is first used."""
    if name not in _HOMES:
        return renamed(__name__, level=4)(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
