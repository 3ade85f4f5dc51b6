from datetime import UTC, datetime

import openpyxl
import pytest

from patchfleet.report import Column, Table, save, tables
from patchfleet.report.formats.xlsx import sheet_name, write_xlsx
from patchfleet.report.wording import cell_text

NUMBERS = {"integer", "number", "percent"}


@pytest.fixture(scope="module")
def report(made):
    return made.report()


@pytest.fixture(scope="module")
def book(report, tmp_path_factory):
    path = save(report, tmp_path_factory.mktemp("xlsx") / "fleet.xlsx")
    return openpyxl.load_workbook(path)


def expected(value, column):
    if value is None:
        return None
    if column.kind in {"date", "moment"}:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value if column.kind in NUMBERS else cell_text(value, column.kind)


def close_to(cell):
    """A sheet keeps a time as a fraction of a day, and openpyxl rounds it to a millisecond."""
    return cell.replace(microsecond=0) if isinstance(cell, datetime) else cell


def test_the_sheets(book):
    assert book.sheetnames == [
        "Summary",
        "Worklist",
        "Posture",
        "Work items",
        "Open findings",
        "Devices",
        "Top patches",
        "Chart data",
    ]


@pytest.mark.parametrize(
    ("sheet", "name"),
    [
        ("Worklist", "worklist"),
        ("Posture", "posture"),
        ("Work items", "work_items"),
        ("Open findings", "open_findings"),
        ("Devices", "devices"),
        ("Top patches", "top_patches"),
    ],
)
def test_every_cell_reads_back(book, report, sheet, name):
    table = report.table(name)
    rows = book[sheet].iter_rows(values_only=True)
    assert next(rows) == tuple(column.heading for column in table.columns)
    wanted = [
        tuple(expected(value, column) for value, column in zip(row, table.columns, strict=True))
        for row in [*table.rows, *([table.total] if table.total else [])]
    ]
    assert [tuple(close_to(cell) for cell in row) for row in rows] == wanted


def test_text_from_outside_stays_text(book, made):
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    hostile = [cell for cell in cells if str(cell.value).startswith(made.HOSTILE)]
    assert len(hostile) > 20
    assert {cell.data_type for cell in hostile} <= {"s", "inlineStr"}
    assert not [cell for cell in cells if cell.data_type == "f"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "http://x.example", "12", "{=1}", " "])
def test_text_is_never_more_than_text(tmp_path, text):
    table = Table(name="t", title="T", columns=(Column("a", "A"),), rows=[(text,)])
    cell = openpyxl.load_workbook(save(table, tmp_path / "t.xlsx"))["T"]["A2"]
    assert (cell.value, cell.hyperlink) == (text, None)
    assert cell.data_type in {"s", "inlineStr"}


