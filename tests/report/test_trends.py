from datetime import timedelta

import openpyxl
import pytest
from msgspec.structs import replace

from patchfleet.report import save
from patchfleet.report.charts import state
from patchfleet.report.charts.rows import OpenCount, OpenShare, OverdueCount
from patchfleet.report.charts.time import open_over_time, time_to_close
from patchfleet.store.queries.rows import AgeRow


@pytest.fixture(scope="module")
def over_time(made):
    days = [made.AS_OF - timedelta(days=days) for days in (9, 5, 1, 0)]
    rows = [OpenCount(at, "critical", 10 - place) for place, at in enumerate(days)]
    rows += [OpenCount(days[1], "low", 3)]
    return open_over_time(reversed(rows))


@pytest.fixture(scope="module")
def closing():
    return time_to_close(
        [
            OpenShare("critical", 2, 0.5),
            OpenShare("critical", 5, 0.25),
            OpenShare("all", 3, 0.8),
            OpenShare("all", 9, 0.6),
        ]
    )


def test_days_stand_in_order_and_a_severity_that_never_was_is_no_line(over_time, made):
    assert [column.key for column in over_time.table.columns] == ["as_of", "critical", "low"]
    assert [row[1:] for row in over_time.table.rows] == [(10, 0), (9, 3), (8, 0), (7, 0)]
    assert [row[0] for row in over_time.table.rows][-1] == made.AS_OF
    assert over_time.summary == "From 10 open patches on 2026-11-11 to 7 on 2026-11-20."


def test_a_share_holds_until_the_next_and_a_line_ends_where_it_ends(closing):
    assert closing.table.rows == [
        (0, 1.0, 1.0),
        (2, 1.0, 0.5),
        (3, 0.8, 0.5),
        (5, 0.8, 0.25),
        (9, 0.6, None),
    ]
    assert closing.summary == (
        "Of all patches 40.0% are closed after 9 days. "
        "Half of critical patches are closed after 2 days."
    )


def test_nothing_measured_is_said():
    assert open_over_time([]).summary == "Nothing has been measured yet."
    assert time_to_close([]).summary == "No patch has been followed yet."
    assert state.overdue_by_customer([]).summary == "Nothing is overdue."


def test_two_customers_of_one_name_are_two_bars():
    rows = [
        OverdueCount("nsight", "1", "Acme", "low", 50),
        OverdueCount("nsight", "2", "Acme", "critical", 2),
        OverdueCount("nsight", "2", "Acme", "low", 1),
        OverdueCount("nsight", "3", "Done", "low", 0),
    ]
    chart = state.overdue_by_customer(rows)
    assert chart.table.rows == [("Acme", 2, 0, 0, 1, 0), ("Acme (2)", 0, 0, 0, 50, 0)]
    assert chart.summary == "53 patches are overdue at 2 customers, most of them at Acme: 50."


def test_many_customers_are_cut_and_the_title_says_so():
    rows = [OverdueCount("nsight", str(n), f"C{n:02}", "critical", n + 1) for n in range(30)]
    chart = state.overdue_by_customer(rows)
    assert len(chart.table.rows) == state.MOST_BARS
    assert chart.title.endswith("(the worst 20 of 30 customers)")
    assert chart.table.rows[0] == ("C29", 30, 0, 0, 0, 0)


def test_ages_say_from_when_they_are_counted():
    chart = state.age_of_open_patches([AgeRow("31-60", "low", 1)], since="first seen")
    assert chart.table.columns[0].title == "Days since first seen"
    assert chart.summary == "1 of 1 open patch is more than 30 days old, counted from first seen."


def test_a_workbook_draws_lines_over_days_and_steps(tmp_path, made, over_time, closing):
    report = replace(made.report(findings=1), charts=(over_time, closing))
    book = openpyxl.load_workbook(save(report, tmp_path / "t.xlsx"))
    lines, steps = book["Summary"]._charts
    assert (lines.tagname, steps.tagname) == ("lineChart", "scatterChart")
    data = book["Chart data"]

    def cells(reference):
        return [row[0].value for row in data[reference.f.split("!")[1].replace("$", "")]]

    assert [cells(one.val.numRef) for one in lines.series] == [[10, 9, 8, 7], [0, 3, 0, 0]]
    days = cells(lines.series[0].cat.numRef)
    assert [day.date() for day in days] == [row[0].date() for row in over_time.table.rows]
    assert cells(steps.series[1].xVal.numRef) == [0, 2, 2, 3, 3, 5, 5, 9, 9]
    critical = [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, None, None]
    assert cells(steps.series[1].yVal.numRef) == critical
    assert cells(steps.series[0].yVal.numRef) == [1, 1, 1, 1, 0.8, 0.8, 0.8, 0.8, 0.6]
