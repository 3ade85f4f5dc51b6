"""Waiting times of users: questions, a page and a workbook over a large fleet.

Every answer comes from a store made by syncs, as of its first run and as of its last, which is
composed of each day's changes. The yardstick of all of them is the plain group-by of one flat file
with the same number of findings.
"""

from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.processes import PYTHON, ask
from benchmarks.size import Size

TITLE = "Questions over a large fleet"
DAYS = 6
ROUNDS = {"grouped": 5, "today": 5, "page": 1, "workbook": 1}
"""Rounds of each question: answers in seconds vary with the machine's load; workbooks take minutes.
"""
WITHIN_SECONDS = {"grouped": 1, "today": 2, "page": 20, "workbook": 60}
"""Seconds by the clock, from opening the store to the answer."""
WITHIN_MB = 1024


def measure(size: Size) -> list[Comparison]:
    """Make the store, then query both runs and the flat file, turn by turn."""
    bare: list[dict[str, Any]] = []
    asked: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with TemporaryDirectory() as folder:
        fleet = {"devices": size.asked_devices, "patches": size.patches, "days": DAYS}
        made = ask(PYTHON, "one_history", folder=folder, **fleet)
        runs = {"": made["runs"][0], f", after {DAYS - 1} days of changes": made["runs"][-1]}
        for number in range(min(size.rounds, max(ROUNDS.values()))):
            bare.append(_bare(made["flat"], size.asked_devices * size.patches))
            for what in (what for what, rounds in ROUNDS.items() if number < rounds):
                for when, run in runs.items():
                    one = ask(
                        PYTHON, "one_question",
                        question=what, run=run, folder=folder, rows=size.asked_rows,
                    )  # fmt: skip
                    asked.setdefault((what, when), []).append(one)
    return _compared(asked, bare, _names(size))


def _compared(
    asked: dict[tuple[str, str], list[dict[str, Any]]],
    bare: list[dict[str, Any]],
    names: dict[str, str],
) -> list[Comparison]:
    rows = [
        Comparison(
            what=f"{names[what]}{when}, {kind}",
            unit="s",
            ours=[one["in_all"][place] for one in ours],
            other=[one["in_all"][place] for one in bare[: len(ours)]],
            within=within,
        )
        for (what, when), ours in asked.items()
        for kind, place, within in (("by the clock", 0, WITHIN_SECONDS[what]), ("CPU", 1, None))
    ]
    most = max(one["peak_mb"] for ours in asked.values() for one in ours)
    return [
        *rows,
        Comparison(
            what="most memory of any of them",
            unit="MB",
            ours=[most],
            other=[max(one["peak_mb"] for one in bare)],
            within=WITHIN_MB,
        ),
    ]


def _bare(file: str, findings: int) -> dict[str, Any]:
    one: dict[str, Any] = ask(PYTHON, "one_flat", file=file)
    if one["findings"] != findings:
        raise RuntimeError(f"{one['findings']} of {findings} findings are in the flat file")
    return one


def _names(size: Size) -> dict[str, str]:
    return {
        "grouped": "customers by severity and state, with ages",
        "today": "open work today",
        "page": "the fleet as a page",
        "workbook": f"{size.asked_rows:,} findings as a workbook",
    }