def test_sheets_are_made_to_be_worked_with(book, report):
    sheet = book["Open findings"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:AC61"
    formats = {cell.value: sheet.cell(3, cell.column).number_format for cell in sheet[1]}
    assert formats["Released"] == "yyyy-mm-dd"
    assert formats["First seen (UTC)"] == "yyyy-mm-dd hh:mm"
    assert formats["Age (days)"] == "#,##0"
    assert book["Posture"]["C2"].number_format == "[=1]0%;0.0%"
    rules = {rule.formula[0] for ranged in sheet.conditional_formatting for rule in ranged.rules}
    assert {'"critical"', '"failed"', '"reboot required"'} <= rules


def test_numbers_that_are_work_stand_on_a_scale_from_none(book, report):
    table, sheet = report.table("worklist"), book["Worklist"]
    scales = {
        str(ranged.sqref): rule.colorScale
        for ranged in sheet.conditional_formatting
        for rule in ranged.rules
        if rule.type == "colorScale"
    }
    letters = [
        openpyxl.utils.get_column_letter(place)
        for place, column in enumerate(table.columns, start=1)
        if column.is_actionable
    ]
    assert len(letters) == 5
    assert set(scales) == {f"{letter}2:{letter}{len(table.rows) + 1}" for letter in letters}
    least, most = scales[f"{letters[0]}2:{letters[0]}6"].cfvo
    assert (least.type, least.val, most.type) == ("num", 0, "max")


def test_the_summary_says_what_the_report_says(book, report):
    texts = [cell.value for row in book["Summary"].iter_rows() for cell in row if cell.value]
    assert texts[:2] == [report.title, "As of 2026-11-20 06:30 UTC"]
    assert {figure.title for figure in report.figures} <= set(texts)
    assert set(report.notes) <= set(texts)
    assert "Open patches on devices: 60 rows. Worst first: by severity, then by age." in texts


def test_charts_are_the_spreadsheets_own_and_point_at_their_numbers(book, report):
    drawn = book["Summary"]._charts
    assert len(drawn) == len(report.charts) == 4
    data = book["Chart data"]
    for chart, ours in zip(drawn, report.charts, strict=True):
        assert len(chart.series) == 5
        for place, series in enumerate(chart.series, start=1):
            cells = data[series.val.numRef.f.split("!")[1].replace("$", "")]
            values = [row[0].value for row in cells]
            assert values == [row[place] for row in ours.table.rows]
            labels = (
                data[series.cat.strRef.f.split("!")[1].replace("$", "")]
                if (series.cat.strRef)
                else data[series.cat.numRef.f.split("!")[1].replace("$", "")]
            )
            assert [row[0].value for row in labels] == [row[0] for row in ours.table.rows]


def test_the_properties_name_the_moment_of_the_facts(book, report, made):
    assert book.properties.title == report.title
    assert book.properties.created == made.AS_OF.replace(tzinfo=None)


def test_a_long_table_goes_on_in_the_next_sheet(tmp_path, made):
    report = made.report(findings=25)
    path = tmp_path / "long.xlsx"
    write_xlsx(report, path, rows_a_sheet=10)
    book = openpyxl.load_workbook(path)
    parts = ["Open findings", "Open findings (2)", "Open findings (3)"]
    assert [book[part].max_row - 1 for part in parts] == [10, 10, 5]
    place = [cell.value for cell in book["Open findings"][1]].index("Finding id")
    ids = [row[place] for part in parts for row in book[part].iter_rows(2, values_only=True)]
    assert ids == [str(number) for number in range(25)]
    texts = [cell.value for row in book["Summary"].iter_rows() for cell in row if cell.value]
    assert any("10 rows of 25; a sheet holds no more" in str(text) for text in texts)


def test_a_total_stands_once_under_the_last_part(tmp_path, made):
    table = tables.worklist_table([made.work(customer) for customer in range(5)])
    path = tmp_path / "t.xlsx"
    write_xlsx(table, path, rows_a_sheet=3)
    book = openpyxl.load_workbook(path)
    assert [sheet["A" + str(sheet.max_row)].value for sheet in book] == [made.HOSTILE, "Total"]


def test_an_empty_table_is_a_sheet_with_headings(tmp_path):
    book = openpyxl.load_workbook(save(tables.worklist_table([]), tmp_path / "t.xlsx"))
    assert [cell.value for cell in book["Worklist"][1]][:2] == ["Customer", "Devices"]


def test_what_a_cell_cannot_hold_ends_in_a_mark(tmp_path):
    columns = (Column("a", "A"), Column("b", "B", "moment"))
    old = datetime(1601, 1, 1, tzinfo=UTC)
    table = Table(name="t", title="T", columns=columns, rows=[("\N{GRINNING FACE}" * 40_000, old)])
    sheet = openpyxl.load_workbook(save(table, tmp_path / "t.xlsx"))["T"]
    assert sheet["A2"].value.endswith("… (cut, 40,000 characters)")
    assert sheet["B2"].value == "1601-01-01T00:00:00+00:00"


def test_control_characters_do_not_break_the_workbook(tmp_path):
    rows = [("a\x00\x0b\x1fb",), ("\uffff",), ("\n",)]
    table = Table(name="t", title="T", columns=(Column("a", "A"),), rows=rows)
    sheet = openpyxl.load_workbook(save(table, tmp_path / "t.xlsx"))["T"]
    assert sheet["A2"].value == "a\ufffd\ufffd\ufffdb"


def test_sheet_names_are_legal_and_different():
    taken = {"history"}
    names = [
        sheet_name(name, 1, taken)
        for name in ("a[b]:*?/\\'", "x" * 40, "X" * 40, "history", "", "''", "open_findings")
    ]
    assert len({name.lower() for name in names}) == len(names)
    assert all(0 < len(name) <= 31 and not set("[]:*?/\\") & set(name) for name in names)
    assert names[1:4] == ["X" + "x" * 30, "X" + "x" * 26 + " (2)", "History (2)"]
    assert names[-1] == "Open findings"
