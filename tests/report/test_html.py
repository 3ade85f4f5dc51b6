import json
import os
import re
from datetime import timedelta

import pytest
from msgspec.structs import replace
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from patchfleet.report import Column, Table, save, tables
from patchfleet.report.charts.rows import OpenCount, OpenShare
from patchfleet.report.charts.time import open_over_time, time_to_close
from patchfleet.report.formats.html import to_html

pytestmark = pytest.mark.slow

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser(browser_path):
    if browser_path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium: the page must be opened in a real browser under CI")
        pytest.skip("no Chromium here: the page is not opened in a browser")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def path(made, tmp_path_factory):
    return save(made.report(), tmp_path_factory.mktemp("html") / "fleet.html")


@pytest.fixture(scope="module")
def tables_path(made, tmp_path_factory):
    """Tables alone: a page without charts opens much faster."""
    report = replace(made.report(findings=700), charts=())
    return save(report, tmp_path_factory.mktemp("html") / "tables.html")


@pytest.fixture
def open_page(browser):
    """Open a page as a file and remember what it asks for and what it complains of."""
    opened = []

    def open_it(path, **options):
        context = browser.new_context(**options)
        opened.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(path.as_uri())
        charts = page.locator(".chart").count()
        page.wait_for_function(f"document.querySelectorAll('.chart svg').length === {charts}")
        return page

    yield open_it
    for context in opened:
        context.close()


def column(page, table, title):
    """Read the cells under a heading, as far as they are shown."""
    return page.evaluate(
        """([id, title]) => {
            const table = document.querySelector(`#${id} table`);
            const place = [...table.tHead.rows[0].cells].findIndex(c => c.innerText === title);
            const rows = [...table.tBodies[0].rows].filter(row => !row.hidden);
            return rows.map(row => row.cells[place].textContent);
        }""",
        [table, title],
    )


def test_it_opens_from_disk_and_asks_for_nothing(open_page, path):
    page = open_page(path)
    assert page.asked == [path.as_uri()]
    assert page.complaints == []


def test_charts_are_drawn_with_a_bar_for_each_number(open_page, path, made):
    page = open_page(path)
    drawn = page.eval_on_selector_all(
        ".chart", "all => all.map(one => one.querySelectorAll('.mark-rect path').length)"
    )
    wanted = [
        sum(1 for row in chart.table.rows for part in row[1:] if part)
        for chart in made.report().charts
    ]
    assert drawn == wanted


def test_a_bar_tells_its_number_and_a_name_stays_text(open_page, path, made):
    page = open_page(path)
    page.locator("[data-chart=open_by_customer] .mark-rect path").nth(10).hover()
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert made.HOSTILE.split("<")[0] in tooltip.inner_text()
    assert tooltip.locator("img").count() == 0


def test_wherever_the_pointer_is_the_nearest_day_tells_its_numbers(open_page, made, tmp_path):
    days = [made.AS_OF - timedelta(days=number) for number in range(40)]
    rows = [OpenCount(at, name, 7) for at in days for name in ("critical", "low")]
    curve = [OpenShare("critical", 10, 0.5), OpenShare("critical", 20, 0.25)]
    charts = (open_over_time(rows), time_to_close(curve))
    report = replace(made.report(findings=1), charts=charts)
    # West of Greenwich the browser's own day is another one.
    page = open_page(save(report, tmp_path / "t.html"), timezone_id="America/Los_Angeles")
    assert page.complaints == []
    tooltip = page.locator("#vg-tooltip-element.visible")
    place = page.locator("[data-chart=open_over_time] svg").bounding_box()
    page.mouse.move(place["x"] + place["width"] - 8, place["y"] + 30)
    tooltip.wait_for()
    assert tooltip.inner_text().split() == ["Day", "2026-11-20", "critical", "7", "low", "7"]
    place = page.locator("[data-chart=time_to_close] svg").bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + 30)
    page.wait_for_function(
        "document.querySelector('#vg-tooltip-element.visible')?.innerText.includes('50.0%')"
    )
    assert tooltip.inner_text().split() == ["Days", "since", "found", "10", "critical", "50.0%"]


def test_hostile_titles_do_nothing(open_page, path):
    page = open_page(path)
    assert page.evaluate("window.hurt") is None
    assert page.locator("img").count() == 0


def test_the_policy_forbids_what_a_hostile_script_would_do(open_page, path):
    page = open_page(path)
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend',"
        " '<img src=http://127.0.0.1:9/x onerror=\"window.hurt=1\">')"
    )
    page.wait_for_function("document.querySelector('img').complete")
    assert page.evaluate("window.hurt") is None
    assert any("Content Security Policy" in text for text in page.complaints)


def test_numbers_sort_as_numbers_and_nothing_known_comes_last(open_page, tables_path):
    page = open_page(tables_path)
    heading = page.locator("#open_findings th", has_text="Age (days)")
    for order, reverse in (("ascending", False), ("descending", True)):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == order
        ages = column(page, "open_findings", "Age (days)")
        known = [int(age) for age in ages if age]
        assert known == sorted(known, reverse=reverse)
        assert ages[: len(known)] == [str(age) for age in known]


def test_severities_sort_by_rank_with_the_keyboard(open_page, tables_path):
    page = open_page(tables_path)
    page.locator("#open_findings th", has_text="Severity").locator("button").focus()
    page.keyboard.press("Enter")
    severities = list(dict.fromkeys(column(page, "open_findings", "Severity")))
    assert severities == ["critical", "important", "moderate", "low", "unspecified"]


def test_sorting_by_another_column_takes_the_arrow_along(open_page, tables_path):
    page = open_page(tables_path)
    for title in ("Customer", "Failed"):
        page.locator("#worklist th", has_text=title).locator("button").click()
    assert page.locator("#worklist th[aria-sort]").count() == 1
    assert column(page, "worklist", "Failed") == ["3", "6", "9", "12", "15"]


