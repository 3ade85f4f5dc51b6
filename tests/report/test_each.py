import json
import re
from unicodedata import normalize

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from patchfleet.errors import ConfigError
from patchfleet.report import Metric, save_per_customer
from patchfleet.report.per_customer import file_stems

NAMES = ("Acme Ltd", "ACME LTD", "a/b", "a?b", "index", "con", "..", "Bäckerei Öhl", "=1 </td>|")


@pytest.fixture
def report(made):
    """Make a small report in which so many patches are overdue."""

    def make(overdue, failed=0):
        whole = made.report(findings=3)
        figures = (
            Metric(name="devices", title="Devices", value=4),
            Metric(name="installed_share", title="Installed", value=0.5, kind="percent"),
            Metric(name="failed", title="Failed", value=failed, is_actionable=True),
            Metric(name="overdue_critical", title="Overdue", value=overdue, is_actionable=True),
        )
        return replace(whole, figures=figures, charts=(), tables=whole.tables[:1])

    return make


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_each_customer_has_a_file_of_each_kind_and_the_worst_comes_first(tmp_path, made, report):
    reports = [(name, replace(report(place), title=name)) for place, name in enumerate(NAMES)]
    saved = save_per_customer(
        reports, tmp_path / "new" / "here", [".html", ".json"], coverage=made.COVERAGE
    )
    assert [customer for customer, _ in saved.customers] == list(reversed(NAMES))
    written = [path for _, paths in saved.customers for path in paths]
    assert sorted(path.name for path in (*written, *saved.overview)) == names(
        tmp_path / "new" / "here"
    )
    for customer, (_, data) in saved.customers:
        assert json.loads(data.read_text())["title"] == customer


def test_the_order_asks_one_figure_after_the_other(tmp_path, made, report):
    unknown = replace(report(0), figures=(replace(report(0).figures[3], value=None),))
    reports = [("b", report(1)), ("a", report(1)), ("c", report(1, 5)), ("d", unknown)]
    saved = save_per_customer(reports, tmp_path, [".json"], coverage=made.COVERAGE)
    assert [customer for customer, _ in saved.customers] == ["d", "c", "a", "b"]
    saved = save_per_customer(reports, tmp_path, [".json"], worst_by=(), coverage=made.COVERAGE)
    assert [customer for customer, _ in saved.customers] == ["a", "b", "c", "d"]


def test_the_overview_tells_the_figures_and_links_each_file(tmp_path, made, report):
    reports = [(name, report(place)) for place, name in enumerate(NAMES)]
    save_per_customer(reports, tmp_path, [".html", ".xlsx", ".md"], coverage=made.COVERAGE)
    rows = list(openpyxl.load_workbook(tmp_path / "index.xlsx")["Customers"].iter_rows())
    heading = [cell.value for cell in rows[0]]
    assert heading == [
        "Customer",
        "Page",
        "Workbook",
        "Markdown",
        "Devices",
        "Installed",
        "Failed",
        "Overdue",
    ]
    assert [row[7].value for row in rows[1:]] == [*reversed(range(9)), sum(range(9))]
    assert [rows[-1][place].value for place in (0, 4, 5)] == ["Total", 36, None]
    for row in rows[1:-1]:
        assert (tmp_path / row[2].value).is_file()
        assert row[2].hyperlink.target.replace("%20", " ") == row[2].value
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert len(re.findall(r'<a href="[^"/:]+\.html">Page</a>', page)) == len(NAMES)
    assert "</td>|" not in page
    assert (tmp_path / "index.md").read_text(encoding="utf-8").count("[Workbook](") == len(NAMES)


def test_what_is_not_covered_anywhere_is_said_once(tmp_path, made, report):
    reports = [
        ("a", replace(report(1), remarks=("Everywhere.",))),
        ("b", replace(report(2), remarks=("Everywhere.", "Only at b."))),
    ]
    save_per_customer(reports, tmp_path, [".json"], coverage=made.COVERAGE)
    notes = json.loads((tmp_path / "index.json").read_text())["notes"]
    assert notes == [*report(1).notes, "Everywhere.", "Worst first."]


def test_a_failure_leaves_everything_as_it_was(tmp_path, made, report):
    save_per_customer([("a", report(1))], tmp_path, [".json"], coverage=made.COVERAGE)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def breaking():
        yield "a", report(7)
        raise ConfigError("the second cannot be made")

    with pytest.raises(ConfigError, match="second"):
        save_per_customer(breaking(), tmp_path, [".json"], coverage=made.COVERAGE)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_in_the_place_of_a_file_stops_all_of_it(tmp_path, made, report):
    (tmp_path / "b.json").mkdir()
    with pytest.raises(ConfigError, match="it is a folder"):
        save_per_customer(
            [("a", report(1)), ("b", report(2))], tmp_path, [".json"], coverage=made.COVERAGE
        )
    assert names(tmp_path) == ["b.json"]


@pytest.mark.parametrize(
    ("suffixes", "message"), [([".pdf"], "cannot tell the format"), ([".csv"], "holds one table")]
)
def test_a_format_that_cannot_be_is_refused(tmp_path, made, suffixes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        save_per_customer(
            [("a", made.report(findings=1))], tmp_path, suffixes, coverage=made.COVERAGE
        )
    assert caught.value.hint
    assert names(tmp_path) == []


def test_no_customer_is_an_overview_of_none(tmp_path, made):
    save_per_customer([], tmp_path, [".html", ".xlsx", ".md", ".json"], coverage=made.COVERAGE)
    assert len(names(tmp_path)) == 4
    assert json.loads((tmp_path / "index.json").read_text())["tables"] == {"customers": []}


def test_a_file_is_no_folder(tmp_path, made, report):
    (tmp_path / "x").write_text("")
    with pytest.raises(ConfigError, match="it is a file"):
        save_per_customer([("a", report(1))], tmp_path / "x", [".html"], coverage=made.COVERAGE)


def test_a_customer_keeps_its_file_whatever_the_order():
    there, back = file_stems(NAMES), file_stems(NAMES[::-1])
    assert there == back[::-1]
    assert there[7] == "Bäckerei Öhl"
    assert there[5] == "_con"


def test_equal_names_are_two_files():
    assert len(set(file_stems(["a", "a", "A", "a "]))) == 4


@given(st.lists(st.text(max_size=60), max_size=12))
@example(["e\u0301", "\u00e9", "x" * 500, "x" * 501, "ß", "SS", "a" * 119 + "é", "\ud800"])
@example(["COM1.txt", "com1 .x", "-rf", "~", ".hidden", "a.", "a ", "%41", "A"])
def test_stems_are_legal_and_no_two_alike(texts):
    stems = file_stems(texts)
    assert len({normalize("NFKC", normalize("NFKC", s).casefold()) for s in stems}) == len(texts)
    for stem in stems:
        assert 0 < len(f"{stem}.parquet".encode()) <= 200
        assert not re.search(r'[<>:"/\\|?*#%\x00-\x1f]', stem)
        assert stem[0] not in " .-~"
        assert stem[-1] not in " ."
        assert stem.casefold().split(".")[0] not in {"con", "prn", "aux", "nul", "com1", "index"}


@pytest.mark.parametrize("device", ["con", "NUL", "CONIN$", "conout$", "COM1", "com¹", "LPT³"])
@pytest.mark.parametrize("rest", ["", ".txt", " ", "  .a"])
def test_a_name_that_windows_keeps_for_a_device_is_no_file(device, rest):
    (stem,) = file_stems([device + rest])
    assert stem.startswith("_")
