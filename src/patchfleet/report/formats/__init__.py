"""Data to text or bytes: terminal, JSON, CSV, Markdown, spreadsheet, page.

Law of this room: a format adds nothing and leaves nothing out in silence, prints nothing, and a
file is either completely new or still the old one.
"""

from patchfleet.report.formats.csv import to_csv
from patchfleet.report.formats.json import to_json
from patchfleet.report.formats.markdown import to_markdown
from patchfleet.report.formats.save import check_destination, save
from patchfleet.report.formats.text import write_text

__all__ = ["check_destination", "save", "to_csv", "to_json", "to_markdown", "write_text"]
