"""The benchmarks run, and their page says what was measured, when and on what.

Law of this file: no figure decides whether a test passes.
"""

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.__main__ import ITEMS
from benchmarks.comparison import HEADINGS, Comparison, table
from environments import python_of

ROOT = Path(__file__).parent.parent
BESIDE = {"sync": "peer", "qualys": "qualysdk"}
"""Items that run another library's code, which has an environment of its own."""


@pytest.mark.slow
@pytest.mark.full(group="environments")
@pytest.mark.parametrize("name", ITEMS)
def test_each_item_runs(name):
    if name in BESIDE:
        python_of(BESIDE[name])
    before = page.PAGE.read_bytes()
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--tiny", name],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(ITEMS[name][0])
    rows = [line for line in run.stdout.splitlines() if line.startswith("|")]
    assert len(rows) > 2
    assert all(row.count("|") == len(HEADINGS) + 1 for row in rows)
    assert page.PAGE.read_bytes() == before, "only a full run writes the page"


def test_an_unknown_item_is_refused():
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "colour"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert run.returncode == 2
    assert "there is no benchmark colour: there are sync, record" in run.stderr


def test_ratios_are_taken_round_by_round():
    row = Comparison(what="x", unit="s", ours=[1, 9, 30], other=[1, 3, 5], at_most=4)
    assert row.ratios == [1, 3, 6]
    assert row.cells() == ("x", "9 s", "3 s", "3 x", "1 to 6", "3", "≤ 4: met")


def test_a_missed_target_says_so():
    rows = [
        Comparison(what="much", unit="/s", ours=[1234], other=[1000], at_least=15),
        Comparison(what="none", unit="/s", ours=[1], other=[8]),
    ]
    assert table(rows).splitlines()[2:] == [
        "| much     | 1,234 /s   | 1,000 /s  | 1.23 x  | 1.23 to 1.23   | 1 | ≥ 15: missed |",
        "| none     | 1 /s       | 8 /s      | 0.125 x | 0.125 to 0.125 | 1 | none         |",
    ]


def test_the_page_names_date_machine_and_every_item():
    text = page.PAGE.read_text(encoding="utf-8")
    results = text.partition(page.BEGIN)[2].partition(page.END)[0]
    machine = r"\d+ cores \(.+\), CPython 3\.\d+\.\d+, \w+ "
    assert re.search(rf"^Measured on \d{{2}} \w+ \d{{4}}: {machine}", results, re.MULTILINE)
    for name, (title, _) in ITEMS.items():
        assert f"### {title}\n" in results
        assert f"**{title}** (`{name}`)" in text


def test_results_replace_the_old_ones_and_nothing_else(tmp_path):
    copy = tmp_path / "benchmarks.md"
    copy.write_text(f"before\n{page.BEGIN}old\n{page.END}after\n", encoding="utf-8")
    rows = {"Memory": [Comparison(what="x", unit="MB", ours=[2], other=[1])]}
    for _ in range(2):
        page.write(page.results(rows, date(2026, 11, 21)), copy)
        text = copy.read_text(encoding="utf-8")
        assert text.startswith("before\n")
        assert text.endswith("after\n")
        assert text.count("Measured on 21 November 2026") == text.count("### Memory") == 1
        assert "old" not in text


def test_a_page_without_a_place_for_results_is_refused(tmp_path):
    copy = tmp_path / "benchmarks.md"
    copy.write_text("nothing here\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"benchmarks\.md has no place for results"):
        page.write("text", copy)
