"""Cost of a long history: the open-work query after a year of days, beside the first day.

Both queries use one store made by syncs; the one as of the last day spans all days, the other only
its own.
"""

from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, ask
from benchmarks.size import Size

TITLE = "A year of memory"


def measure(size: Size) -> list[Comparison]:
    """Make the store, then query the open work as of its last day and its first, turn by turn."""
    fleet = {"devices": size.remembered_devices, "patches": size.patches}
    last: list[dict[str, Any]] = []
    first: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        made = ask(PYTHON, "one_history", folder=folder, days=size.remembered_days, **fleet)
        for _ in range(size.rounds):
            for asked, run in ((last, made["runs"][-1]), (first, made["runs"][0])):
                asked.append(
                    ask(PYTHON, "one_question", question="today", run=run, folder=folder, rows=0)
                )
    days = size.remembered_days
    return [
        Comparison(
            what=f"open work today, after {days} days, beside the first of them, {kind}",
            unit="s",
            ours=[one["in_all"][place] for one in last],
            other=[one["in_all"][place] for one in first],
        )
        for kind, place in (("by the clock", 0), ("CPU", 1))
    ]
