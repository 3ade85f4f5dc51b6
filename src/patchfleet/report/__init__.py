"""Reports: what the store answers, arranged for people and for programs.

    report = today_report(facts)
    save(report, "today.xlsx")          # or .html, .csv, .json
    write_text(report, console)         # a rich console

Law of this room: a report is data, a format turns data into text or bytes, and nothing in here
prints. No SQL, no vendor. Spreadsheet, chart and template libraries load at first use.
"""

from patchfleet.report.changes import changes_report
from patchfleet.report.fleet import fleet_report
from patchfleet.report.formats import check_destination, save, to_csv, to_json, write_text
from patchfleet.report.table import (
    Cell,
    Chart,
    Column,
    Figure,
    Kind,
    Report,
    Table,
    tabulate,
    total_of,
)
from patchfleet.report.today import today_report

__all__ = [
    "Cell",
    "Chart",
    "Column",
    "Figure",
    "Kind",
    "Report",
    "Table",
    "changes_report",
    "check_destination",
    "fleet_report",
    "save",
    "tabulate",
    "to_csv",
    "to_json",
    "today_report",
    "total_of",
    "write_text",
]
