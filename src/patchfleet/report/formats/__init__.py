"""Formats of a report: terminal, JSON, CSV, Markdown, spreadsheet, page, Parquet.

Invariants:
- a format that leaves rows out states the number of rows (tests/report/test_html.py);
- a file is either completely new or the old one (tests/report/test_save.py).
"""

from patchfleet.report.formats.csv import to_csv
from patchfleet.report.formats.json import to_json
from patchfleet.report.formats.markdown import to_markdown
from patchfleet.report.formats.save import check_destination, save
from patchfleet.report.formats.text import write_text

__all__ = ["check_destination", "save", "to_csv", "to_json", "to_markdown", "write_text"]
