import pytest
from markdown_it import MarkdownIt

from patchfleet.report import Column, Table, save, to_markdown
from patchfleet.report import tables as lists
from patchfleet.report.wording import cell_text, printable


def read(text):
    """Read Markdown as GitHub does: HTML allowed, tables on; what would be markup is a token."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)


def inline(tokens):
    return [token for token in tokens if token.type == "inline"]


def words(token):
    return "".join(child.content for child in token.children)


def tables(text):
    """Read each table as rows of the texts of its cells."""
    found = []
    for token in (tokens := iter(read(text))):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in {"th_open", "td_open"}:
            found[-1][-1].append(words(next(tokens)).strip())
    return found


def test_every_cell_reads_back(made):
    report = made.report()
    read_back = tables(to_markdown(report))
    assert read_back[0][0] == [figure.title for figure in report.figures]
    for table, rows in zip(report.tables, read_back[1:], strict=True):
        shown = table.summary_columns()
        assert rows[0] == [column.heading for column in shown.columns]
        wanted = [
            [
                cell_text(value, column.kind)
                for value, column in zip(row, shown.columns, strict=True)
            ]
            for row in [*shown.rows, *([shown.total] if shown.total else [])]
        ]
        assert rows[1:] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "a|b",
        "a\\|b",
        "ends\\",
        "<img src=x onerror=alert(1)>",
        "<!-- x",
        "&lt;b&gt; &amp; &#60;",
        "[here](http://x.example)",
        "![x](y)",
        "*bold* _it_ __x__ ~~no~~",
        "`code` ``",
        "$x$",
        "<http://x.example>",
        "# no heading",
        "| --- |",
    ],
)
def test_text_from_outside_stays_text(text):
    table = Table(name="t", title=text, columns=(Column("a", "A"),), rows=[(text,)], note=text)
    tokens = read(to_markdown(table))
    kinds = {child.type for token in inline(tokens) for child in token.children}
    assert kinds <= {"text", "text_special"}
    assert [words(token) for token in inline(tokens)] == [text, text, "A", text]


@pytest.mark.parametrize("text", ["- a", "+ a", "1. a", "12) a", "=== a", "> a", "--- a", "# a"])
def test_a_note_begins_nothing(text):
    table = Table(name="t", title="T", columns=(Column("a", "A"),), rows=[], note=text)
    kinds = {token.type for token in read(to_markdown(table))}
    assert kinds == {"heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close"}
    assert words(inline(read(to_markdown(table)))[1]) == text


def test_a_line_break_does_not_end_a_row():
    table = Table(name="t", title="T", columns=(Column("a", "A"),), rows=[("a\r\nb\n\n# c",)])
    assert tables(to_markdown(table)) == [[["A"], [printable("a\r\nb\n\n# c")]]]


def test_numbers_stand_on_the_right_and_what_is_left_out_is_said(made):
    text = to_markdown(made.report())
    assert "| --- | ---: | ---: |" in text
    assert "The workbook (.xlsx) of this report has further columns of these tables." in text
    assert "- **Age of open patches:** " in text


@pytest.mark.slow
def test_no_row_is_left_out(made, tmp_path):
    table = lists.findings_table([made.finding(number) for number in range(3_000)])
    text = save(table, tmp_path / "t.md").read_text(encoding="utf-8")
    assert text == to_markdown(table)
    assert len(tables(text)[0]) == 3_001


def test_nothing_is_said():
    assert to_markdown(lists.worklist_table([])) == "# Open work by customer\n\nNothing.\n"


def test_a_file_is_a_link():
    table = Table(
        name="t", title="T", columns=(Column("a", "Page", "file"),), rows=[("a b(.html",)]
    )
    assert "| [Page](a%20b%28.html) |" in to_markdown(table)
