"""Reports: what the store answers, arranged for people and for programs.

    report = today_report(facts)
    save(report, "today.xlsx")          # or .html, .md, .csv, .json, .parquet
    write_text(report, console)         # a rich console

Law of this room: a report is data, a format turns data into text or bytes, and nothing in here
prints. No SQL, no vendor. Spreadsheet, chart and template libraries load at first use.
"""

from patchfleet._renamed import renamed
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
    tabulate_later,
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
from patchfleet.report.today import today_report

__all__ = [
    "Cell",
    "Chart",
    "Column",
    "Kind",
    "Metric",
    "Report",
    "Saved",
    "Table",
    "changes_report",
    "check_destination",
    "fleet_report",
    "save",
    "save_per_customer",
    "tabulate",
    "tabulate_later",
    "to_csv",
    "to_json",
    "to_markdown",
    "today_report",
    "total_of",
    "write_text",
]

__getattr__ = renamed(__name__)
