"""A fleet recorded and published, beside the plain bulk insert of its findings into SQLite.

Both sides receive the same findings in memory, a hundred devices at a time; the second sync
recognises unchanged listings by the fingerprints of the first.
"""

from collections.abc import Sequence

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, ask
from benchmarks.size import Size

TITLE = "A fleet recorded and published"
MOST_MB = 500
ROUNDS_MORE = 2
"""A second sync takes two seconds: with fewer rounds the median would show the machine's load."""

Spent = Sequence[Sequence[float]]
"""Seconds by the clock and of the processor, of each round."""


def measure(size: Size) -> list[Comparison]:
    """Insert the findings plainly and sync them, turn by turn."""
    fleet = {"devices": size.recorded_devices, "patches": size.patches}
    findings = size.recorded_devices * size.patches
    bare, ours = [], []
    for _ in range(ROUNDS_MORE * size.rounds):
        bare.append(ask(PYTHON, "one_insert", **fleet))
        ours.append(ask(PYTHON, "one_recording", **fleet))
        if not bare[-1]["rows"] == ours[-1]["findings"] == findings:
            raise RuntimeError(f"not all of the {findings} findings were recorded")
    first = [one["first"] for one in ours]
    few, on_all = [one["few"] for one in ours], [one["on_all"] for one in ours]
    return [
        *_both("a first sync beside the bare insert", first, [one["in_all"] for one in bare], 2),
        *_both("2 % changed on 20 % of the devices, beside the first", few, first, 0.2),
        *_both("2 % changed, on all devices, beside the first", on_all, first, None),
        Comparison(
            what="most memory, beside the bare insert",
            unit="MB",
            ours=[one["peak_mb"] for one in ours],
            other=[one["peak_mb"] for one in bare],
            within=MOST_MB,
        ),
    ]


def _both(what: str, ours: Spent, other: Spent, at_most: float | None) -> list[Comparison]:
    """Compare the processor time, and the time by the clock."""
    return [
        Comparison(
            what=f"{what}, {kind}",
            unit="s",
            ours=[spent[place] for spent in ours],
            other=[spent[place] for spent in other],
            at_most=at_most,
        )
        for place, kind in ((1, "CPU"), (0, "by the clock"))
    ]
