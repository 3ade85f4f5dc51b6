"""Results in docs/benchmarks.md, written by a full run only.

The page names the date and the machine, but no host, user or path.
"""

import os
import platform
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from benchmarks.comparison import Comparison, table
from benchmarks.processes import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN = "<!-- begin of results: written by script/bench -->\n"
END = "<!-- end of results -->\n"


def machine() -> str:
    """Describe this machine: cores, processor, Python, system."""
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()} {platform.release().split('-')[0]}"
    )


def results(measured: Mapping[str, list[Comparison]], day: date) -> str:
    """Return the results part of the page."""
    parts = [f"Measured on {day:%d %B %Y}: {machine()}.\n"]
    parts += [f"### {title}\n\n{table(rows)}" for title, rows in measured.items()]
    return "\n".join(parts)


def write(text: str, page: Path = PAGE) -> None:
    """Replace the results of a page; raise ValueError if it has none."""
    old = page.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page.name} has no place for results between its two comments")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _processor() -> str:
    """Return the processor's name where the system reports it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()