def test_a_filter_takes_words_and_hides_a_total_that_is_none(open_page, tables_path):
    page = open_page(tables_path)
    table = page.locator("#worklist")
    assert table.locator("tfoot").is_visible()
    table.locator("input").fill("nord  LOGISTIK")
    assert column(page, "worklist", "Customer") == ["Nord Logistik"]
    assert table.locator("output").inner_text() == "1 of 5 rows"
    assert not table.locator("tfoot").is_visible()
    table.locator("input").fill("")
    assert len(column(page, "worklist", "Customer")) == 5
    assert table.locator("tfoot").is_visible()


def test_a_long_table_says_how_much_of_it_is_shown(made):
    page = to_html(made.report(findings=25), rows_a_table=20)
    assert "Shows the first 20 of 25 rows, and filters and sorts these." in page
    assert page.count("Shows the first") == 1
    assert "<span>25</span>" in page
    body = page.split('id="open_findings"')[1].split("<tbody>")[1].split("</tbody>")[0]
    assert body.count("<tr>") == 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_by_day_and_in_the_dark(open_page, path, scheme):
    page = open_page(path, color_scheme=scheme)
    pairs = page.evaluate(
        """() => ['.as-of', 'figcaption', 'td', 'th', 'td .failed', 'td .reboot_required',
                  'td .unknown', 'td .flag.work', 'nav a', 'output', 'summary', '.maker',
                  '.chart text'].map(name => {
            const one = document.querySelector(name), style = getComputedStyle(one);
            let ground = one;
            while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)')
                ground = ground.parentElement;
            const ink = one.tagName === 'text' ? style.fill : style.color;
            return [name, ink, getComputedStyle(ground).backgroundColor];
        })"""
    )
    assert {name: ratio for name, *pair in pairs if (ratio := contrast(*pair)) < 4.5} == {}
    assert (luminance(pairs[2][2]) < 0.1) == (scheme == "dark")


def test_a_telephone_scrolls_tables_inside_their_box(open_page, tables_path):
    page = open_page(tables_path, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.locator("#open_findings .scroll")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")


def test_paper_gets_the_first_rows_of_what_is_filtered(open_page, tables_path):
    page = open_page(tables_path)
    page.locator("#open_findings input").fill("update")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    rows = page.locator("#open_findings tbody tr:visible")
    assert rows.count() == 200
    assert "Update" in rows.nth(199).inner_text()
    note = page.locator("#open_findings .paper").inner_text()
    assert note == "On paper: the first 200 of 351 rows."
    assert not page.locator("#open_findings .tools").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert rows.count() == 351


def test_each_sheet_of_paper_repeats_the_headings(open_page, tables_path, tmp_path):
    page = open_page(tables_path, color_scheme="dark")
    paper = tmp_path / "paper.pdf"
    page.pdf(path=paper, prefer_css_page_size=True, print_background=True)
    sheets = [sheet.extract_text(extraction_mode="layout") for sheet in PdfReader(paper).pages]
    of_findings = [sheet for sheet in sheets if len(re.findall(r"\b(WS|SRV)-\d", sheet)) > 5]
    assert len(of_findings) > 5
    assert all(re.search("Customer +Site +(Device|Kind)", sheet) for sheet in of_findings)
    assert not any("Filter" in sheet for sheet in sheets)


def test_without_scripts_everything_is_there_to_read(browser, path):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        assert page.locator("#worklist tbody tr").count() == 5
        assert not page.locator("#worklist .tools").is_visible()
        assert "most of them at Acme Ltd: 200" in page.locator("figcaption").first.inner_text()


def test_it_can_be_read_aloud(open_page, path):
    page = open_page(path)
    assert page.locator("table caption").count() == page.locator("table").count()
    assert page.locator("thead th:not([scope=col])").count() == 0
    labels = page.eval_on_selector_all(".chart", "all => all.map(c => c.ariaLabel)")
    assert all("." in label for label in labels)
    boxes = page.locator(".scroll:not([tabindex='0'])")
    assert boxes.count() == 0
    assert page.locator("html[lang=en]").count() == 1


def test_one_table_is_a_page_without_the_chart_library(made):
    page = to_html(tables.worklist_table([made.work(0)]))
    assert len(page) < 30_000
    assert "As of" not in page
    assert "Acme Ltd" in page


def test_an_empty_table_says_nothing():
    page = to_html(Table(name="t", title="T", columns=(Column("a", "A"),), rows=[]))
    assert '<p class="nothing">Nothing.</p>' in page


def test_the_data_of_charts_cannot_end_its_script(made):
    page = to_html(made.report())
    data = re.search(r'<script type="application/json" id="specs">(.*?)</script>', page)
    specs = json.loads(data.group(1))
    labels = specs["open_by_customer"]["encoding"]["y"]["scale"]["domain"]
    assert labels == list(made.CUSTOMERS)
    assert "<" not in data.group(1)


def test_nothing_in_a_page_points_outside(made):
    page = to_html(made.report())
    library = re.compile(r"<script>\(\(\) => \{.*?\}\)\(\);</script>", re.DOTALL)
    without_library = library.sub("", page)
    assert len(without_library) < 200_000
    comments = re.compile(r"^ *// .*$", re.MULTILINE)
    assert "//" not in comments.sub("", without_library)
    assert "default-src 'none'" in page


def luminance(colour):
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink, ground):
    """Compute the ratio of WCAG 2.2, 1.4.3."""
    low, high = sorted((luminance(ink), luminance(ground)))
    return (high + 0.05) / (low + 0.05)
