import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.console import Console

from patchfleet.report import Column, Report, Table, tables, to_csv, to_json, write_text

SNAPSHOTS = Path(__file__).with_name("snapshots")


def as_text(what, **options):
    console = Console(file=io.StringIO(), **options)
    write_text(what, console)
    return console.file.getvalue()


def test_a_worklist_as_people_read_it(made):
    table = tables.worklist_table([made.work(0), made.work(2)])
    assert as_text(table) == (SNAPSHOTS / "worklist.txt").read_text(encoding="utf-8")


def test_a_report_as_people_read_it(made):
    report = replace(made.report(), tables=(made.report().table("worklist"),))
    text = as_text(report)
    assert text.startswith("Patch state of the fleet, as of 2026-11-20 06:30 UTC\n")
    assert "Waiting for reboot       15" in text
    assert text.rstrip().endswith(f"* Not covered: {made.HOSTILE}")


def test_what_is_not_a_terminal_gets_every_character(made):
    row = made.finding(5)
    text = as_text(tables.findings_table([row]), width=40)
    assert row.patch in text
    assert "…" not in text


def test_a_narrow_terminal_folds_and_loses_nothing(made):
    table = Table(name="t", title="T", columns=(Column("a", "A"),), rows=[("x" * 100,)])
    text = as_text(table, width=30, force_terminal=True, no_color=True)
    assert text.count("x") == 100


def test_titles_cannot_steer_the_terminal():
    table = Table(
        name="t", title="T\x1b[2J", columns=(Column("a", "A"),), rows=[("\x1b]0;owned\x07[red]x",)]
    )
    text = as_text(table, force_terminal=True, no_color=True, width=80)
    assert "\x1b[2J" not in text
    assert "\x1b]0" not in text
    assert "[red]x" in text


@pytest.mark.parametrize("is_terminal", [True, False])
def test_brackets_and_colons_are_no_markup(is_terminal):
    title = "[red]x[/red] :bug: [link=file:///x]y"
    table = Table(name="t", title=title, columns=(Column("a", "A"),), rows=[(title,)], note=title)
    text = as_text(table, force_terminal=is_terminal, no_color=True, width=80)
    assert text.count(title) == 3


def test_an_empty_table_says_so():
    assert as_text(Table(name="t", title="T", columns=(Column("a", "A"),), rows=[])) == (
        "T\nnothing\n"
    )


def test_json_is_exact_and_stable(made):
    report = made.report()
    content = json.loads(to_json(report))
    assert to_json(made.report()) == to_json(report)
    assert list(content) == ["report", "title", "as_of", "coverage", "notes", "figures", "tables"]
    assert content["as_of"] == "2026-11-20T06:30:00Z"
    assert content["figures"]["overdue_critical"] == 255
    assert list(content["tables"]) == [table.name for table in report.tables]
    first = content["tables"]["open_findings"][2]
    assert first["patch"] == "Mozilla Firefox 145.0.1"
    assert first["is_removable"] is None
    assert first["first_seen_at"] == "2026-11-17T06:30:00Z"
    assert content["tables"]["worklist"][2]["customer"] == made.HOSTILE
    assert content["tables"]["devices"][0]["mac_addresses"] == [
        "00:15:5d:00:00:01",
        "00:15:5d:00:00:02",
    ]
    assert len(content["tables"]["worklist"]) == 5  # the total is no row


def test_json_of_one_table(made):
    content = json.loads(to_json(tables.worklist_table([made.work(0)])))
    assert list(content) == ["table", "title", "note", "rows"]
    assert content["rows"][0]["failed"] == 15


def test_csv_reads_back_as_the_table(made):
    table = made.report().table("open_findings")
    heading, *rows = csv.reader(io.StringIO(to_csv(table), newline=""))
    assert heading == [column.key for column in table.columns]
    assert len(rows) == len(table.rows) == 60
    place = heading.index("patch")
    assert [row[place].removeprefix("'") for row in rows] == [row[place] for row in table.rows]
    assert rows[1][heading.index("released_at")] == "2026-11-19T06:30:00Z"
    assert rows[1][heading.index("is_own_decision")] == "false"
    assert rows[1][heading.index("is_removable")] == ""


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_csv_disarms_formulas(text):
    columns = (Column("a", "A"), Column("n", "N", "integer"), Column("l", "L", "list"))
    table = Table(name="t", title="T", columns=columns, rows=[(text, -5, (text, "b"))])
    _, row = csv.reader(io.StringIO(to_csv(table), newline=""))
    assert row == [f"'{text}", "-5", f"'{text}; b"]


SIGNS = "=+-@＝＋－＠"  # noqa: RUF001
UNSEEN = ["", " ", "  ", "\u00a0", "\ufeff", "\u200b", "\u2060", "'", '"', "\x00", "\x1f", "\u3000"]
BREAKS = [";", "\t", "\r", "\n", "\r\n", "; ", "\v", "\u2028", "\x85"]


@given(
    before=st.text(max_size=4),
    parts=st.lists(
        st.tuples(
            st.sampled_from(BREAKS),
            st.lists(st.sampled_from(UNSEEN), max_size=3).map("".join),
            st.sampled_from(SIGNS),
            st.text(max_size=4),
        ),
        max_size=3,
    ),
    is_first=st.booleans(),
)
def test_no_reader_of_a_csv_finds_a_formula(before, parts, is_first):
    text = before + "".join("".join(part) for part in parts)
    text = text.lstrip(";") if is_first else text
    table = Table(name="t", title="T", columns=(Column("a", "A"),), rows=[(text,), ((text, text),)])
    spelled = to_csv(table)
    rows = list(csv.reader(io.StringIO(spelled, newline="")))[1:]
    for (cell,) in rows:
        if cell[:1] == "'" and cell[1:].lstrip(
            "".join([*UNSEEN, *BREAKS[1:5], *BREAKS[6:]])
        ).startswith(tuple(SIGNS)):
            continue  # what cannot be seen at the start is one with its mark, and quoted
        for piece in re.split("[;\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]", cell):
            seen = piece.lstrip("\x00\x1f\u3000\u00a0\ufeff\u200b\u2060 ")
            assert not seen.startswith(tuple(SIGNS)), cell
    # Whoever splits at something else keeps the quotes, and with them one cell.
    for separator in ";\t":
        for row in list(csv.reader(io.StringIO(spelled, newline=""), delimiter=separator))[1:]:
            assert not any(cell.startswith(tuple(SIGNS)) for cell in row)
    assert rows[0][0].replace("'", "") == text.replace("'", "")


def test_a_break_behind_what_cannot_be_seen_is_marked_too():
    table = Table(name="t", title="T", columns=(Column("a", "A"),), rows=[("\x1e\t=1",)])
    assert to_csv(table).endswith("\"'\x1e\t'=1\"\r\n")


def test_csv_leaves_other_text_alone():
    names = ["'s-Hertogenbosch", 'a "b", c', "Öl", ""]
    table = Table(name="t", title="T", columns=(Column("a", "A"),), rows=[(n,) for n in names])
    _, *rows = csv.reader(io.StringIO(to_csv(table), newline=""))
    assert [row[0] if row else "" for row in rows] == names


def test_a_report_without_figures_and_tables(made):
    report = Report(name="r", title="R", coverage=made.COVERAGE, tables=())
    assert as_text(report).splitlines()[0] == "R, as of 2026-11-20 06:30 UTC"
    assert json.loads(to_json(report))["tables"] == {}
