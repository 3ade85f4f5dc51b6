"""Tables of lazy rows: a format reads what it shows, and gets all of it or an error."""

import csv
import io

import openpyxl
import pytest
from msgspec import Struct

from patchfleet.errors import StoreError
from patchfleet.report import Column, save, tabulate, to_csv
from patchfleet.report.formats.html import to_html
from patchfleet.report.formats.xlsx import write_xlsx
from patchfleet.store.queries import LazyRows


class Row(Struct):
    a: int
    b: str = "x"


class Source:
    """A list that remembers how many rows were asked for, and can have moved meanwhile."""

    def __init__(self, count):
        self.count = count
        self.asked = []

    def read(self, limit):
        self.asked.append(limit)
        return (Row(number) for number in range(min(self.count, limit or self.count)))


COLUMNS = (Column("a", "A", "integer"), Column("b", "B"))


def later(source, count=None):
    return tabulate("t", "T", COLUMNS, LazyRows(source.read, count or source.count))


def test_a_page_asks_for_what_it_shows():
    source = Source(10_000_000)
    page = to_html(later(source))
    assert source.asked == [2_000]
    assert "Shows the first 2,000 of 10,000,000 rows, and filters and sorts these. " in page
    assert "The workbook (.xlsx) and the CSV (.csv) have them all." in page


def test_a_csv_and_a_workbook_have_every_row(tmp_path):
    source = Source(25)
    wanted = [["a", "b"], *([str(number), "x"] for number in range(25))]
    assert list(csv.reader(io.StringIO(to_csv(later(source))))) == wanted
    write_xlsx(later(source), tmp_path / "t.xlsx", rows_a_sheet=10)
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    read = [row for sheet in book for row in sheet.iter_rows(2, values_only=True)]
    assert read == [(number, "x") for number in range(25)]


@pytest.mark.parametrize("ending", [".json", ".md", ".parquet", ".xlsx", ".html"])
def test_every_format_reads_them(tmp_path, ending):
    assert save(later(Source(5)), tmp_path / f"t{ending}").stat().st_size > 0


@pytest.mark.parametrize("count", [24, 26])
def test_rows_that_moved_are_an_error(count, tmp_path):
    table = later(Source(25), count)
    with pytest.raises(StoreError, match=f"{count} rows were counted"):
        to_csv(table)
    with pytest.raises(StoreError):
        save(table, tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []
