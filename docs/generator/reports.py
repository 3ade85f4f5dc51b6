"""Table of the kinds of report, from the registry."""

from docs.generator.tables import code, table
from patchfleet.report.registry import REPORTS


def reports() -> str:
    """Return a table of the kinds of report with their summaries."""
    return table(
        ("report", "content"), ((code(kind.name), kind.summary) for kind in REPORTS.values())
    )
